//! ICMP and ICMPv6 echo.

use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use super::Endpoint;
use super::sockets::{open, received, wait_readable};
use crate::addressing::Family;
use crate::error::{Result, Tried};

/// How to ping.
#[derive(Clone, Copy, Debug)]
pub struct Ping {
    /// Most requests; the first answer ends it.
    pub attempts: u16,
    /// How long each waits for its answer.
    pub patience: Duration,
    /// Bytes after the ICMP header.
    pub payload: usize,
}

impl Default for Ping {
    fn default() -> Self {
        Self {
            attempts: 3,
            patience: Duration::from_millis(500),
            payload: 56,
        }
    }
}

/// Whether `to`, an endpoint or an address, answers an echo request of `from`
/// with its own bytes.
///
/// # Errors
/// When a socket cannot be made or used; that nothing comes back is `false`.
pub fn ping(from: &Endpoint, to: impl Into<IpAddr>, how: Ping) -> Result<bool> {
    let to = to.into();
    let socket = from
        .namespace
        .attempt("opening a ping socket", || ping_socket(from))?;
    exchange(&socket, to, how).tried(|| format!("pinging {to}"))
}

/// A ping socket (`SOCK_DGRAM`, `IPPROTO_ICMP`): the kernel chooses the
/// identifier, computes the checksum and hands up only its own answers.
fn ping_socket(from: &Endpoint) -> io::Result<UdpSocket> {
    let (family, protocol) = match Family::of(from.address) {
        Family::V4 => (libc::AF_INET, libc::IPPROTO_ICMP),
        Family::V6 => (libc::AF_INET6, libc::IPPROTO_ICMPV6),
    };
    let fd: OwnedFd = open(family, libc::SOCK_DGRAM, protocol)?;
    let (address, length) = super::sockets::raw_address(SocketAddr::new(from.address, 0));
    super::sockets::bind(&fd, &address, length)?;
    Ok(UdpSocket::from(fd))
}

fn exchange(socket: &UdpSocket, to: IpAddr, how: Ping) -> io::Result<bool> {
    let request_type = if to.is_ipv4() { 8 } else { 128 };
    let answer_type = if to.is_ipv4() { 0 } else { 129 };
    let mut answer = vec![0; how.payload + 64];
    for sequence in 0..how.attempts {
        let mut request = vec![request_type, 0, 0, 0, 0, 0];
        request.extend(sequence.to_be_bytes());
        request.extend((0..how.payload).map(|at| at as u8));
        match socket.send_to(&request, SocketAddr::new(to, 0)) {
            Ok(_) => {}
            Err(error) => {
                received(Err(error))?;
            }
        }
        let until = Instant::now() + how.patience;
        while let Some(left) = until.checked_duration_since(Instant::now()) {
            wait_readable(&[socket.as_fd()], left.max(Duration::from_millis(1)))?;
            let Some(length) = received(socket.recv(&mut answer))? else {
                continue;
            };
            let whole = length == request.len() && answer[8..length] == request[8..];
            if whole && answer[0] == answer_type && answer[6..8] == request[6..8] {
                return Ok(true);
            }
        }
    }
    Ok(false)
}
