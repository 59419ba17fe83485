//! UDP responders: one socket an endpoint, one thread for all of them.

use std::net::UdpSocket;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::Endpoint;
use super::sockets::{enlarge, readable, received, udp};
use crate::error::{Result, Tried};

/// UDP port of the responders.
pub(super) const ECHO_PORT: u16 = 7;
/// How soon a responder notices that it should stop.
const TICK: Duration = Duration::from_millis(20);

/// Responders at a set of endpoints, until dropped. Each answers what it
/// received, followed by its member's number (4 bytes, big endian).
#[derive(Debug)]
pub struct Responders {
    stop: Arc<AtomicBool>,
    worker: Option<JoinHandle<()>>,
}

impl Responders {
    /// Starts responding at every endpoint.
    ///
    /// # Errors
    /// When a socket cannot be made, such as where the port is taken.
    pub fn start(endpoints: &[Endpoint]) -> Result<Self> {
        let mut sockets = Vec::with_capacity(endpoints.len());
        for endpoint in endpoints {
            let socket = udp(endpoint, ECHO_PORT)?;
            enlarge(&socket, 1 << 20).tried(|| "enlarging a socket's buffers".to_owned())?;
            sockets.push((socket, endpoint.id));
        }
        let stop = Arc::new(AtomicBool::new(false));
        let asked = Arc::clone(&stop);
        let worker = thread::Builder::new()
            .name("lab-echo".to_owned())
            .spawn(move || respond(&sockets, &asked))
            .tried(|| "starting the responders".to_owned())?;
        Ok(Self {
            stop,
            worker: Some(worker),
        })
    }
}

impl Drop for Responders {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(worker) = self.worker.take() {
            // A responder that panicked has answered nothing, which its users notice.
            let _ = worker.join();
        }
    }
}

fn respond(sockets: &[(UdpSocket, u32)], stop: &AtomicBool) {
    let polled: Vec<_> = sockets.iter().map(|(socket, _)| socket.as_fd()).collect();
    let mut buffer = vec![0; 1 << 16];
    while !stop.load(Ordering::Relaxed) {
        for at in readable(&polled, TICK).unwrap_or_default() {
            let (socket, id) = &sockets[at];
            while let Ok((length, from)) = socket.recv_from(&mut buffer[..(1 << 16) - 4]) {
                buffer[length..length + 4].copy_from_slice(&id.to_be_bytes());
                // An answer that cannot be sent is an answer that does not arrive.
                let _ = received(socket.send_to(&buffer[..length + 4], from));
            }
        }
    }
}
