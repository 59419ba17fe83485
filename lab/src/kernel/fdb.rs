//! Forwarding databases of bridges and VXLAN devices: what says behind which
//! port, and behind which VTEP, a MAC lives.

use std::net::IpAddr;

use rtnetlink::packet_core::{NLM_F_APPEND, NLM_F_CREATE, NLM_F_REPLACE};
use rtnetlink::packet_route::neighbour::{
    NeighbourAddress, NeighbourAttribute, NeighbourFlags, NeighbourMessage, NeighbourState,
};
use rtnetlink::packet_route::{AddressFamily, RouteNetlinkMessage};

use super::netlink::Netlink;
use crate::addressing::Mac;
use crate::error::Result;

/// `NUD_NOARP | NUD_REACHABLE` (linux/neighbour.h): the one state that a bridge
/// takes for a static entry and a VXLAN device for a valid one.
const STATIC: NeighbourState = NeighbourState::Other(0x42);

/// The MAC of a VXLAN device's default destinations: what is broadcast, and
/// what has no entry, goes to each of them.
const EVERYONE: Mac = Mac([0; 6]);

impl Netlink {
    /// Frames to `mac` leave the bridge by `port`.
    pub(crate) fn fdb_on_port(&self, port: u32, mac: Mac) -> Result<()> {
        let entry = entry(port, mac, NeighbourFlags::Controller, None);
        self.acknowledged(RouteNetlinkMessage::NewNeighbour(entry), REPLACE, || {
            format!("placing {mac} behind bridge port {port}")
        })
    }

    /// Frames to `mac` leave the VXLAN device (and its bridge by it) for `vtep`.
    pub(crate) fn fdb_on_vtep(&self, vxlan: u32, mac: Mac, vtep: IpAddr) -> Result<()> {
        let entry = entry(vxlan, mac, NeighbourFlags::Own, Some(vtep));
        self.acknowledged(RouteNetlinkMessage::NewNeighbour(entry), REPLACE, || {
            format!("placing {mac} behind VTEP {vtep}")
        })?;
        self.fdb_on_port(vxlan, mac)
    }

    /// Broadcasts of the VXLAN device go to `vtep` too.
    pub(crate) fn fdb_broadcast_to(&self, vxlan: u32, vtep: IpAddr) -> Result<()> {
        let entry = entry(vxlan, EVERYONE, NeighbourFlags::Own, Some(vtep));
        let flags = NLM_F_CREATE | NLM_F_APPEND;
        self.acknowledged(RouteNetlinkMessage::NewNeighbour(entry), flags, || {
            format!("sending broadcasts to VTEP {vtep}")
        })
    }

    /// Forgets what [`Self::fdb_on_vtep`] said of `mac`.
    pub(crate) fn fdb_forget_vtep(&self, vxlan: u32, mac: Mac) -> Result<()> {
        for flags in [NeighbourFlags::Own, NeighbourFlags::Controller] {
            let entry = entry(vxlan, mac, flags, None);
            self.acknowledged(RouteNetlinkMessage::DelNeighbour(entry), 0, || {
                format!("forgetting {mac}")
            })?;
        }
        Ok(())
    }
}

const REPLACE: u16 = NLM_F_CREATE | NLM_F_REPLACE;

fn entry(index: u32, mac: Mac, flags: NeighbourFlags, vtep: Option<IpAddr>) -> NeighbourMessage {
    let mut message = NeighbourMessage::default();
    message.header.family = AddressFamily::Bridge;
    message.header.ifindex = index;
    message.header.state = STATIC;
    message.header.flags = flags;
    message
        .attributes
        .push(NeighbourAttribute::LinkLayerAddress(mac.0.to_vec()));
    if let Some(vtep) = vtep {
        message
            .attributes
            .push(NeighbourAttribute::Destination(match vtep {
                IpAddr::V4(address) => NeighbourAddress::Inet(address),
                IpAddr::V6(address) => NeighbourAddress::Inet6(address),
            }));
    }
    message
}
