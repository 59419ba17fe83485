//! A paced UDP stream of numbered packets, and its receiver.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::{AsFd, AsRawFd};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::Endpoint;
use super::sockets::{enlarge, readable, received, udp};
use super::tally::{HEAD, Report, Tally, head};
use crate::error::{Result, Tried};
use crate::kernel::syscall::check;
use crate::wait::wait_until;

/// Time between two batches.
const TICK: Duration = Duration::from_millis(1);
/// Most packets of a batch: what veth queues on the way hold with room to spare.
const BATCH: usize = 64;
/// Bytes of the receivers' buffers: about a second of traffic.
const BUFFER: libc::c_int = 64 << 20;
/// How long the receiver waits for stragglers once the sender has stopped.
const STRAGGLERS: Duration = Duration::from_secs(1);

static STREAMS: AtomicU32 = AtomicU32::new(1);

/// What to send.
#[derive(Clone, Copy, Debug)]
pub struct StreamConfig {
    /// Packets a second.
    pub rate: u32,
    /// Bytes of UDP payload, at least 16.
    pub payload: usize,
}

impl Default for StreamConfig {
    fn default() -> Self {
        Self {
            rate: 20_000,
            payload: 64,
        }
    }
}

/// A running stream.
#[derive(Debug)]
pub struct Stream {
    shared: Arc<Shared>,
    port: u16,
    sender: Option<JoinHandle<io::Result<()>>>,
    receiver: Option<JoinHandle<io::Result<Tally>>>,
}

#[derive(Debug, Default)]
struct Shared {
    stop: AtomicBool,
    sent: AtomicU64,
    arrived: AtomicU64,
    /// Sockets and whether packets belong there.
    sockets: Mutex<Vec<Arc<(UdpSocket, bool)>>>,
}

impl Shared {
    fn sockets(&self) -> Vec<Arc<(UdpSocket, bool)>> {
        self.sockets
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl Stream {
    /// Starts sending from `from` to `to`.
    ///
    /// # Errors
    /// When sockets or threads cannot be made.
    pub fn start(from: &Endpoint, to: &Endpoint, config: StreamConfig) -> Result<Self> {
        let id = STREAMS.fetch_add(1, Ordering::Relaxed);
        let shared = Arc::new(Shared::default());
        let mut stream = Self {
            shared,
            port: 0,
            sender: None,
            receiver: None,
        };
        stream.port = stream.listen(to, true)?;
        let socket = udp(from, 0)?;
        let name = || format!("starting a stream from {} to {}", from.address, to.address);
        enlarge(&socket, BUFFER).tried(name)?;
        let peer = SocketAddr::new(to.address, stream.port);
        let shared = Arc::clone(&stream.shared);
        let receiver = thread::Builder::new().name("lab-stream-rx".to_owned());
        stream.receiver = Some(receiver.spawn(move || receive(id, &shared)).tried(name)?);
        let shared = Arc::clone(&stream.shared);
        let sender = thread::Builder::new().name("lab-stream-tx".to_owned());
        stream.sender = Some(
            sender
                .spawn(move || send(id, config, &socket, peer, &shared))
                .tried(name)?,
        );
        Ok(stream)
    }

    /// Receives at `twin` too: another place of the member that is sent to.
    ///
    /// # Errors
    /// When the socket cannot be made.
    pub fn also_at(&self, twin: &Endpoint) -> Result<()> {
        self.listen(twin, true).map(drop)
    }

    /// Counts whatever arrives at `other`, on the stream's port, as misdelivered.
    ///
    /// # Errors
    /// When the socket cannot be made.
    pub fn never_at(&self, other: &Endpoint) -> Result<()> {
        self.listen(other, false).map(drop)
    }

    /// Packets sent and different packets received so far.
    #[must_use]
    pub fn progress(&self) -> (u64, u64) {
        (
            self.shared.sent.load(Ordering::Relaxed),
            self.shared.arrived.load(Ordering::Relaxed),
        )
    }

    /// Waits until `packets` more have arrived.
    ///
    /// # Errors
    /// [`LabError::TimedOut`] when they have not within `patience`.
    pub fn wait_for(&self, packets: u64, patience: Duration) -> Result<()> {
        let target = self.progress().1 + packets;
        let what = format!("the arrival of {packets} packets of a stream");
        wait_until(&what, patience, || Ok(self.progress().1 >= target))
    }

    /// Stops sending, waits for stragglers, and reports.
    ///
    /// # Errors
    /// When sending or receiving failed at some time.
    pub fn stop(mut self) -> Result<Report> {
        self.shared.stop.store(true, Ordering::Relaxed);
        let panicked = || io::Error::other("panicked");
        let sent = self
            .sender
            .take()
            .map_or(Ok(()), |it| it.join().map_err(|_| panicked())?);
        let tally = match self.receiver.take() {
            Some(it) => it.join().map_err(|_| panicked()).flatten(),
            None => Err(panicked()),
        };
        sent.tried(|| "the sender of a stream".to_owned())?;
        let tally = tally.tried(|| "the receiver of a stream".to_owned())?;
        Ok(tally.report(self.shared.sent.load(Ordering::Relaxed)))
    }

    fn listen(&self, at: &Endpoint, right: bool) -> Result<u16> {
        let socket = udp(at, self.port)?;
        let name = || format!("receiving a stream at {}", at.address);
        enlarge(&socket, BUFFER).tried(name)?;
        let port = socket.local_addr().tried(name)?.port();
        let mut sockets = self
            .shared
            .sockets
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        sockets.push(Arc::new((socket, right)));
        Ok(port)
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        // Their results are read by `stop`; here they only have to be gone.
        let _ = self.sender.take().map(JoinHandle::join);
        let _ = self.receiver.take().map(JoinHandle::join);
    }
}

/// Sends a batch each tick. What was missed while others ran is made up for in
/// batches no larger than [`BATCH`].
fn send(
    id: u32,
    config: StreamConfig,
    socket: &UdpSocket,
    to: SocketAddr,
    shared: &Shared,
) -> io::Result<()> {
    socket.connect(to)?;
    let start = Instant::now();
    let mut packets = vec![vec![0; config.payload.max(HEAD)]; BATCH];
    let mut sent: u64 = 0;
    while !shared.stop.load(Ordering::Relaxed) {
        let due = (start.elapsed().as_secs_f64() * f64::from(config.rate)) as u64;
        let count = (due.saturating_sub(sent) as usize).min(BATCH);
        for (packet, sequence) in packets.iter_mut().zip(sent..).take(count) {
            packet[..HEAD].copy_from_slice(&head(id, sequence));
        }
        let mut done = 0;
        while done < count {
            done += send_batch(socket, &mut packets[done..count])?;
        }
        sent += count as u64;
        shared.sent.store(sent, Ordering::Relaxed);
        thread::sleep(TICK);
    }
    Ok(())
}

/// Sends packets with one call; answers how many were taken.
fn send_batch(socket: &UdpSocket, packets: &mut [Vec<u8>]) -> io::Result<usize> {
    let mut vectors: Vec<_> = packets
        .iter_mut()
        .map(|packet| libc::iovec {
            iov_base: packet.as_mut_ptr().cast(),
            iov_len: packet.len(),
        })
        .collect();
    let mut messages = headers(&mut vectors);
    // SAFETY: each header points at one vector, each vector at one packet; all outlive the call.
    let result = check(unsafe {
        libc::sendmmsg(
            socket.as_raw_fd(),
            messages.as_mut_ptr(),
            messages.len() as u32,
            0,
        )
    });
    // Full buffers and ICMP errors of earlier packets: nothing was taken, try again.
    Ok(received(result.map(|count| count as usize))?.unwrap_or(0))
}

fn headers(vectors: &mut [libc::iovec]) -> Vec<libc::mmsghdr> {
    vectors
        .iter_mut()
        .map(|vector| {
            // SAFETY: plain data, for which all zeros is a valid value.
            let mut message: libc::mmsghdr = unsafe { std::mem::zeroed() };
            message.msg_hdr.msg_iov = vector;
            message.msg_hdr.msg_iovlen = 1;
            message
        })
        .collect()
}

fn receive(id: u32, shared: &Shared) -> io::Result<Tally> {
    let mut tally = Tally::new(id);
    let mut buffers = vec![vec![0; 1 << 14]; BATCH];
    let mut stopped: Option<Instant> = None;
    loop {
        let sockets = shared.sockets();
        let polled: Vec<_> = sockets.iter().map(|socket| socket.0.as_fd()).collect();
        for at in readable(&polled, Duration::from_millis(10))? {
            let (socket, right) = &*sockets[at];
            while receive_batch(socket, &mut buffers, |packet| tally.take(packet, *right))? > 0 {}
        }
        shared.arrived.store(tally.received(), Ordering::Relaxed);
        if shared.stop.load(Ordering::Relaxed) {
            let since = *stopped.get_or_insert_with(Instant::now);
            if since.elapsed() > STRAGGLERS {
                return Ok(tally);
            }
        }
    }
}

fn receive_batch(
    socket: &UdpSocket,
    buffers: &mut [Vec<u8>],
    mut take: impl FnMut(&[u8]),
) -> io::Result<usize> {
    let mut vectors: Vec<_> = buffers
        .iter_mut()
        .map(|buffer| libc::iovec {
            iov_base: buffer.as_mut_ptr().cast(),
            iov_len: buffer.len(),
        })
        .collect();
    let mut messages = headers(&mut vectors);
    // SAFETY: each header points at one vector, each vector at one buffer that is written by the
    // kernel alone until the call returns.
    let result = check(unsafe {
        libc::recvmmsg(
            socket.as_raw_fd(),
            messages.as_mut_ptr(),
            messages.len() as u32,
            libc::MSG_DONTWAIT,
            std::ptr::null_mut(),
        )
    });
    let count = received(result.map(|count| count as usize))?.unwrap_or(0);
    for (message, buffer) in messages[..count].iter().zip(buffers.iter()) {
        take(&buffer[..(message.msg_len as usize).min(buffer.len())]);
    }
    Ok(count)
}
