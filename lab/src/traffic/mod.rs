//! Traffic between members: probes that say whether one is reached, streams
//! that count every packet, and raw frames. Everything is bounded in time.

mod batch;
mod echo;
mod frames;
mod ping;
mod reach;
mod receiver;
mod recorder;
mod sender;
mod sockets;
mod stream;
mod tally;
mod tcp;

use std::net::IpAddr;

use crate::kernel::namespace::Namespace;

pub use echo::Responders;
pub use frames::FrameSocket;
pub use ping::{Ping, ping};
pub use reach::{Outcome, Patience, reach};
pub use receiver::Receiver;
pub use recorder::Recorder;
pub use sender::{Sender, StreamConfig};
pub use stream::Stream;
pub use tally::{Gap, Report, Tally};
pub use tcp::{Transfer, TransferReceiver, send_to, transfer};

/// An address in a namespace, and who answers there.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// Where its sockets are made.
    pub namespace: Namespace,
    /// Address that they are bound to.
    pub address: IpAddr,
    /// Number of the member; a responder answers with it.
    pub id: u32,
}

impl From<&Endpoint> for IpAddr {
    fn from(endpoint: &Endpoint) -> Self {
        endpoint.address
    }
}
