//! Frames and tables at random, in a universe so small that they often meet.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use isthmus_harness::bfd::{Control, discriminator};
use isthmus_harness::scene::{Shape, config};
use isthmus_harness::{Checksum, FrameSpec, Member, MemberPrefix, RouteEntry, World};
use proptest::prelude::*;
use proptest::sample::select;

/// Frames of the scene with some bytes changed and sometimes an end cut off.
pub(crate) fn mutated_frame() -> impl Strategy<Value = Vec<u8>> {
    let frame = select(Shape::all().to_vec()).prop_map(|shape| shape.frame().bytes());
    mutated(frame)
}

/// The same of hypervisors' questions whether the gateway lives.
pub(crate) fn question() -> impl Strategy<Value = Vec<u8>> {
    let shape = select(Shape::all().to_vec());
    (shape, 0_u8..4, any::<bool>()).prop_flat_map(|(shape, state, is_known)| {
        let own = discriminator(shape.vtep(1), shape.vtep(11));
        let control = Control::question(state, if is_known { own } else { 0 });
        mutated(Just(shape.question(&control).bytes()))
    })
}

fn mutated(frame: impl Strategy<Value = Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    let changes = prop::collection::vec((0_usize..160, any::<u8>()), 0..4);
    let cut = prop_oneof![3 => Just(usize::MAX), 1 => 0_usize..180];
    (frame, changes, cut).prop_map(|(mut frame, changes, cut)| {
        for (at, byte) in changes {
            if let Some(place) = frame.get_mut(at) {
                *place = byte;
            }
        }
        frame.truncate(cut);
        frame
    })
}

fn vni() -> impl Strategy<Value = u32> {
    prop_oneof![8 => 1_u32..3, 1 => Just((1 << 24) - 1)]
}

fn address(v6: bool) -> impl Strategy<Value = IpAddr> {
    (0_u8..3, select(vec![0_u8, 1, 2, 127, 128, 255])).prop_map(move |(subnet, host)| {
        if v6 {
            IpAddr::from([
                0xfd00_u16 + u16::from(subnet),
                0,
                0,
                0,
                0,
                0,
                0,
                u16::from(host),
            ])
        } else {
            IpAddr::from([10 + subnet * 100, 0, subnet, host])
        }
    })
}

fn any_address() -> impl Strategy<Value = IpAddr> {
    any::<bool>().prop_flat_map(address)
}

fn vtep(v6: bool) -> impl Strategy<Value = IpAddr> {
    (11_u8..14).prop_map(move |index| {
        let shape = Shape {
            outer_v6: v6,
            inner_v6: false,
            tagged: false,
        };
        shape.vtep(index)
    })
}

fn member() -> impl Strategy<Value = Member> {
    (1_u64..1 << 48, any::<bool>().prop_flat_map(vtep)).prop_map(|(mac, vtep)| Member { mac, vtep })
}

/// A prefix around an address, its host bits cleared.
fn prefix() -> impl Strategy<Value = (IpAddr, u8)> {
    any_address().prop_flat_map(|address| {
        let bits: u8 = if address.is_ipv4() { 32 } else { 128 };
        let length = prop_oneof![3 => 0..=8_u8, 3 => 0..=bits, 1 => bits - 8..=bits];
        length.prop_map(move |length| (network(address, length), length))
    })
}

fn network(address: IpAddr, length: u8) -> IpAddr {
    match address {
        IpAddr::V4(address) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(length)).unwrap_or(0);
            Ipv4Addr::from_bits(address.to_bits() & mask).into()
        }
        IpAddr::V6(address) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(length)).unwrap_or(0);
            Ipv6Addr::from_bits(address.to_bits() & mask).into()
        }
    }
}

/// Tables with anything in them.
pub(crate) fn world() -> impl Strategy<Value = World> {
    let members = prop::collection::hash_map((vni(), any_address()), member(), 0..60);
    let prefixes = prop::collection::btree_map((vni(), prefix()), member(), 0..12);
    let routes = prop::collection::btree_map((vni(), prefix()), (vni(), 0_u32..64), 0..40);
    let next_hop = prop_oneof![3 => 1_u64..1 << 48, 1 => Just(0)];
    let next_hops = prop::collection::vec(next_hop, 6);
    (members, prefixes, routes, next_hops, any::<[u64; 3]>()).prop_map(
        |(members, prefixes, routes, next_hops, secret)| {
            let mut world = World::new(config(false));
            world.config.hash = isthmus_abi::HashKey::new(secret);
            world.members = members;
            world.prefixes = member_prefixes(prefixes);
            for ((vni, (network, length)), (peer_vni, peering)) in routes {
                let entry = RouteEntry {
                    network,
                    length,
                    peer_vni,
                    peering,
                };
                world.routes.entry(vni).or_default().push(entry);
            }
            for (place, next_hop) in next_hops.into_iter().enumerate() {
                let shape = Shape {
                    outer_v6: place >= 3,
                    inner_v6: false,
                    tagged: false,
                };
                world
                    .next_hops
                    .insert(shape.vtep(11 + place as u8 % 3), next_hop);
            }
            world
        },
    )
}

fn member_prefixes(prefixes: BTreeMap<(u32, (IpAddr, u8)), Member>) -> Vec<MemberPrefix> {
    prefixes
        .into_iter()
        .map(|((vni, (network, length)), member)| MemberPrefix {
            vni,
            network,
            length,
            member,
        })
        .collect()
}

/// A sound frame between addresses of the universe, and three numbers by which
/// [`aim`] picks what it is about.
pub(crate) type Recipe = (FrameSpec, [usize; 3]);

/// Sound frames between addresses of the universe.
pub(crate) fn frame() -> impl Strategy<Value = Recipe> {
    let shape = (any::<bool>(), any::<bool>()).prop_flat_map(|(outer_v6, inner_v6)| {
        let shape = Shape {
            outer_v6,
            inner_v6,
            tagged: false,
        };
        let payload = prop::collection::vec(any::<u8>(), 0..40);
        let ttl = prop_oneof![1 => 0_u8..3, 4 => any::<u8>()];
        let inner = (vni(), address(inner_v6), address(inner_v6), ttl, payload);
        let outer = (vtep(outer_v6), any::<u8>(), any::<bool>(), any::<u16>());
        (inner, outer).prop_map(move |((vni, source, destination, ttl, payload), outer)| {
            let mut frame = shape.frame();
            frame.vxlan = 0x0800_0000_0000_0000 | u64::from(vni) << 8;
            frame.inner.source = source;
            frame.inner.destination = destination;
            frame.inner.ttl = ttl;
            frame.inner.payload = payload;
            let (vtep, outer_ttl, summed, port) = outer;
            frame.outer.source = vtep;
            frame.outer.ttl = outer_ttl;
            frame.checksum = if summed {
                Checksum::Right
            } else {
                Checksum::None
            };
            frame.source_port = port;
            frame
        })
    });
    (shape, any::<[usize; 3]>())
}

/// The recipe's frame; two times of three made to come from a member of the
/// world, from where it lives, and to go to a member of another VPC.
pub(crate) fn aim(world: &World, (frame, [source, destination, luck]): &Recipe) -> Vec<u8> {
    let mut frame = frame.clone();
    let mut members: Vec<_> = world
        .members
        .iter()
        .filter(|((_, address), _)| address.is_ipv4() == frame.inner.source.is_ipv4())
        .filter(|(_, member)| member.vtep.is_ipv4() == frame.outer.source.is_ipv4())
        .collect();
    members.sort_by_key(|(key, _)| **key);
    if luck % 3 != 0 && !members.is_empty() {
        let ((vni, address), member) = members[source % members.len()];
        frame.vxlan = 0x0800_0000_0000_0000 | u64::from(*vni) << 8;
        frame.inner.source = *address;
        frame.outer.source = member.vtep;
        members.retain(|((other, _), _)| other != vni);
        if !members.is_empty() {
            frame.inner.destination = members[destination % members.len()].0.1;
        }
    }
    frame.bytes()
}
