//! A stream of numbered packets from a member on one node to a member on
//! another.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result};
use isthmus_lab::protocol::{Answer, Request};
use isthmus_lab::traffic::Report;
use isthmus_lab::wait_until;

use crate::NodeLab;

/// A member on one of the nodes, counted from 0.
#[derive(Clone, Copy, Debug)]
pub struct End<'a> {
    /// The node.
    pub at: usize,
    /// The member's name.
    pub member: &'a str,
    /// Its address.
    pub address: IpAddr,
}

/// A stream that is being sent. It ends with its nodes' labs.
#[derive(Clone, Copy, Debug)]
#[must_use = "stop it to know what became of it"]
pub struct RunningStream {
    number: u32,
    from: usize,
    to: usize,
    rate: u32,
    started: SystemTime,
}

/// What became of a stream.
#[derive(Clone, Debug)]
pub struct StreamReport {
    /// In numbers.
    pub counts: Report,
    /// What was lost, in the order of sending.
    pub losses: Vec<Loss>,
}

/// Packets in a row that were lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loss {
    /// When the first of them was due to be sent.
    pub at: SystemTime,
    /// How many there are.
    pub packets: u64,
}

impl RunningStream {
    /// Starts the stream `number`, of so many packets a second with 64 bytes of
    /// payload.
    ///
    /// # Errors
    ///
    /// As the nodes say.
    pub fn start(
        nodes: &mut [NodeLab],
        number: u32,
        from: End<'_>,
        to: End<'_>,
        rate: u32,
    ) -> Result<Self> {
        let port = node(nodes, to.at)?.receive(number, to.member, to.address)?;
        let sender = node(nodes, from.at)?;
        let sending = sender.ask(&Request::Send {
            stream: number,
            from: from.member.to_owned(),
            to: SocketAddr::new(to.address, port),
            rate,
            payload: 64,
        })?;
        let Answer::Sending { started_ms } = sending else {
            return sender.odd(&sending);
        };
        Ok(Self {
            number,
            from: from.at,
            to: to.at,
            rate,
            started: UNIX_EPOCH + Duration::from_millis(started_ms),
        })
    }

    /// Different packets received so far.
    ///
    /// # Errors
    ///
    /// As the node says.
    pub fn arrived(&self, nodes: &mut [NodeLab]) -> Result<u64> {
        let receiver = node(nodes, self.to)?;
        let stream = self.number;
        match receiver.ask(&Request::Progress { stream })? {
            Answer::Progress {
                arrived: Some(arrived),
                ..
            } => Ok(arrived),
            other => receiver.odd(&other),
        }
    }

    /// Waits until `packets` more have arrived.
    ///
    /// # Errors
    ///
    /// They have not within `patience`, or as the node says.
    pub fn wait_for(&self, nodes: &mut [NodeLab], packets: u64, patience: Duration) -> Result<()> {
        let target = self.arrived(nodes)? + packets;
        let what = format!("the arrival of {packets} packets of a stream");
        wait_until(&what, patience, || Ok(self.arrived(nodes)? >= target))
    }

    /// Stops sending, waits for stragglers, and reports.
    ///
    /// # Errors
    ///
    /// As the nodes say.
    pub fn stop(self, nodes: &mut [NodeLab]) -> Result<StreamReport> {
        let stream = self.number;
        let sender = node(nodes, self.from)?;
        let sent = match sender.ask(&Request::StopSending { stream })? {
            Answer::Sent { packets } => packets,
            other => return sender.odd(&other),
        };
        let receiver = node(nodes, self.to)?;
        let (counts, gaps) = match receiver.ask(&Request::StopReceiving { stream, sent })? {
            Answer::Received { report, gaps } => (report, gaps),
            other => return receiver.odd(&other),
        };
        let losses = gaps.into_iter().map(|gap| Loss {
            at: self.started + Duration::from_secs_f64(gap.first as f64 / f64::from(self.rate)),
            packets: gap.packets,
        });
        Ok(StreamReport {
            counts,
            losses: losses.collect(),
        })
    }
}

fn node(nodes: &mut [NodeLab], at: usize) -> Result<&mut NodeLab> {
    nodes.get_mut(at).with_context(|| format!("no node {at}"))
}
