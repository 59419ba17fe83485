//! Where every member should be.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use super::operation::{MemberId, MemberPlace};

/// Places of members. Those that have an IPv4 address on an IPv4 hypervisor, which
/// are most, take 18 bytes each.
#[derive(Clone, Debug, Default)]
pub(super) struct Members {
    hosts_v4: BTreeMap<HostV4, PlaceV4>,
    others: BTreeMap<MemberId, MemberPlace>,
}

/// VNI and address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct HostV4(u32, Ipv4Addr);

/// MAC, in the order of the wire, and hypervisor.
#[derive(Clone, Copy, Debug)]
struct PlaceV4([u8; 6], Ipv4Addr);

impl HostV4 {
    fn of(id: &MemberId) -> Option<Self> {
        match id.exact()? {
            IpAddr::V4(address) => Some(Self(id.vni, address)),
            IpAddr::V6(_) => None,
        }
    }

    fn id(self) -> MemberId {
        MemberId {
            vni: self.0,
            prefix: IpAddr::V4(self.1).into(),
        }
    }
}

impl PlaceV4 {
    fn of(place: MemberPlace) -> Option<Self> {
        let [0, 0, mac @ ..] = place.mac.to_be_bytes() else {
            return None;
        };
        match place.hypervisor {
            IpAddr::V4(hypervisor) => Some(Self(mac, hypervisor)),
            IpAddr::V6(_) => None,
        }
    }

    fn place(self) -> MemberPlace {
        let [a, b, c, d, e, f] = self.0;
        MemberPlace {
            mac: u64::from_be_bytes([0, 0, a, b, c, d, e, f]),
            hypervisor: self.1.into(),
        }
    }
}

impl Members {
    /// Puts a member in its place; gives where it was.
    pub(super) fn insert(&mut self, id: MemberId, place: MemberPlace) -> Option<MemberPlace> {
        let before = self.remove(&id);
        match HostV4::of(&id).zip(PlaceV4::of(place)) {
            Some((host, place)) => drop(self.hosts_v4.insert(host, place)),
            None => drop(self.others.insert(id, place)),
        }
        before
    }

    pub(super) fn remove(&mut self, id: &MemberId) -> Option<MemberPlace> {
        let host = HostV4::of(id).and_then(|host| self.hosts_v4.remove(&host));
        host.map(PlaceV4::place).or_else(|| self.others.remove(id))
    }

    pub(super) fn get(&self, id: &MemberId) -> Option<MemberPlace> {
        let host = HostV4::of(id).and_then(|host| self.hosts_v4.get(&host));
        host.map(|place| place.place())
            .or_else(|| self.others.get(id).copied())
    }

    pub(super) fn len(&self) -> usize {
        self.hosts_v4.len() + self.others.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (MemberId, MemberPlace)> {
        let hosts = self.hosts_v4.iter();
        let others = self.others.iter();
        hosts
            .map(|(host, place)| (host.id(), place.place()))
            .chain(others.map(|(id, place)| (*id, *place)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_is_where_it_was_put_last_whatever_the_families() {
        let mut members = Members::default();
        let ids = ["10.0.0.2/32", "10.0.0.2/31", "fd00::2/128"].map(|prefix| MemberId {
            vni: 7,
            prefix: prefix.parse().unwrap(),
        });
        let places = ["172.16.0.1", "fd01::1", "172.16.0.2"].map(|vtep| MemberPlace {
            mac: 0x0200_0000_0001,
            hypervisor: vtep.parse().unwrap(),
        });
        for id in ids {
            let mut before = None;
            for place in places {
                assert_eq!(members.insert(id, place), before);
                assert_eq!(members.get(&id), Some(place));
                before = Some(place);
            }
        }
        let mut all: Vec<_> = members.iter().collect();
        all.sort_unstable();
        let mut wanted = ids.map(|id| (id, places[2]));
        wanted.sort_unstable();
        assert_eq!(all, wanted);
        for (left, id) in ids.iter().enumerate().rev() {
            assert_eq!(members.remove(id), Some(places[2]));
            assert_eq!((members.get(id), members.len()), (None, left));
        }
    }
}
