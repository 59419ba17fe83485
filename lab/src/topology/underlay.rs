//! The underlay: a bridge for each of its subnets, to which every station there
//! has a veth.

use std::sync::Arc;

use rtnetlink::{LinkBridge, LinkVlan};
use tokio::runtime::Runtime;

use super::node::Node;
use super::uplink::Uplink;
use crate::addressing::{Family, Mac, Station, Subnet};
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

/// A subnet's bridge and its namespace.
#[derive(Debug)]
pub(crate) struct Fabric {
    pub(crate) node: Node,
    pub(crate) config: UnderlayConfig,
    subnet: Subnet,
    bridge: u32,
}

impl Fabric {
    pub(crate) fn new(
        subnet: Subnet,
        config: UnderlayConfig,
        runtime: &Arc<Runtime>,
    ) -> Result<Self> {
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
            subnet,
            bridge,
        })
    }

    /// Gives `node` an interface in the subnet, with the station's addresses.
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
        let mac = Mac::of_station(station, self.subnet);
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
        let uplink = Uplink {
            interface: interface.to_owned(),
            address_interface,
            mac,
            v4: families.has(Family::V4).then_some(station.v4(self.subnet)),
            v6: families.has(Family::V6).then_some(station.v6(self.subnet)),
            subnet: self.subnet,
            address_index,
            port,
            netlink: node.netlink.clone(),
        };
        for address in uplink.addresses() {
            uplink.add_address(address)?;
        }
        Ok(uplink)
    }
}
