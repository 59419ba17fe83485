//! Who claims which prefix.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use ipnet::IpNet;

/// Claims of prefixes by ids, several ids a prefix. Finds what overlaps a
/// prefix without looking at what does not: prefixes either nest or are
/// disjoint, so that the overlapping ones are a range of the order plus one
/// look-up for each shorter length in use.
#[derive(Debug, Default)]
pub(crate) struct PrefixIndex {
    claims: BTreeSet<(IpNet, u32)>,
    /// Claims per family (IPv6 or not) and length.
    lengths: BTreeMap<(bool, u8), usize>,
}

impl PrefixIndex {
    pub(crate) fn insert(&mut self, net: IpNet, id: u32) {
        if self.claims.insert((net, id)) {
            *self.lengths.entry(length(net)).or_default() += 1;
        }
    }

    pub(crate) fn remove(&mut self, net: IpNet, id: u32) {
        if self.claims.remove(&(net, id))
            && let Some(count) = self.lengths.get_mut(&length(net))
        {
            *count -= 1;
            if *count == 0 {
                self.lengths.remove(&length(net));
            }
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.claims.is_empty()
    }

    /// Every claim that shares an address with `net`.
    pub(crate) fn overlapping(&self, net: IpNet) -> impl Iterator<Item = (IpNet, u32)> {
        let first = IpNet::new_assert(net.network(), 0);
        let last = IpNet::new_assert(net.broadcast(), net.max_prefix_len());
        let (is_v6, len) = length(net);
        let wider = self
            .lengths
            .range((is_v6, 0)..(is_v6, len))
            .filter_map(move |(key, _)| {
                let around = IpNet::new_assert(net.network(), key.1).trunc();
                (around.network() < net.network()).then_some(around)
            });
        let around = wider.flat_map(|around| self.claims.range((around, 0)..=(around, u32::MAX)));
        self.claims
            .range((first, 0)..=(last, u32::MAX))
            .chain(around)
            .copied()
    }
}

fn length(net: IpNet) -> (bool, u8) {
    (matches!(net.addr(), IpAddr::V6(_)), net.prefix_len())
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
        assert!(index.is_empty() && index.lengths.is_empty());
    }
}
