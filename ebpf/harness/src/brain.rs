//! The brain in user space, over plain hash maps.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use isthmus_abi::{HypervisorEntry, Liveness, MemberWord};
use isthmus_datapath::{Hypervisor, Linear, Route, Tables, Verdict, process};

use crate::verdict::Judged;
use crate::world::World;

/// `isthmus-datapath` over a [`World`].
#[derive(Debug)]
pub struct Brain<'a> {
    world: &'a World,
    vteps: Vec<IpAddr>,
}

impl<'a> Brain<'a> {
    /// The brain of this world.
    #[must_use]
    pub fn new(world: &'a World) -> Self {
        Self {
            world,
            vteps: world.next_hops.keys().copied().collect(),
        }
    }

    /// Takes a frame through the brain.
    #[must_use]
    pub fn judge(&self, frame: &[u8]) -> Judged {
        let mut frame = frame.to_vec();
        let verdict = process(&mut Linear(&mut frame), &self.world.config, self);
        let peering = match verdict {
            Verdict::Forwarded { peering } => Some(peering),
            Verdict::Passed | Verdict::Answered | Verdict::Dropped(_) => None,
        };
        Judged {
            outcome: verdict.outcome(),
            peering,
            frame,
        }
    }

    fn route(&self, vni: u32, address: IpAddr) -> Option<Route> {
        let entry = self.world.route(vni, address)?;
        Some(Route {
            peer_vni: entry.peer_vni,
            peering: entry.peering,
        })
    }

    fn member(&self, vni: u32, address: IpAddr) -> MemberWord {
        let Some(member) = self.world.member(vni, address) else {
            return MemberWord(0);
        };
        let index = self.vteps.iter().position(|vtep| *vtep == member.vtep);
        MemberWord::new(member.mac, index.map_or(0, |index| index as u16 + 1))
    }
}

impl Tables for Brain<'_> {
    fn route_v4(&self, vni: u32, destination: u32) -> Option<Route> {
        self.route(vni, Ipv4Addr::from_bits(destination).into())
    }
    fn route_v6(&self, vni: u32, destination: [u64; 2]) -> Option<Route> {
        self.route(vni, address_v6(destination))
    }
    fn member_v4(&self, vni: u32, address: u32) -> MemberWord {
        self.member(vni, Ipv4Addr::from_bits(address).into())
    }
    fn member_v6(&self, vni: u32, address: [u64; 2]) -> MemberWord {
        self.member(vni, address_v6(address))
    }
    fn hypervisor(&self, index: u16, _: u32) -> Hypervisor {
        let vtep = usize::from(index)
            .checked_sub(1)
            .and_then(|index| self.vteps.get(index));
        let Some(vtep) = vtep else {
            return Hypervisor::default();
        };
        let words = match vtep {
            IpAddr::V4(vtep) => HypervisorEntry::mapped(vtep.to_bits()),
            IpAddr::V6(vtep) => [(vtep.to_bits() >> 64) as u64, vtep.to_bits() as u64],
        };
        Hypervisor {
            vtep: words,
            next_hop: self.world.next_hops[vtep],
        }
    }
    fn is_hypervisor(&self, vtep: [u64; 2]) -> bool {
        let address = address_v6(vtep).to_canonical();
        self.vteps.contains(&address)
    }
    fn liveness(&self) -> Liveness {
        self.world.liveness
    }
}

fn address_v6([high, low]: [u64; 2]) -> IpAddr {
    Ipv6Addr::from_bits(u128::from(high) << 64 | u128::from(low)).into()
}
