//! The underlay: one bridge, to which every station has a veth.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use rtnetlink::{LinkBridge, LinkVlan};
use tokio::runtime::Runtime;

use super::node::Node;
use crate::addressing::{Family, Mac, Station, UNDERLAY_PREFIX_V4, UNDERLAY_PREFIX_V6};
use crate::error::{LabError, Result};
use crate::kernel::ethtool::write_all_into_packets;
use crate::kernel::netlink::{BridgePort, VethEnd};

/// LLDP's group address, 01:80:c2:00:00:0e, as a bit of `group_fwd_mask`: a
/// bridge would otherwise keep its frames to itself (IEEE 802.1Q, table 8-1).
const FORWARD_LLDP: u16 = 1 << 14;
/// Bytes of an 802.1Q tag.
const VLAN_TAG: u32 = 4;

/// IP families of the underlay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Underlay {
    /// IPv4 only.
    #[default]
    V4,
    /// IPv6 only.
    V6,
    /// Both; hypervisors have IPv4 VTEPs unless told otherwise.
    Dual,
}

impl Underlay {
    /// Whether the underlay carries a family.
    #[must_use]
    pub fn has(self, family: Family) -> bool {
        match self {
            Self::V4 => family == Family::V4,
            Self::V6 => family == Family::V6,
            Self::Dual => true,
        }
    }

    /// The family that it carries, IPv4 where it carries both.
    pub(crate) fn first(self) -> Family {
        if self == Self::V6 {
            Family::V6
        } else {
            Family::V4
        }
    }

    /// Largest IP packet of a member over an underlay of `mtu` bytes.
    pub(crate) fn member_mtu(self, mtu: u32) -> u32 {
        let largest = if self == Self::V4 {
            Family::V4
        } else {
            Family::V6
        };
        mtu - largest.overhead()
    }
}

/// A station's way into the underlay.
#[derive(Clone, Debug)]
pub struct Uplink {
    /// The interface that frames go through.
    pub interface: String,
    /// The interface that has the addresses: the same, or its VLAN's.
    pub address_interface: String,
    /// MAC of both.
    pub mac: Mac,
    /// Its IPv4 address, where the underlay has the family.
    pub v4: Option<Ipv4Addr>,
    /// Its IPv6 address, where the underlay has the family.
    pub v6: Option<Ipv6Addr>,
    /// Index of [`Self::address_interface`].
    pub(crate) address_index: u32,
    /// Index of the far end, in the underlay's namespace.
    pub(crate) port: u32,
}

impl Uplink {
    /// Its addresses, IPv4 first.
    #[must_use]
    pub fn addresses(&self) -> Vec<IpAddr> {
        self.v4
            .map(IpAddr::V4)
            .into_iter()
            .chain(self.v6.map(IpAddr::V6))
            .collect()
    }

    /// Its address of one family.
    #[must_use]
    pub fn address(&self, family: Family) -> Option<IpAddr> {
        match family {
            Family::V4 => self.v4.map(IpAddr::V4),
            Family::V6 => self.v6.map(IpAddr::V6),
        }
    }
}

/// What is the same for every station.
#[derive(Clone, Copy, Debug)]
pub(crate) struct UnderlayConfig {
    pub(crate) families: Underlay,
    /// Bytes of the largest IP packet.
    pub(crate) mtu: u32,
    pub(crate) vlan: Option<u16>,
    /// Never learn, send every frame to everyone.
    pub(crate) hub: bool,
}

/// The bridge and its namespace.
#[derive(Debug)]
pub(crate) struct Fabric {
    pub(crate) node: Node,
    pub(crate) config: UnderlayConfig,
    bridge: u32,
}

impl Fabric {
    pub(crate) fn new(config: UnderlayConfig, runtime: &Arc<Runtime>) -> Result<Self> {
        let mut node = Node::new(runtime)?;
        let bridge = node.next_index();
        let link = LinkBridge::new("underlay")
            .index(bridge)
            .mtu(config.mtu)
            .mcast_snooping(false)
            .group_fwd_mask(FORWARD_LLDP)
            .build();
        node.netlink.add_link("underlay", link)?;
        Ok(Self {
            node,
            config,
            bridge,
        })
    }

    /// Gives `node` an interface in the underlay, with the station's addresses.
    pub(crate) fn connect(
        &mut self,
        node: &mut Node,
        interface: &str,
        station: Station,
    ) -> Result<Uplink> {
        let UnderlayConfig {
            families,
            mtu,
            vlan,
            hub,
        } = self.config;
        let mac = Mac::of_station(station);
        let port = self.node.next_index();
        let port_name = format!("port{}", station.number());
        let index = node.next_index();
        // What an XDP program sends back is measured against the far end's MTU, tag and all.
        let port_mtu = mtu + vlan.map_or(0, |_| VLAN_TAG);
        self.node.netlink.add_veth(
            VethEnd {
                name: &port_name,
                index: port,
                mac: None,
                mtu: port_mtu,
            },
            Some(BridgePort {
                bridge: self.bridge,
                learning: !hub,
            }),
            VethEnd {
                name: interface,
                index,
                mac: Some(mac),
                mtu,
            },
            &node.netlink,
        )?;
        write_all_into_packets(&self.node.namespace, &[&port_name])?;
        write_all_into_packets(&node.namespace, &[interface])?;

        let (address_interface, address_index) = match vlan {
            None => (interface.to_owned(), index),
            Some(id) => {
                let name = format!("{interface}.{id}");
                let vlan_index = node.next_index();
                let link = LinkVlan::new(&name, index, id)
                    .index(vlan_index)
                    .mtu(mtu)
                    .up()
                    .build();
                node.netlink.add_link(&name, link).map_err(|error| {
                    LabError::Missing(format!(
                        "The kernel has no 802.1Q devices (CONFIG_VLAN_8021Q): {error}."
                    ))
                })?;
                (name, vlan_index)
            }
        };
        let v4 = families.has(Family::V4).then_some(station.v4());
        let v6 = families.has(Family::V6).then_some(station.v6());
        if let Some(address) = v4 {
            node.netlink
                .add_address(address_index, address.into(), UNDERLAY_PREFIX_V4)?;
        }
        if let Some(address) = v6 {
            node.netlink
                .add_address(address_index, address.into(), UNDERLAY_PREFIX_V6)?;
        }
        Ok(Uplink {
            interface: interface.to_owned(),
            address_interface,
            mac,
            v4,
            v6,
            address_index,
            port,
        })
    }
}
