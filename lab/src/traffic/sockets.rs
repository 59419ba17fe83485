//! Sockets made inside a namespace, and waiting for them.

use std::io;
use std::mem;
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::time::Duration;

use super::Endpoint;
use crate::error::Result;
use crate::kernel::syscall::check;

/// Bytes of a stream's buffers: about a second of traffic.
pub(super) const BUFFER: libc::c_int = 64 << 20;

/// A non-blocking UDP socket at an endpoint; port 0 means any.
pub(super) fn udp(at: &Endpoint, port: u16) -> Result<UdpSocket> {
    let address = SocketAddr::new(at.address, port);
    at.namespace.attempt(&format!("binding UDP {address}"), || {
        let socket = UdpSocket::bind(address)?;
        socket.set_nonblocking(true)?;
        Ok(socket)
    })
}

/// Gives a socket buffers of `bytes`, beyond the system's limit.
pub(super) fn enlarge(socket: &impl AsRawFd, bytes: libc::c_int) -> io::Result<()> {
    for option in [libc::SO_RCVBUFFORCE, libc::SO_SNDBUFFORCE] {
        // SAFETY: the kernel reads one `c_int` from `bytes`, which outlives the call.
        check(unsafe {
            libc::setsockopt(
                socket.as_raw_fd(),
                libc::SOL_SOCKET,
                option,
                (&raw const bytes).cast(),
                size_of_val(&bytes) as libc::socklen_t,
            )
        })?;
    }
    Ok(())
}

/// A socket of any kind, non-blocking, in the caller's namespace.
pub(super) fn open(
    family: libc::c_int,
    kind: libc::c_int,
    protocol: libc::c_int,
) -> io::Result<OwnedFd> {
    let kind = kind | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
    // SAFETY: takes no pointer.
    let fd = check(unsafe { libc::socket(family, kind, protocol) })?;
    // SAFETY: the kernel has just made this descriptor for us.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Waits until one of the sockets has something to read; false when none has
/// within `timeout`.
pub(super) fn wait_readable(sockets: &[BorrowedFd<'_>], timeout: Duration) -> io::Result<bool> {
    Ok(!readable(sockets, timeout)?.is_empty())
}

/// Positions of the sockets that have something to read, after at most `timeout`.
pub(super) fn readable(sockets: &[BorrowedFd<'_>], timeout: Duration) -> io::Result<Vec<usize>> {
    let mut polled: Vec<_> = sockets
        .iter()
        .map(|fd| libc::pollfd {
            fd: fd.as_raw_fd(),
            events: libc::POLLIN,
            revents: 0,
        })
        .collect();
    let millis = libc::c_int::try_from(timeout.as_millis()).unwrap_or(libc::c_int::MAX);
    // SAFETY: `polled` holds as many entries as are announced.
    let count =
        check(unsafe { libc::poll(polled.as_mut_ptr(), polled.len() as libc::nfds_t, millis) });
    match count {
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(Vec::new()),
        Err(error) => Err(error),
        Ok(_) => Ok((0..polled.len())
            .filter(|at| polled[*at].revents != 0)
            .collect()),
    }
}

/// What was received, or none where nothing is there now. An ICMP error that an
/// earlier packet brought back is nothing received either.
pub(super) fn received(result: io::Result<usize>) -> io::Result<Option<usize>> {
    use io::ErrorKind as Kind;
    match result {
        Ok(length) => Ok(Some(length)),
        Err(error) => match error.kind() {
            Kind::WouldBlock
            | Kind::Interrupted
            | Kind::ConnectionRefused
            | Kind::HostUnreachable
            | Kind::NetworkUnreachable => Ok(None),
            _ => Err(error),
        },
    }
}

/// An address as the kernel takes it, and its length.
pub(super) fn raw_address(address: SocketAddr) -> (libc::sockaddr_storage, libc::socklen_t) {
    // SAFETY: plain data, for which all zeros is a valid value.
    let mut storage: libc::sockaddr_storage = unsafe { mem::zeroed() };
    let length = match address {
        SocketAddr::V4(v4) => {
            let raw = libc::sockaddr_in {
                sin_family: libc::AF_INET as libc::sa_family_t,
                sin_port: v4.port().to_be(),
                sin_addr: libc::in_addr {
                    s_addr: u32::from_ne_bytes(v4.ip().octets()),
                },
                sin_zero: [0; 8],
            };
            // SAFETY: `sockaddr_storage` is as large and as aligned as every address type.
            unsafe { (&raw mut storage).cast::<libc::sockaddr_in>().write(raw) };
            size_of::<libc::sockaddr_in>()
        }
        SocketAddr::V6(v6) => {
            let raw = libc::sockaddr_in6 {
                sin6_family: libc::AF_INET6 as libc::sa_family_t,
                sin6_port: v6.port().to_be(),
                sin6_flowinfo: 0,
                sin6_addr: libc::in6_addr {
                    s6_addr: v6.ip().octets(),
                },
                sin6_scope_id: v6.scope_id(),
            };
            // SAFETY: as above.
            unsafe { (&raw mut storage).cast::<libc::sockaddr_in6>().write(raw) };
            size_of::<libc::sockaddr_in6>()
        }
    };
    (storage, length as libc::socklen_t)
}

/// Binds a socket to an address of [`raw_address`] or another of that size.
pub(super) fn bind(
    socket: &impl AsRawFd,
    address: &libc::sockaddr_storage,
    length: libc::socklen_t,
) -> io::Result<()> {
    let pointer = std::ptr::from_ref(address).cast();
    // SAFETY: `length` bytes at `pointer` are inside `address`, which outlives the call.
    check(unsafe { libc::bind(socket.as_raw_fd(), pointer, length) }).map(drop)
}
