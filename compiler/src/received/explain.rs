//! Which of the entries that are held are in force.

use isthmus_crds::Vni;

use super::entry::{Entry, MemberEntry, RouteEntry};
use super::held::Held;
use super::set::SliceSet;
use crate::entries::{MemberKey, MemberTarget, RouteKey, RouteTarget};

impl SliceSet {
    /// The member under a key, where one VPC alone has the VNI.
    pub(super) fn member(&self, key: MemberKey) -> Option<MemberTarget> {
        self.forwarding.only_uid(key.vni)?;
        let holders = self.forwarding.holders(key.vni, key.prefix);
        let (_, entry) = holders.max_by_key(|(held, _)| newness(held))?;
        Some(entry.target())
    }

    /// The route under a key, where both ends are the VPCs that it speaks of.
    pub(super) fn route(&self, key: RouteKey) -> Option<RouteTarget> {
        let holders = self.peering.holders(key.vni, key.prefix);
        let in_force = holders.filter(|(held, route)| self.is_in_force(held, route));
        let (_, route) = in_force.max_by_key(|(held, _)| newness(held))?;
        Some(RouteTarget {
            peer_vni: route.peer_vni,
            peering: route.peering.clone(),
        })
    }

    fn is_in_force(&self, held: &Held<RouteEntry>, route: &RouteEntry) -> bool {
        let own = if self.forwarding.uids(held.vni) == 0 {
            self.peering.only_uid(held.vni)
        } else {
            self.forwarding.only_uid(held.vni)
        };
        own == Some(&*held.uid)
            && self.forwarding.only_uid(route.peer_vni) == Some(&*route.peer_uid)
    }

    /// Every key of a VNI's members.
    pub(super) fn member_keys(&self, vni: Vni) -> impl Iterator<Item = MemberKey> {
        keys(self.forwarding.of(vni)).map(move |prefix| MemberKey { vni, prefix })
    }

    /// Every key of the routes that begin or end in a VNI.
    pub(super) fn route_keys(&self, vni: Vni) -> impl Iterator<Item = RouteKey> {
        let from = keys(self.peering.of(vni)).map(move |prefix| RouteKey { vni, prefix });
        let referrers = self.referrers.get(&vni).into_iter().flatten();
        let slices = referrers.filter_map(|id| self.peering.get(*id));
        let to = slices.flat_map(move |held| {
            let routes = held.entries.iter().filter(move |to| to.peer_vni == vni);
            routes.map(|to| RouteKey {
                vni: held.vni,
                prefix: to.prefix(),
            })
        });
        from.chain(to)
    }

    /// Every entry of the peering map, in no order.
    pub fn routes(&self) -> impl Iterator<Item = (RouteKey, RouteTarget)> {
        let keys = self.peering.all().flat_map(|held| {
            let prefixes = held.entries.iter().map(Entry::prefix);
            prefixes.map(|prefix| RouteKey {
                vni: held.vni,
                prefix,
            })
        });
        let keys: std::collections::BTreeSet<_> = keys.collect();
        keys.into_iter()
            .filter_map(|key| Some((key, self.route(key)?)))
    }

    /// Every entry of the forwarding map, in no order.
    pub fn members(&self) -> impl Iterator<Item = (MemberKey, MemberTarget)> {
        // An entry of two slices is told with the one that counts.
        let entries = self.forwarding.all().flat_map(|held| {
            let entries = held.entries.iter();
            entries.map(move |entry| (held, entry))
        });
        entries.filter_map(|(held, entry)| {
            let (vni, prefix) = (held.vni, MemberEntry::prefix(entry));
            self.forwarding.only_uid(vni)?;
            let holders = self.forwarding.holders(vni, prefix);
            let (counts, _) = holders.max_by_key(|(held, _)| newness(held))?;
            std::ptr::eq(counts, held).then(|| (MemberKey { vni, prefix }, entry.target()))
        })
    }
}

/// The newer version counts; of one version, which only hands can bring about,
/// the later name.
fn newness<E>(held: &Held<E>) -> (u64, &str) {
    (held.version, &held.name)
}

fn keys<'a, E: Entry + 'a>(
    slices: impl Iterator<Item = &'a Held<E>>,
) -> impl Iterator<Item = ipnet::IpNet> {
    slices.flat_map(|held| held.entries.iter().map(Entry::prefix))
}
