//! Offloads of an interface, over the ethtool ioctl.
//!
//! A veth passes on packets whose checksum is still to be computed and whose
//! VLAN tag is beside the data; hardware does neither, and an XDP program that
//! rewrites packets needs both to be in the bytes.

use std::io;
use std::mem;
use std::net::UdpSocket;
use std::os::fd::AsRawFd;

use super::namespace::Namespace;
use super::syscall::check;
use crate::error::Result;

/// linux/ethtool.h
const ETHTOOL_STXCSUM: u32 = 0x17;
const ETHTOOL_GFLAGS: u32 = 0x25;
const ETHTOOL_SFLAGS: u32 = 0x26;
const ETH_FLAG_TXVLAN: u32 = 1 << 7;

/// `struct ethtool_value`.
#[repr(C)]
struct Value {
    command: u32,
    data: u32,
}

/// Puts checksums and VLAN tags of what `interfaces` send into the bytes.
pub(crate) fn write_all_into_packets(namespace: &Namespace, interfaces: &[&str]) -> Result<()> {
    namespace.attempt("switching transmit offloads off", || {
        let socket = UdpSocket::bind("127.0.0.1:0").or_else(|_| UdpSocket::bind("0.0.0.0:0"))?;
        for name in interfaces {
            ethtool(&socket, name, ETHTOOL_STXCSUM, 0)?;
            let flags = ethtool(&socket, name, ETHTOOL_GFLAGS, 0)?;
            ethtool(&socket, name, ETHTOOL_SFLAGS, flags & !ETH_FLAG_TXVLAN)?;
        }
        Ok(())
    })
}

fn ethtool(socket: &UdpSocket, name: &str, command: u32, data: u32) -> io::Result<u32> {
    let mut value = Value { command, data };
    // SAFETY: `ifreq` is plain data, for which all zeros is a valid value.
    let mut request: libc::ifreq = unsafe { mem::zeroed() };
    if name.len() >= request.ifr_name.len() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    for (to, from) in request.ifr_name.iter_mut().zip(name.bytes()) {
        *to = from.cast_signed();
    }
    request.ifr_ifru.ifru_data = (&raw mut value).cast();
    // SAFETY: SIOCETHTOOL reads the `ifreq` and reads and writes the `ethtool_value` that it
    // points at; both live until the call returns.
    check(unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCETHTOOL, &raw mut request) })?;
    Ok(value.data)
}
