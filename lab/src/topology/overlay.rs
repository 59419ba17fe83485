//! What of a hypervisor is above the underlay: for each VPC a bridge and a VXLAN
//! device of the kernel, and the members behind them.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use rtnetlink::{LinkBridge, LinkVxlan};
use tokio::runtime::Runtime;

use super::description::Description;
use super::hypervisor::{Hypervisor, VXLAN_PORT};
use super::member::Member;
use super::node::Node;
use super::vpc::Vpc;
use crate::addressing::Mac;
use crate::error::Result;
use crate::kernel::ethtool::write_all_into_packets;
use crate::kernel::netlink::{BridgePort, Netlink, VethEnd};

/// One VPC's bridge and VXLAN device on one hypervisor: interface indexes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Segment {
    pub(crate) bridge: u32,
    pub(crate) vxlan: u32,
}

/// What is the same for every VXLAN device.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Encapsulation {
    /// Bytes of the largest inner IP packet.
    pub(crate) mtu: u32,
    /// Whether outer UDP checksums are written; by default over IPv6 only.
    pub(crate) checksums: Option<bool>,
    /// The gateway's MAC in every VPC.
    pub(crate) gateway_mac: Mac,
}

/// Bridges, VXLAN devices and the members' ports of one hypervisor.
#[derive(Debug)]
pub(crate) struct Overlay {
    /// Where bridges, VXLAN devices and ports are.
    pub(crate) node: Node,
    /// A socket in the namespace that encapsulated packets leave from: the
    /// same, or another one that is in the underlay.
    pub(crate) underlay: Netlink,
    pub(crate) vtep: IpAddr,
    pub(crate) segments: HashMap<u32, Segment>,
}

impl Overlay {
    pub(crate) fn new(node: Node, underlay: Netlink, vtep: IpAddr) -> Self {
        Self {
            node,
            underlay,
            vtep,
            segments: HashMap::new(),
        }
    }

    /// Makes the VPC's bridge and VXLAN device. Nothing is learnt: every entry
    /// of the forwarding databases is put there by the lab.
    pub(crate) fn add_segment(
        &mut self,
        vpc: &Vpc,
        encapsulation: Encapsulation,
        gateway: IpAddr,
    ) -> Result<Segment> {
        let Encapsulation {
            mtu,
            checksums,
            gateway_mac,
        } = encapsulation;
        let node = &mut self.node;
        let segment = Segment {
            bridge: node.next_index(),
            vxlan: node.next_index(),
        };
        let bridge_name = Hypervisor::bridge_name(vpc);
        let bridge = LinkBridge::new(&bridge_name)
            .index(segment.bridge)
            .mtu(mtu)
            .mcast_snooping(false)
            .build();
        node.netlink.add_link(&bridge_name, bridge)?;

        let vxlan_name = Hypervisor::vxlan_name(vpc);
        let vxlan = LinkVxlan::new(&vxlan_name, vpc.vni())
            .index(segment.vxlan)
            .controller(segment.bridge)
            .mtu(mtu)
            .port(VXLAN_PORT)
            .learning(false)
            .up();
        let vxlan = match self.vtep {
            IpAddr::V4(vtep) => vxlan.local(vtep).udp_csum(checksums.unwrap_or(false)),
            IpAddr::V6(vtep) => vxlan
                .local6(vtep)
                .udp_zero_csum6_tx(!checksums.unwrap_or(true))
                .udp_zero_csum6_rx(true),
        };
        // A VXLAN device keeps its sockets in the namespace that it was asked for in,
        // wherever it is itself.
        let vxlan = vxlan.setns_by_fd(node.namespace.fd()).build();
        self.underlay.add_link(&vxlan_name, vxlan)?;
        node.netlink.set_learning(segment.vxlan, false)?;
        node.netlink
            .fdb_on_vtep(segment.vxlan, gateway_mac, gateway)?;
        self.segments.insert(vpc.vni(), segment);
        Ok(segment)
    }

    /// Makes a member's namespace and puts it behind its VPC's bridge, by a
    /// port of this name. Nothing is sent there yet. Returns the port's index.
    pub(crate) fn place(
        &mut self,
        description: &Description,
        segment: Segment,
        port_name: &str,
        encapsulation: Encapsulation,
        runtime: &Arc<Runtime>,
    ) -> Result<(Node, u32)> {
        let mtu = encapsulation.mtu;
        let mut node = Node::new(runtime)?;
        let index = node.next_index();
        let port = self.node.next_index();
        self.node.netlink.add_veth(
            VethEnd {
                name: port_name,
                index: port,
                mac: None,
                mtu,
            },
            Some(BridgePort {
                bridge: segment.bridge,
                learning: false,
            }),
            VethEnd {
                name: Member::INTERFACE,
                index,
                mac: Some(description.mac),
                mtu,
            },
            &node.netlink,
        )?;
        write_all_into_packets(&node.namespace, &[Member::INTERFACE])?;
        description.configure(&node, index, encapsulation.gateway_mac)?;
        Ok((node, port))
    }
}
