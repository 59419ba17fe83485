//! The installation of a cell, and frames between its members.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use anyhow::{Context as _, Result};
use isthmus_abi::{HashKey, MemberWord, RouterConfig};
use isthmus_harness::Checksum;
use isthmus_harness::scene::{GATEWAY_MAC, Shape, config};
use isthmus_tables::{Label, Prefix, RcuGrace, RouteTarget, Sizing, Tables, Writer, flatten};

use crate::cell::Cell;

/// Hypervisors over which members are spread.
const HYPERVISORS: u32 = 1000;

/// A small generator (splitmix64), for the same flows every time.
#[derive(Debug)]
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, bound: u32) -> u32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ word >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ word >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((u128::from(word ^ word >> 31) * u128::from(bound)) >> 64) as u32
    }
}

/// The first address of a VPC: 512 each from 10.0.0.0 on, or fd00:0:0:VPC::.
pub(crate) fn network(cell: &Cell, vpc: u32) -> IpAddr {
    address(cell, vpc, 0)
}

/// Prefix length of a VPC.
pub(crate) fn length(cell: &Cell) -> u8 {
    if cell.v6 { 64 } else { 23 }
}

/// An address of a VPC.
pub(crate) fn address(cell: &Cell, vpc: u32, host: u32) -> IpAddr {
    if cell.v6 {
        Ipv6Addr::from_bits((0xfd00 << 48 | u128::from(vpc)) << 64 | u128::from(host)).into()
    } else {
        Ipv4Addr::from_bits((10 << 24) + (vpc << 9) + host).into()
    }
}

/// The hypervisor of a member.
pub(crate) fn vtep(vpc: u32, host: u32) -> Ipv4Addr {
    let hypervisor = (vpc << 9 | host).wrapping_mul(0x9e37_79b1) % HYPERVISORS;
    Ipv4Addr::from_bits(0xac10_0100 + hypervisor)
}

/// The member's MAC.
pub(crate) fn mac(vpc: u32, host: u32) -> u64 {
    0x0200_0000_0000 | u64::from(vpc << 9 | host)
}

/// Tables filled, and the configuration that fits them.
pub(crate) fn install(cell: &Cell) -> Result<(Arc<Tables>, RouterConfig)> {
    let members = cell.vpcs * cell.members;
    let sizing = Sizing {
        members_v4: if cell.v6 { 16 } else { members },
        members_v6: if cell.v6 { members } else { 16 },
        vpcs: cell.vpcs,
        peerings: cell.vpcs * 2,
        prefixes_v4: 16,
        prefixes_v6: 16,
        route_lines: cell.vpcs * 4,
    };
    let hash = HashKey::new([
        0x0123_4567_89ab_cdef,
        0x9e37_79b9_7f4a_7c15,
        0xbf58_476d_1ce4_e5b9,
    ]);
    let tables = Arc::new(Tables::create(&sizing.capacities(), hash)?);
    let (mut writer, _) = Writer::take_over(tables.clone(), Box::new(RcuGrace::new()?))?;
    let config = RouterConfig {
        hash,
        capacities: *tables.capacities(),
        ..config(false)
    };
    for hypervisor in 0..HYPERVISORS {
        let vtep = Ipv4Addr::from_bits(0xac10_0100 + hypervisor).into();
        writer.add_hypervisor(vtep)?;
        writer.set_next_hop(vtep, config.port, 0x0200_0001_0000 + u64::from(hypervisor))?;
    }
    for vpc in 0..cell.vpcs {
        for host in 2..cell.members + 2 {
            let index = writer
                .hypervisor(vtep(vpc, host).into())
                .context("a hypervisor is missing")?;
            let word = MemberWord::new(mac(vpc, host), index);
            writer.set_member(vpc + 1, address(cell, vpc, host), word)?;
        }
        let peers = [(vpc + 1) % cell.vpcs, (vpc + cell.vpcs - 1) % cell.vpcs];
        let mut routes = Vec::new();
        for peer in peers {
            let name = format!("bench/{}-{}", vpc.min(peer), vpc.max(peer));
            let counter = writer.add_label(&Label {
                vni: vpc + 1,
                peer_vni: peer + 1,
                name,
            })?;
            let target = RouteTarget {
                peer_vni: peer + 1,
                counter,
            };
            let prefix = Prefix {
                address: network(cell, peer),
                length: length(cell),
            };
            routes.push((prefix, target));
        }
        writer.set_routes(vpc + 1, &flatten(routes)?)?;
    }
    writer.settle()?;
    Ok((tables, config))
}

/// Who talks to whom.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Flow {
    /// VPC and host of the source.
    pub(crate) from: (u32, u32),
    /// VPC and host of the destination.
    pub(crate) to: (u32, u32),
    /// UDP source port.
    port: u16,
}

impl Flow {
    /// From any member to any of a peer's.
    pub(crate) fn any(cell: &Cell, random: &mut Random) -> Self {
        let vpc = random.below(cell.vpcs);
        let step = [1, cell.vpcs - 1][random.below(2) as usize];
        Self {
            from: (vpc, 2 + random.below(cell.members)),
            to: ((vpc + step) % cell.vpcs, 2 + random.below(cell.members)),
            port: 0xc000 | random.below(1 << 14) as u16,
        }
    }

    /// Its frame, with a UDP checksum or without.
    pub(crate) fn frame(self, cell: &Cell, checksum: Checksum) -> Vec<u8> {
        let mut frame = Shape {
            outer_v6: false,
            inner_v6: cell.v6,
            tagged: false,
        }
        .frame();
        frame.outer.source = vtep(self.from.0, self.from.1).into();
        frame.source_port = self.port;
        frame.checksum = checksum;
        frame.vxlan = 0x0800_0000_0000_0000 | u64::from(self.from.0 + 1) << 8;
        frame.inner_to = GATEWAY_MAC;
        frame.inner.source = address(cell, self.from.0, self.from.1);
        frame.inner.destination = address(cell, self.to.0, self.to.1);
        if cell.v6 {
            frame.inner.payload = b"sixteen bytes...".to_vec();
        }
        frame.bytes()
    }
}
