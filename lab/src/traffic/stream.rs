//! A paced UDP stream of numbered packets, and its receiver, in one process.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use super::Endpoint;
use super::receiver::Receiver;
use super::sender::{Sender, StreamConfig};
use super::tally::Report;
use crate::error::Result;
use crate::wait::wait_until;

static STREAMS: AtomicU32 = AtomicU32::new(1);

/// A running stream.
#[derive(Debug)]
pub struct Stream {
    // Before the receiver: it ends first.
    sender: Sender,
    receiver: Receiver,
}

impl Stream {
    /// Starts sending from `from` to `to`.
    ///
    /// # Errors
    /// When sockets or threads cannot be made.
    pub fn start(from: &Endpoint, to: &Endpoint, config: StreamConfig) -> Result<Self> {
        let id = STREAMS.fetch_add(1, Ordering::Relaxed);
        let receiver = Receiver::start(to, id)?;
        let peer = SocketAddr::new(to.address, receiver.port());
        let sender = Sender::start(from, peer, id, config)?;
        Ok(Self { sender, receiver })
    }

    /// Receives at `twin` too: another place of the member that is sent to.
    ///
    /// # Errors
    /// When the socket cannot be made.
    pub fn also_at(&self, twin: &Endpoint) -> Result<()> {
        self.receiver.also_at(twin)
    }

    /// Counts whatever arrives at `other`, on the stream's port, as misdelivered.
    ///
    /// # Errors
    /// When the socket cannot be made.
    pub fn never_at(&self, other: &Endpoint) -> Result<()> {
        self.receiver.never_at(other)
    }

    /// Packets sent and different packets received so far.
    #[must_use]
    pub fn progress(&self) -> (u64, u64) {
        (self.sender.sent(), self.receiver.arrived())
    }

    /// Waits until `packets` more have arrived.
    ///
    /// # Errors
    /// [`crate::LabError::TimedOut`] when they have not within `patience`.
    pub fn wait_for(&self, packets: u64, patience: Duration) -> Result<()> {
        let target = self.progress().1 + packets;
        let what = format!("the arrival of {packets} packets of a stream");
        wait_until(&what, patience, || Ok(self.progress().1 >= target))
    }

    /// Stops sending, waits for stragglers, and reports.
    ///
    /// # Errors
    /// When sending or receiving failed at some time.
    pub fn stop(self) -> Result<Report> {
        let sent = self.sender.stop()?;
        Ok(self.receiver.stop()?.report(sent))
    }
}
