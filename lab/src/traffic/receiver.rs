//! The receiving end of a stream, which counts every packet.

use std::io;
use std::net::UdpSocket;
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::Endpoint;
use super::batch::{BATCH, receive_batch};
use super::sockets::{BUFFER, enlarge, readable, udp};
use super::tally::Tally;
use crate::error::{Result, Tried};

/// How long a receiver waits for stragglers once it was told to stop.
const STRAGGLERS: Duration = Duration::from_secs(1);

/// A running receiver. Dropped, it ends.
#[derive(Debug)]
pub struct Receiver {
    shared: Arc<Shared>,
    port: u16,
    worker: Option<JoinHandle<io::Result<Tally>>>,
}

#[derive(Debug, Default)]
struct Shared {
    stop: AtomicBool,
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

impl Receiver {
    /// Starts receiving the stream `id` at an endpoint, on a free port.
    ///
    /// # Errors
    /// When socket or thread cannot be made.
    pub fn start(at: &Endpoint, id: u32) -> Result<Self> {
        let mut receiver = Self {
            shared: Arc::new(Shared::default()),
            port: 0,
            worker: None,
        };
        receiver.port = receiver.listen(at, true)?;
        let shared = Arc::clone(&receiver.shared);
        let worker = thread::Builder::new().name("lab-stream-rx".to_owned());
        receiver.worker = Some(
            worker
                .spawn(move || receive(id, &shared))
                .tried(|| format!("receiving a stream at {}", at.address))?,
        );
        Ok(receiver)
    }

    /// The UDP port that it receives on.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Different packets received so far.
    #[must_use]
    pub fn arrived(&self) -> u64 {
        self.shared.arrived.load(Ordering::Relaxed)
    }

    /// Receives at `twin` too: another place of the member that is sent to.
    ///
    /// # Errors
    /// When the socket cannot be made.
    pub fn also_at(&self, twin: &Endpoint) -> Result<()> {
        self.listen(twin, true).map(drop)
    }

    /// Counts whatever arrives at `other`, on the same port, as misdelivered.
    ///
    /// # Errors
    /// When the socket cannot be made.
    pub fn never_at(&self, other: &Endpoint) -> Result<()> {
        self.listen(other, false).map(drop)
    }

    /// Waits for stragglers of a sender that has stopped, and answers with what
    /// has arrived.
    ///
    /// # Errors
    /// When receiving failed at some time.
    pub fn stop(mut self) -> Result<Tally> {
        self.shared.stop.store(true, Ordering::Relaxed);
        let panicked = || io::Error::other("panicked");
        match self.worker.take() {
            Some(it) => it.join().map_err(|_| panicked()).flatten(),
            None => Err(panicked()),
        }
        .tried(|| "the receiver of a stream".to_owned())
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

impl Drop for Receiver {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        // Its result is read by `stop`; here it only has to be gone.
        let _ = self.worker.take().map(JoinHandle::join);
    }
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
