//! Links, addresses, neighbours and routes as plain values.

use std::net::IpAddr;

/// A MAC as a number: its first byte is the most significant of the low 48
/// bits. Never 0.
pub type Mac = u64;

/// A network interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Index.
    pub index: u32,
    /// Name.
    pub name: String,
    /// Hardware address, where it has an Ethernet one.
    pub mac: Option<Mac>,
    /// What it is built upon.
    pub kind: LinkKind,
    /// Index of the bond or bridge that it is part of.
    pub master: Option<u32>,
    /// Where an XDP program sits on it, if one does.
    pub xdp: Option<XdpPlace>,
}

/// Where an XDP program sits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum XdpPlace {
    /// In the driver.
    Driver,
    /// In the network stack.
    Generic,
    /// Elsewhere: on the card, or in several places.
    Other,
}

impl XdpPlace {
    /// As on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Driver => "driver",
            Self::Generic => "generic",
            Self::Other => "other",
        }
    }
}

/// What an interface is built upon, as far as that matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkKind {
    /// A device of its own.
    Device,
    /// A bond: its slaves have it as their master.
    Bond,
    /// An 802.1Q device.
    Vlan {
        /// VLAN identifier.
        id: u16,
        /// Index of the device below.
        lower: u32,
    },
}

/// An address of an interface that packets can be sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Address {
    /// The interface.
    pub index: u32,
    /// The address; global scope only.
    pub address: IpAddr,
}

/// Whose MAC is meant: an address on an interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NeighbourKey {
    /// The interface.
    pub index: u32,
    /// The neighbour's address.
    pub address: IpAddr,
}

/// What is known of a neighbour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Neighbour {
    /// Its MAC, confirmed not long ago or set by hand.
    Reachable(Mac),
    /// Its MAC, not confirmed for a while or being confirmed.
    Stale(Mac),
    /// Being asked for.
    Incomplete,
    /// Asked for, and nobody answered.
    Failed,
}

/// Where the kernel would send what is for an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Path {
    /// To the address itself.
    OnLink,
    /// To this gateway.
    Via(IpAddr),
    /// Nowhere.
    None,
}

/// What changed, as a notification tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// Links or addresses: look again.
    Links,
    /// Routes: ask again.
    Routes,
    /// One neighbour; `None` where its entry is gone.
    Neighbour(NeighbourKey, Option<Neighbour>),
    /// Notifications were lost: look at everything again.
    Lost,
}
