//! Notifications of the kernel.

use std::io;

use futures::StreamExt;
use futures::channel::mpsc::UnboundedReceiver;
use rtnetlink::packet_core::{NetlinkMessage, NetlinkPayload};
use rtnetlink::packet_route::RouteNetlinkMessage;
use rtnetlink::sys::SocketAddr;
use rtnetlink::{MulticastGroup, new_connection, new_multicast_connection};

use super::decode;
use super::dump::Kernel;
use super::model::Event;

const GROUPS: [MulticastGroup; 8] = [
    MulticastGroup::Link,
    MulticastGroup::Neigh,
    MulticastGroup::Ipv4Ifaddr,
    MulticastGroup::Ipv6Ifaddr,
    MulticastGroup::Ipv4Route,
    MulticastGroup::Ipv6Route,
    MulticastGroup::Ipv4Rule,
    MulticastGroup::Ipv6Rule,
];

/// Opens a socket to ask through.
///
/// # Errors
///
/// No socket can be had.
pub fn connect() -> io::Result<Kernel> {
    let (connection, handle, _) = new_connection()?;
    tokio::spawn(connection);
    Ok(Kernel::new(handle))
}

/// A subscription to what changes.
pub struct Events {
    messages: UnboundedReceiver<(NetlinkMessage<RouteNetlinkMessage>, SocketAddr)>,
}

impl Events {
    /// Subscribes.
    ///
    /// # Errors
    ///
    /// No socket can be had.
    pub fn subscribe() -> io::Result<Self> {
        let (connection, _, messages) = new_multicast_connection(&GROUPS)?;
        tokio::spawn(connection);
        Ok(Self { messages })
    }

    /// The next event that matters. Losing the future loses no event. Where
    /// the socket was lost a new one is opened, and [`Event::Lost`] tells it.
    ///
    /// # Errors
    ///
    /// No new socket can be had.
    pub async fn next(&mut self) -> io::Result<Event> {
        loop {
            let Some((message, _)) = self.messages.next().await else {
                *self = Self::subscribe()?;
                return Ok(Event::Lost);
            };
            match message.payload {
                NetlinkPayload::InnerMessage(message) => {
                    if let Some(event) = decode::event(&message) {
                        return Ok(event);
                    }
                }
                NetlinkPayload::Overrun(_) | NetlinkPayload::Error(_) => return Ok(Event::Lost),
                _ => {}
            }
        }
    }
}
