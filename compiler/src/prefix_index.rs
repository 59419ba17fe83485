//! Who claims which prefix.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// Claims of prefixes by ids, several ids a prefix. Finds what overlaps a
/// prefix without looking at what does not: prefixes either nest or are
/// disjoint, so that the overlapping ones are a range of the order plus one
/// look-up for each shorter length in use.
#[derive(Debug, Default)]
pub(crate) struct PrefixIndex {
    v4: Family<Ipv4Addr>,
    v6: Family<Ipv6Addr>,
}

/// Claims of one family's prefixes.
#[derive(Debug)]
struct Family<A> {
    /// Of single addresses, which are most: address and id, 8 bytes of IPv4.
    hosts: BTreeSet<(A, u32)>,
    /// Of all others: network address, length, id.
    nets: BTreeSet<(A, u8, u32)>,
    /// Claims of `nets` per length.
    lengths: BTreeMap<u8, usize>,
}

impl PrefixIndex {
    pub(crate) fn insert(&mut self, net: IpNet, id: u32) {
        match net {
            IpNet::V4(net) => self.v4.insert(v4(net), id),
            IpNet::V6(net) => self.v6.insert(v6(net), id),
        }
    }

    pub(crate) fn remove(&mut self, net: IpNet, id: u32) {
        match net {
            IpNet::V4(net) => self.v4.remove(v4(net), id),
            IpNet::V6(net) => self.v6.remove(v6(net), id),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.v4.is_empty() && self.v6.is_empty()
    }

    /// Every claim that shares an address with `net`.
    pub(crate) fn overlapping(&self, net: IpNet) -> impl Iterator<Item = (IpNet, u32)> {
        let (net4, net6) = match net {
            IpNet::V4(net) => (Some(net), None),
            IpNet::V6(net) => (None, Some(net)),
        };
        let claims4 = net4.into_iter().flat_map(|net| {
            let around = move |len| Ipv4Net::new_assert(net.addr(), len).network();
            self.v4.overlapping(v4(net), net.broadcast(), around)
        });
        let claims6 = net6.into_iter().flat_map(|net| {
            let around = move |len| Ipv6Net::new_assert(net.addr(), len).network();
            self.v6.overlapping(v6(net), net.broadcast(), around)
        });
        claims4
            .map(|(addr, len, id)| (Ipv4Net::new_assert(addr, len.unwrap_or(32)).into(), id))
            .chain(
                claims6.map(|(addr, len, id)| {
                    (Ipv6Net::new_assert(addr, len.unwrap_or(128)).into(), id)
                }),
            )
    }
}

/// A prefix: its network address, and its length where it is no single address.
type Prefix<A> = (A, Option<u8>);

fn v4(net: Ipv4Net) -> Prefix<Ipv4Addr> {
    let len = net.prefix_len();
    (net.network(), (len < net.max_prefix_len()).then_some(len))
}

fn v6(net: Ipv6Net) -> Prefix<Ipv6Addr> {
    let len = net.prefix_len();
    (net.network(), (len < net.max_prefix_len()).then_some(len))
}

impl<A> Default for Family<A> {
    fn default() -> Self {
        Self {
            hosts: BTreeSet::new(),
            nets: BTreeSet::new(),
            lengths: BTreeMap::new(),
        }
    }
}

impl<A: Copy + Ord> Family<A> {
    fn insert(&mut self, (addr, len): Prefix<A>, id: u32) {
        let Some(len) = len else {
            self.hosts.insert((addr, id));
            return;
        };
        if self.nets.insert((addr, len, id)) {
            *self.lengths.entry(len).or_default() += 1;
        }
    }

    fn remove(&mut self, (addr, len): Prefix<A>, id: u32) {
        let Some(len) = len else {
            self.hosts.remove(&(addr, id));
            return;
        };
        if self.nets.remove(&(addr, len, id))
            && let Some(count) = self.lengths.get_mut(&len)
        {
            *count -= 1;
            if *count == 0 {
                self.lengths.remove(&len);
            }
        }
    }

    fn is_empty(&self) -> bool {
        self.hosts.is_empty() && self.nets.is_empty()
    }

    /// Claims inside a prefix, that is up to its last address; and around it, by
    /// the network address that `around` gives for a length.
    fn overlapping(
        &self,
        (first, len): Prefix<A>,
        last: A,
        around: impl Fn(u8) -> A,
    ) -> impl Iterator<Item = (A, Option<u8>, u32)> {
        let shorter = ..len.unwrap_or(u8::MAX);
        let wider = self.lengths.range(shorter).filter_map(move |(len, _)| {
            let network = around(*len);
            (network < first).then_some((network, *len))
        });
        let around = wider.flat_map(|(network, len)| {
            let same = (network, len, 0)..=(network, len, u32::MAX);
            self.nets.range(same)
        });
        let inside = self.nets.range((first, 0, 0)..=(last, u8::MAX, u32::MAX));
        let nets = inside.chain(around);
        let hosts = self.hosts.range((first, 0)..=(last, u32::MAX));
        hosts
            .map(|(addr, id)| (*addr, None, *id))
            .chain(nets.map(|(addr, len, id)| (*addr, Some(*len), *id)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn net(text: &str) -> IpNet {
        text.parse().unwrap()
    }

    #[test]
    fn only_claims_that_share_an_address_are_found() {
        let mut index = PrefixIndex::default();
        for (id, text) in [
            "10.0.0.0/8",
            "10.1.0.0/16",
            "10.1.2.0/24",
            "10.1.2.3/32",
            "10.2.0.0/16",
            "11.0.0.0/8",
            "fd00::/64",
            "::/0",
            "0.0.0.0/0",
        ]
        .into_iter()
        .enumerate()
        {
            index.insert(net(text), u32::try_from(id).unwrap());
        }
        let found = |text| {
            let mut ids: Vec<_> = index.overlapping(net(text)).map(|(_, id)| id).collect();
            ids.sort_unstable();
            ids
        };
        assert_eq!(found("10.1.2.0/24"), [0, 1, 2, 3, 8]);
        assert_eq!(found("10.0.0.0/8"), [0, 1, 2, 3, 4, 8]);
        assert_eq!(found("10.1.2.4/32"), [0, 1, 2, 8]);
        assert_eq!(found("fd00::1/128"), [6, 7]);
        assert_eq!(found("12.0.0.0/8"), [8]);
    }

    #[test]
    fn a_claim_is_gone_after_its_removal() {
        let mut index = PrefixIndex::default();
        index.insert(net("10.0.0.0/8"), 1);
        index.insert(net("10.0.0.0/8"), 2);
        index.remove(net("10.0.0.0/8"), 1);
        assert_eq!(
            index.overlapping(net("10.1.0.0/16")).collect::<Vec<_>>(),
            [(net("10.0.0.0/8"), 2)]
        );
        index.remove(net("10.0.0.0/8"), 2);
        assert!(index.is_empty() && index.v4.lengths.is_empty());
    }
}
