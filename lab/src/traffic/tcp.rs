//! A TCP transfer whose contents are checked.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::Endpoint;
use super::sockets::{bind, open, raw_address, wait_readable};
use crate::error::{Result, Tried};
use crate::kernel::syscall::check;

/// A transfer to be made.
#[derive(Clone, Copy, Debug)]
pub struct Transfer {
    /// Bytes to send.
    pub bytes: usize,
    /// Longest wait for the connection, and for each read and write.
    pub patience: Duration,
}

impl Default for Transfer {
    fn default() -> Self {
        Self {
            bytes: 4 << 20,
            patience: Duration::from_secs(5),
        }
    }
}

/// Sends bytes from `from` to `to` over a connection of its own; the receiver
/// compares every byte.
///
/// # Errors
/// When no connection comes about in time, when it stalls, or when what arrives
/// is not what was sent.
pub fn transfer(from: &Endpoint, to: &Endpoint, what: Transfer) -> Result<()> {
    let receiver = TransferReceiver::start(to, what)?;
    let sent = send_to(from, receiver.address(), what);
    let received = receiver.finish();
    sent?;
    received
}

/// What takes one transfer, from this process or another.
#[derive(Debug)]
pub struct TransferReceiver {
    address: SocketAddr,
    worker: JoinHandle<io::Result<()>>,
}

impl TransferReceiver {
    /// Listens at an endpoint, on a free port.
    ///
    /// # Errors
    /// When socket or thread cannot be made.
    pub fn start(at: &Endpoint, what: Transfer) -> Result<Self> {
        let name = || format!("receiving TCP at {}", at.address);
        let listener = at.namespace.attempt("listening for TCP", || {
            let listener = TcpListener::bind(SocketAddr::new(at.address, 0))?;
            listener.set_nonblocking(true)?;
            Ok(listener)
        })?;
        let address = listener.local_addr().tried(name)?;
        let worker = thread::Builder::new()
            .name("lab-tcp".to_owned())
            .spawn(move || receive(&listener, what))
            .tried(name)?;
        Ok(Self { address, worker })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits for the end of the transfer.
    ///
    /// # Errors
    /// When no connection came about in time, when it stalled, or when what
    /// arrived is not what was to be sent.
    pub fn finish(self) -> Result<()> {
        let panicked = |_| Err(io::Error::other("the receiver panicked"));
        let received = self.worker.join().unwrap_or_else(panicked);
        received.tried(|| format!("receiving TCP at {}", self.address.ip()))
    }
}

/// Sends a transfer to a [`TransferReceiver`].
///
/// # Errors
/// When no connection comes about in time, or when it stalls.
pub fn send_to(from: &Endpoint, to: SocketAddr, what: Transfer) -> Result<()> {
    let name = || format!("TCP from {} to {}", from.address, to.ip());
    let stream = from
        .namespace
        .attempt(&name(), || connect(from, to, what.patience))?;
    send(stream, what).tried(name)
}

/// A connection from the endpoint's own address, not another of its namespace.
fn connect(from: &Endpoint, to: SocketAddr, patience: Duration) -> io::Result<TcpStream> {
    let family = if to.is_ipv4() {
        libc::AF_INET
    } else {
        libc::AF_INET6
    };
    let fd: OwnedFd = open(family, libc::SOCK_STREAM, 0)?;
    let (own, length) = raw_address(SocketAddr::new(from.address, 0));
    bind(&fd, &own, length)?;
    let (peer, length) = raw_address(to);
    // SAFETY: `length` bytes of `peer` are an address; it outlives the call.
    let started = check(unsafe { libc::connect(fd.as_raw_fd(), (&raw const peer).cast(), length) });
    match started {
        Err(error) if error.raw_os_error() != Some(libc::EINPROGRESS) => return Err(error),
        _ => {}
    }
    let mut polled = libc::pollfd {
        fd: fd.as_raw_fd(),
        events: libc::POLLOUT,
        revents: 0,
    };
    let millis = libc::c_int::try_from(patience.as_millis()).unwrap_or(libc::c_int::MAX);
    // SAFETY: one entry is announced and one is there.
    if check(unsafe { libc::poll(&raw mut polled, 1, millis) })? == 0 {
        return Err(io::ErrorKind::TimedOut.into());
    }
    let stream = TcpStream::from(fd);
    if let Some(error) = stream.take_error()? {
        return Err(error);
    }
    stream.set_nonblocking(false)?;
    Ok(stream)
}

fn send(mut stream: TcpStream, what: Transfer) -> io::Result<()> {
    stream.set_write_timeout(Some(what.patience))?;
    stream.set_read_timeout(Some(what.patience))?;
    let mut pattern = Pattern::default();
    let mut block = [0; 1 << 14];
    let mut left = what.bytes;
    while left > 0 {
        let length = left.min(block.len());
        pattern.fill(&mut block[..length]);
        stream.write_all(&block[..length])?;
        left -= length;
    }
    stream.shutdown(std::net::Shutdown::Write)?;
    // The receiver's end of stream says that it has everything.
    match stream.read(&mut block)? {
        0 => Ok(()),
        _ => Err(io::Error::other("the receiver sent something")),
    }
}

fn receive(listener: &TcpListener, what: Transfer) -> io::Result<()> {
    if !wait_readable(&[listener.as_fd()], what.patience)? {
        return Err(io::ErrorKind::TimedOut.into());
    }
    let (mut stream, _) = listener.accept()?;
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(what.patience))?;
    let mut pattern = Pattern::default();
    let (mut block, mut expected) = ([0; 1 << 14], [0; 1 << 14]);
    let mut total = 0;
    loop {
        let length = stream.read(&mut block)?;
        if length == 0 {
            break;
        }
        pattern.fill(&mut expected[..length]);
        if block[..length] != expected[..length] {
            return Err(io::Error::other(format!(
                "contents differ after byte {total}"
            )));
        }
        total += length;
    }
    if total == what.bytes {
        Ok(())
    } else {
        Err(io::Error::other(format!(
            "{total} of {} bytes arrived",
            what.bytes
        )))
    }
}

/// Bytes that repeat late (xorshift64, Marsaglia 2003), so that what is
/// missing, doubled or swapped shows.
struct Pattern {
    state: u64,
    spare: Vec<u8>,
}

impl Default for Pattern {
    fn default() -> Self {
        Self {
            state: 0x9e37_79b9_7f4a_7c15,
            spare: Vec::new(),
        }
    }
}

impl Pattern {
    fn fill(&mut self, block: &mut [u8]) {
        for byte in block {
            if self.spare.is_empty() {
                self.state ^= self.state << 13;
                self.state ^= self.state >> 7;
                self.state ^= self.state << 17;
                self.spare.extend(self.state.to_ne_bytes());
            }
            *byte = self.spare.pop().unwrap_or_default();
        }
    }
}
