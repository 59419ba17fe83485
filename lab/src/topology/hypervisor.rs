//! A hypervisor: for each VPC a bridge and a VXLAN device of the kernel.

use std::collections::HashMap;
use std::net::IpAddr;

use rtnetlink::{LinkBridge, LinkVxlan};

use super::node::Node;
use super::uplink::Uplink;
use super::vpc::Vpc;
use crate::addressing::Mac;
use crate::error::Result;
use crate::kernel::namespace::Namespace;

/// UDP port of VXLAN (RFC 7348, section 5).
pub const VXLAN_PORT: u16 = 4789;

/// One VPC's bridge and VXLAN device on one hypervisor: interface indexes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Segment {
    pub(crate) bridge: u32,
    pub(crate) vxlan: u32,
}

/// A hypervisor of the lab.
#[derive(Debug)]
pub struct Hypervisor {
    pub(crate) node: Node,
    pub(crate) uplink: Uplink,
    pub(crate) vtep: IpAddr,
    pub(crate) segments: HashMap<u32, Segment>,
}

/// What is the same for every VXLAN device.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Encapsulation {
    /// Bytes of the largest inner IP packet.
    pub(crate) mtu: u32,
    /// Whether outer UDP checksums are written; by default over IPv6 only.
    pub(crate) checksums: Option<bool>,
}

impl Hypervisor {
    /// Its namespace.
    #[must_use]
    pub fn namespace(&self) -> &Namespace {
        &self.node.namespace
    }

    /// Its way into the underlay.
    #[must_use]
    pub fn uplink(&self) -> &Uplink {
        &self.uplink
    }

    /// Its VTEP address.
    #[must_use]
    pub fn vtep(&self) -> IpAddr {
        self.vtep
    }

    /// Name of the bridge that a VPC's members on this hypervisor are on.
    #[must_use]
    pub fn bridge_name(vpc: &Vpc) -> String {
        format!("br{}", vpc.vni())
    }

    /// Name of a VPC's VXLAN device.
    #[must_use]
    pub fn vxlan_name(vpc: &Vpc) -> String {
        format!("vx{}", vpc.vni())
    }

    /// Makes the VPC's bridge and VXLAN device. Nothing is learnt: every entry
    /// of the forwarding databases is put there by the lab.
    pub(crate) fn add_segment(
        &mut self,
        vpc: &Vpc,
        encapsulation: Encapsulation,
        gateway_mac: Mac,
        gateway: IpAddr,
    ) -> Result<Segment> {
        let Encapsulation { mtu, checksums } = encapsulation;
        let node = &mut self.node;
        let segment = Segment {
            bridge: node.next_index(),
            vxlan: node.next_index(),
        };
        let bridge_name = Self::bridge_name(vpc);
        let bridge = LinkBridge::new(&bridge_name)
            .index(segment.bridge)
            .mtu(mtu)
            .mcast_snooping(false)
            .build();
        node.netlink.add_link(&bridge_name, bridge)?;

        let vxlan_name = Self::vxlan_name(vpc);
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
        node.netlink.add_link(&vxlan_name, vxlan.build())?;
        node.netlink.set_learning(segment.vxlan, false)?;
        node.netlink
            .fdb_on_vtep(segment.vxlan, gateway_mac, gateway)?;
        self.segments.insert(vpc.vni(), segment);
        Ok(segment)
    }
}
