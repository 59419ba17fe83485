//! A small installation that fixtures and properties share.
//!
//! VPC 100 and VPC 200 are peered. VPC 300 is peered with nobody. VPC 400 is
//! peered with VPC 100, which exports only 10.100.1.0/24 and fd00:100:1::/64
//! to it.

use std::net::IpAddr;

use isthmus_abi::{MAX_VTEPS, RouterConfig};

use crate::bfd;
use crate::frame::{Checksum, EXPERIMENT, FrameSpec, InnerSpec, OuterSpec};
use crate::world::{Member, MemberPrefix, RouteEntry, World, small};

/// The port's MAC.
pub const PORT_MAC: u64 = 0x0200_0000_00aa;
/// The gateway's MAC in every VPC.
pub const GATEWAY_MAC: u64 = 0x0200_5e00_5301;
/// MAC of the next hop towards both hypervisors of the destination.
pub const NEXT_HOP: u64 = 0x0200_0000_00bb;
/// MAC of member `host` of a VPC.
#[must_use]
pub const fn member_mac(vni: u32, host: u8) -> u64 {
    0x0200_0000_0000 | (vni as u64) << 8 | host as u64
}
/// The VLAN of tagged shapes.
pub const VLAN: u16 = 77;

/// Peering counters: 100 to 200, 200 to 100, 100 to 400, 400 to 100; each plus
/// [`IPV6`] for IPv6 routes.
pub const COUNTERS: [u32; 4] = [0, 1, 2, 3];
/// Added to the counter of an IPv6 route.
pub const IPV6: u32 = 4;

/// Families and tag of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Shape {
    /// Outer IPv6.
    pub outer_v6: bool,
    /// Inner IPv6.
    pub inner_v6: bool,
    /// An 802.1Q tag.
    pub tagged: bool,
}

impl Shape {
    /// All eight.
    #[must_use]
    pub fn all() -> [Self; 8] {
        std::array::from_fn(|bits| Self {
            outer_v6: bits & 1 != 0,
            inner_v6: bits & 2 != 0,
            tagged: bits & 4 != 0,
        })
    }

    /// In words.
    #[must_use]
    pub fn name(self) -> String {
        format!(
            "IPv{} in IPv{}{}",
            if self.inner_v6 { 6 } else { 4 },
            if self.outer_v6 { 6 } else { 4 },
            if self.tagged { ", tagged" } else { "" }
        )
    }

    /// Address `host` in subnet `subnet` of a VPC.
    #[must_use]
    pub fn address(self, vni: u32, subnet: u8, host: u8) -> IpAddr {
        // Members on hypervisors of the IPv6 underlay have addresses of their own.
        let host = if self.outer_v6 { host | 0x80 } else { host };
        inner_address(self.inner_v6, vni, subnet, host)
    }

    /// VTEP of hypervisor `index` in the outer family.
    #[must_use]
    pub fn vtep(self, index: u8) -> IpAddr {
        vtep(self.outer_v6, index)
    }

    /// A frame from member 2 of VPC 100 on hypervisor 11 to member 3 of VPC
    /// 200 on hypervisor 12.
    #[must_use]
    pub fn frame(self) -> FrameSpec {
        FrameSpec {
            to: PORT_MAC,
            from: 0x0200_0000_00cc,
            tags: if self.tagged {
                vec![(0x8100, VLAN)]
            } else {
                Vec::new()
            },
            ethertype: None,
            outer: OuterSpec {
                source: self.vtep(11),
                destination: self.vtep(1),
                ttl: 33,
                traffic_class: 0xb9,
                fragment: 0x4000,
                protocol: 17,
                options: Vec::new(),
                length_error: 0,
            },
            source_port: 54321,
            port: 4789,
            udp_length_error: 0,
            checksum: Checksum::Right,
            vxlan: 0x0800_0000_0000_0000 | 100 << 8,
            inner_to: GATEWAY_MAC,
            inner_from: member_mac(100, 2),
            inner_ethertype: None,
            inner: InnerSpec {
                source: self.address(100, 0, 2),
                destination: self.address(200, 0, 3),
                ttl: 64,
                fragment: 0x4000,
                protocol: EXPERIMENT,
                options: Vec::new(),
                first_byte_error: 0,
                length_error: 0,
                checksum: Checksum::Right,
                payload: b"twelve bytes".to_vec(),
            },
            inner_padding: 0,
            padding: 0,
            cut: None,
        }
    }

    /// A frame with which hypervisor 11 asks whether the gateway lives, as Open
    /// vSwitch does: IPv4 inside, whatever the shape.
    #[must_use]
    pub fn question(self, control: &bfd::Control) -> FrameSpec {
        let mut frame = self.frame();
        frame.vxlan = 0x0800_0000_0000_0000;
        frame.inner_to = 0x0023_2000_0001;
        frame.inner_from = 0x0200_0000_00ee;
        frame.inner.source = [169, 254, 1, 1].into();
        frame.inner.destination = [169, 254, 1, 0].into();
        frame.inner.ttl = 255;
        frame.inner.fragment = 0;
        frame.inner.protocol = 17;
        frame.inner.payload = control.udp(49_321, bfd::PORT);
        frame
    }

    /// What [`Shape::question`] becomes.
    #[must_use]
    pub fn answer(self, question: &FrameSpec, control: &bfd::Control) -> FrameSpec {
        let mut frame = question.clone();
        frame.to = question.from;
        frame.from = PORT_MAC;
        frame.outer.source = question.outer.destination;
        frame.outer.destination = question.outer.source;
        frame.outer.ttl = 64;
        frame.vxlan = 0x0800_0000_0000_0000;
        frame.inner_to = question.inner_from;
        frame.inner_from = question.inner_to;
        frame.inner.source = question.inner.destination;
        frame.inner.destination = question.inner.source;
        frame.inner.payload = control.udp(49_152, bfd::PORT);
        frame
    }

    /// What [`Shape::frame`] becomes: `frame` after the router, if it goes to
    /// member `host` of `vni` on hypervisor `hypervisor`.
    #[must_use]
    pub fn forwarded(self, frame: &FrameSpec, vni: u32, host: u8, hypervisor: u8) -> FrameSpec {
        let mut out = frame.clone();
        out.to = NEXT_HOP;
        out.from = PORT_MAC;
        out.outer.source = frame.outer.destination;
        out.outer.destination = self.vtep(hypervisor);
        out.outer.ttl = 64;
        out.vxlan = 0x0800_0000_0000_0000 | u64::from(vni) << 8;
        out.inner_to = member_mac(vni, host);
        out.inner_from = GATEWAY_MAC;
        out.inner.ttl -= 1;
        out
    }
}

fn inner_address(v6: bool, vni: u32, subnet: u8, host: u8) -> IpAddr {
    if v6 {
        [
            0xfd00,
            vni as u16,
            u16::from(subnet),
            0,
            0,
            0,
            0,
            u16::from(host),
        ]
        .into()
    } else {
        [10, (vni % 256) as u8, subnet, host].into()
    }
}

fn vtep(v6: bool, index: u8) -> IpAddr {
    if v6 {
        [0x2001, 0xdb8, 0, 0, 0, 0, 0, u16::from(index)].into()
    } else {
        [172, 16, 0, index].into()
    }
}

/// The configuration of the port.
#[must_use]
pub fn config(tagged: bool) -> RouterConfig {
    let (capacities, hash) = small();
    let mut vteps_v6 = [[0; 2]; MAX_VTEPS];
    let mut vteps_v4 = [0; MAX_VTEPS];
    for slot in 0..2 {
        vteps_v6[slot] = [0x2001_0db8 << 32, slot as u64 + 1];
        vteps_v4[slot] = 0xac10_0001 + slot as u32;
    }
    RouterConfig {
        vteps_v6,
        port_mac: PORT_MAC,
        gateway_mac: GATEWAY_MAC,
        hash,
        capacities,
        vteps_v4,
        port: 3,
        vlan: if tagged { VLAN } else { 0 },
        vxlan_port: 4789,
    }
}

/// The installation.
///
/// Members of subnet 0: 2 on hypervisor 11, 3 on 12, 4 on 13 (whose next hop is
/// unknown), 5 on hypervisor 12 of the other underlay family. Subnet 1: 2 on
/// 11. Subnet 128: member 9 on hypervisor 12 (of VPC 100: on 11) routes for all
/// of it; member 7 has an address in it.
#[must_use]
pub fn world(tagged: bool) -> World {
    let mut world = World::new(config(tagged));
    for outer_v6 in [false, true] {
        for (index, next_hop) in [(11, 0x0200_0000_00dd), (12, NEXT_HOP), (13, 0)] {
            world.next_hops.insert(vtep(outer_v6, index), next_hop);
        }
    }
    for shape in Shape::all().into_iter().filter(|shape| !shape.tagged) {
        for vni in [100, 200, 300, 400] {
            let other = Shape {
                outer_v6: !shape.outer_v6,
                ..shape
            };
            let mut member = |subnet, host, vtep| {
                let address = shape.address(vni, subnet, host);
                world.members.insert(
                    (vni, address),
                    Member {
                        mac: member_mac(vni, host),
                        vtep,
                    },
                );
            };
            member(0, 2, shape.vtep(11));
            member(0, 3, shape.vtep(12));
            member(0, 4, shape.vtep(13));
            member(0, 5, other.vtep(12));
            member(1, 2, shape.vtep(11));
            member(128, 7, shape.vtep(12));
            let vtep = shape.vtep(if vni == 100 { 11 } else { 12 });
            world.prefixes.push(MemberPrefix {
                vni,
                // Halves of the subnet, one for each underlay.
                network: shape.address(vni, 128, 0),
                length: if shape.inner_v6 { 121 } else { 25 },
                member: Member {
                    mac: member_mac(vni, 9),
                    vtep,
                },
            });
        }
    }
    for (inner_v6, bits) in [(false, 16), (true, 32)] {
        let offset = if inner_v6 { IPV6 } else { 0 };
        let mut route = |vni, peer_vni, subnet, length, counter: usize| {
            world.routes.entry(vni).or_default().push(RouteEntry {
                network: inner_address(inner_v6, peer_vni, subnet, 0),
                length,
                peer_vni,
                peering: COUNTERS[counter] + offset,
            });
        };
        route(100, 200, 0, bits, 0);
        route(200, 100, 0, bits, 1);
        route(100, 400, 0, bits, 2);
        route(400, 100, 1, if inner_v6 { 48 } else { 24 }, 3);
    }
    world
}
