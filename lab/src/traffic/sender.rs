//! The sending end of a stream: numbered packets at a constant rate.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, SystemTime};

use super::Endpoint;
use super::batch::{BATCH, send_batch};
use super::sockets::{BUFFER, enlarge, udp};
use super::tally::{HEAD, head};
use crate::error::{Result, Tried};

/// Time between two batches.
const TICK: Duration = Duration::from_millis(1);

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

/// A running sender. Dropped, it ends.
#[derive(Debug)]
pub struct Sender {
    shared: Arc<Shared>,
    started: SystemTime,
    worker: Option<JoinHandle<io::Result<()>>>,
}

#[derive(Debug, Default)]
struct Shared {
    stop: AtomicBool,
    sent: AtomicU64,
}

impl Sender {
    /// Starts sending packets of the stream `id` from `from` to a
    /// [`super::Receiver`], here or on another machine.
    ///
    /// # Errors
    /// When socket or thread cannot be made.
    pub fn start(from: &Endpoint, to: SocketAddr, id: u32, config: StreamConfig) -> Result<Self> {
        let socket = udp(from, 0)?;
        let name = || format!("starting a stream from {} to {}", from.address, to.ip());
        enlarge(&socket, BUFFER).tried(name)?;
        let shared = Arc::new(Shared::default());
        let theirs = Arc::clone(&shared);
        let started = SystemTime::now();
        let worker = thread::Builder::new().name("lab-stream-tx".to_owned());
        let worker = worker
            .spawn(move || send(id, config, &socket, to, &theirs))
            .tried(name)?;
        Ok(Self {
            shared,
            started,
            worker: Some(worker),
        })
    }

    /// When it started. Packet N was due N divided by the rate later.
    #[must_use]
    pub fn started(&self) -> SystemTime {
        self.started
    }

    /// Packets sent so far.
    #[must_use]
    pub fn sent(&self) -> u64 {
        self.shared.sent.load(Ordering::Relaxed)
    }

    /// Stops sending, and answers how many packets were sent.
    ///
    /// # Errors
    /// When sending failed at some time.
    pub fn stop(mut self) -> Result<u64> {
        self.shared.stop.store(true, Ordering::Relaxed);
        let panicked = || io::Error::other("panicked");
        self.worker
            .take()
            .map_or(Ok(()), |it| it.join().map_err(|_| panicked())?)
            .tried(|| "the sender of a stream".to_owned())?;
        Ok(self.sent())
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        // Its result is read by `stop`; here it only has to be gone.
        let _ = self.worker.take().map(JoinHandle::join);
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
