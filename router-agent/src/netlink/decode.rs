//! Netlink messages to plain values.

use std::net::IpAddr;

use rtnetlink::packet_route::RouteNetlinkMessage;
use rtnetlink::packet_route::address::{
    AddressAttribute, AddressFlags, AddressMessage, AddressScope,
};
use rtnetlink::packet_route::link::{
    InfoData, InfoKind, InfoVlan, LinkAttribute, LinkInfo, LinkMessage, LinkXdp, XdpAttached,
};
use rtnetlink::packet_route::neighbour::{
    NeighbourAddress, NeighbourAttribute, NeighbourMessage, NeighbourState,
};
use rtnetlink::packet_route::route::{
    RouteAddress, RouteAttribute, RouteMessage, RouteType, RouteVia,
};

use super::model::{Address, Event, Link, LinkKind, Mac, Neighbour, NeighbourKey, Path, XdpPlace};

/// What a notification says, if it is about anything that matters here.
#[must_use]
pub fn event(message: &RouteNetlinkMessage) -> Option<Event> {
    match message {
        RouteNetlinkMessage::NewLink(_)
        | RouteNetlinkMessage::DelLink(_)
        | RouteNetlinkMessage::NewAddress(_)
        | RouteNetlinkMessage::DelAddress(_) => Some(Event::Links),
        RouteNetlinkMessage::NewRoute(_)
        | RouteNetlinkMessage::DelRoute(_)
        | RouteNetlinkMessage::NewRule(_)
        | RouteNetlinkMessage::DelRule(_) => Some(Event::Routes),
        RouteNetlinkMessage::NewNeighbour(message) => {
            neighbour(message).map(|(key, neighbour)| Event::Neighbour(key, Some(neighbour)))
        }
        RouteNetlinkMessage::DelNeighbour(message) => {
            neighbour_key(message).map(|key| Event::Neighbour(key, None))
        }
        _ => None,
    }
}

/// A link; `None` where the message has no name.
#[must_use]
pub fn link(message: &LinkMessage) -> Option<Link> {
    let mut link = Link {
        index: message.header.index,
        name: String::new(),
        mac: None,
        kind: LinkKind::Device,
        master: None,
        xdp: None,
    };
    let (mut lower, mut vlan) = (None, None);
    for attribute in &message.attributes {
        match attribute {
            LinkAttribute::IfName(name) => link.name.clone_from(name),
            LinkAttribute::Address(bytes) => link.mac = mac(bytes),
            LinkAttribute::Controller(index) => link.master = Some(*index),
            LinkAttribute::Xdp(parts) => link.xdp = parts.iter().find_map(xdp_place),
            LinkAttribute::Link(index) => lower = Some(*index),
            LinkAttribute::LinkInfo(infos) => {
                for info in infos {
                    match info {
                        LinkInfo::Kind(InfoKind::Bond) => link.kind = LinkKind::Bond,
                        LinkInfo::Data(InfoData::Vlan(data)) => {
                            vlan = data.iter().find_map(|data| match data {
                                InfoVlan::Id(id) => Some(*id),
                                _ => None,
                            });
                        }
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    if let (Some(id), Some(lower)) = (vlan, lower) {
        link.kind = LinkKind::Vlan { id, lower };
    }
    (!link.name.is_empty()).then_some(link)
}

/// An address that packets can be sent to: of global scope, and not in doubt
/// (RFC 4862, duplicate address detection) or deprecated.
#[must_use]
pub fn address(message: &AddressMessage) -> Option<Address> {
    let unusable = AddressFlags::Tentative | AddressFlags::Dadfailed | AddressFlags::Deprecated;
    let (mut own, mut local, mut flags) = (None, None, AddressFlags::empty());
    for attribute in &message.attributes {
        match attribute {
            AddressAttribute::Address(address) => own = Some(*address),
            AddressAttribute::Local(address) => local = Some(*address),
            AddressAttribute::Flags(given) => flags = *given,
            _ => {}
        }
    }
    // On point-to-point links the first is the other end's.
    let address = local.or(own)?;
    let usable = message.header.scope == AddressScope::Universe && !flags.intersects(unusable);
    usable.then_some(Address {
        index: message.header.index,
        address,
    })
}

/// A neighbour; `None` for entries of bridges and of other families.
#[must_use]
pub fn neighbour(message: &NeighbourMessage) -> Option<(NeighbourKey, Neighbour)> {
    let key = neighbour_key(message)?;
    let known = message
        .attributes
        .iter()
        .find_map(|attribute| match attribute {
            NeighbourAttribute::LinkLayerAddress(bytes) => mac(bytes),
            _ => None,
        });
    let neighbour = match (message.header.state, known) {
        (NeighbourState::Failed, _) => Neighbour::Failed,
        (
            NeighbourState::Reachable | NeighbourState::Permanent | NeighbourState::Noarp,
            Some(mac),
        ) => Neighbour::Reachable(mac),
        (NeighbourState::Stale | NeighbourState::Delay | NeighbourState::Probe, Some(mac)) => {
            Neighbour::Stale(mac)
        }
        _ => Neighbour::Incomplete,
    };
    Some((key, neighbour))
}

/// Where a route leads, if it leaves through `index`.
#[must_use]
pub fn path(message: &RouteMessage, index: u32) -> Path {
    if message.header.kind != RouteType::Unicast {
        return Path::None;
    }
    let (mut out, mut gateway) = (None, None);
    for attribute in &message.attributes {
        match attribute {
            RouteAttribute::Oif(index) => out = Some(*index),
            RouteAttribute::Gateway(RouteAddress::Inet(address))
            | RouteAttribute::Via(RouteVia::Inet(address)) => gateway = Some(IpAddr::V4(*address)),
            RouteAttribute::Gateway(RouteAddress::Inet6(address))
            | RouteAttribute::Via(RouteVia::Inet6(address)) => gateway = Some(IpAddr::V6(*address)),
            _ => {}
        }
    }
    match (out, gateway) {
        (Some(out), _) if out != index => Path::None,
        (_, Some(gateway)) => Path::Via(gateway),
        (_, None) => Path::OnLink,
    }
}

fn xdp_place(part: &LinkXdp) -> Option<XdpPlace> {
    match part {
        LinkXdp::Attached(XdpAttached::None) => None,
        LinkXdp::Attached(XdpAttached::Driver) => Some(XdpPlace::Driver),
        LinkXdp::Attached(XdpAttached::SocketBuffer) => Some(XdpPlace::Generic),
        LinkXdp::Attached(_) => Some(XdpPlace::Other),
        _ => None,
    }
}

fn neighbour_key(message: &NeighbourMessage) -> Option<NeighbourKey> {
    message.attributes.iter().find_map(|attribute| {
        let address = match attribute {
            NeighbourAttribute::Destination(NeighbourAddress::Inet(address)) => (*address).into(),
            NeighbourAttribute::Destination(NeighbourAddress::Inet6(address)) => (*address).into(),
            _ => return None,
        };
        Some(NeighbourKey {
            index: message.header.ifindex,
            address,
        })
    })
}

fn mac(bytes: &[u8]) -> Option<Mac> {
    let &[a, b, c, d, e, f] = bytes else {
        return None;
    };
    let mac = u64::from_be_bytes([0, 0, a, b, c, d, e, f]);
    (mac != 0).then_some(mac)
}
