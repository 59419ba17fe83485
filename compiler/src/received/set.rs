//! The set of slices: what goes in, what comes out.

use std::collections::{BTreeSet, HashMap};

use isthmus_crds::{ForwardingSlice, PeeringSlice, Vni};

use super::entry::{Entry, MemberEntry, RouteEntry, members, routes};
use super::held::{Held, Slices};
use crate::changes::Entries;
use crate::entries::{EntryChange, MemberKey, RouteKey};
use crate::slices::{SliceKey, SliceKind};

/// The slices that a gateway's watches have told of, and the entries that follow.
///
/// Every change is told at the cost of the slice that changed, and of what
/// belongs to a VNI when that passes to another VPC. Changes are to be carried
/// out in the order in which they are told: of one call, routes that go, members
/// that go, routes that lead elsewhere, members, routes.
#[derive(Debug, Default)]
pub struct SliceSet {
    pub(super) forwarding: Slices<MemberEntry>,
    pub(super) peering: Slices<RouteEntry>,
    /// Peering slices with routes to a VNI.
    pub(super) referrers: HashMap<Vni, BTreeSet<u32>>,
}

/// Keys of entries that may be about to change.
#[derive(Default)]
struct Touched {
    members: BTreeSet<MemberKey>,
    routes: BTreeSet<RouteKey>,
}

impl SliceSet {
    /// Holds nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes in a slice that is there, new or changed. Events of one watch come
    /// in order: an older version is not told from a newer one.
    pub fn apply_forwarding(&mut self, slice: &ForwardingSlice) -> Vec<EntryChange> {
        let meta = &slice.metadata;
        let new = Held {
            name: meta.name.as_deref().unwrap_or_default().into(),
            vni: slice.spec.vni,
            uid: slice.spec.vpc.uid.as_str().into(),
            version: version(meta.resource_version.as_deref()),
            entries: members(slice),
        };
        let mut touched = Touched::default();
        let old = self.forwarding.id(&new.name);
        let old = old.and_then(|id| self.forwarding.get(id));
        for (vni, prefix) in differing(&self.forwarding, old, &new) {
            touched.members.insert(MemberKey { vni, prefix });
        }
        for vni in passing(&self.forwarding, old, &new) {
            self.touch_vni(vni, &mut touched);
        }
        self.change(&touched, |set| {
            set.forwarding.put(new);
        })
    }

    /// As [`Self::apply_forwarding`].
    pub fn apply_peering(&mut self, slice: &PeeringSlice) -> Vec<EntryChange> {
        let meta = &slice.metadata;
        let new = Held {
            name: meta.name.as_deref().unwrap_or_default().into(),
            vni: slice.spec.vni,
            uid: slice.spec.vpc.uid.as_str().into(),
            version: version(meta.resource_version.as_deref()),
            entries: routes(slice),
        };
        let mut touched = Touched::default();
        let old_id = self.peering.id(&new.name);
        let old = old_id.and_then(|id| self.peering.get(id));
        for (vni, prefix) in differing(&self.peering, old, &new) {
            touched.routes.insert(RouteKey { vni, prefix });
        }
        for vni in passing(&self.peering, old, &new) {
            touched.routes.extend(self.route_keys(vni));
        }
        self.change(&touched, |set| {
            set.refer(old_id, false);
            let id = set.peering.put(new);
            set.refer(id, true);
        })
    }

    /// Takes in that a slice is gone, or has no label of the gateway's pools any
    /// more.
    pub fn delete(&mut self, key: &SliceKey) -> Vec<EntryChange> {
        self.delete_all(key.kind, [&*key.name])
    }

    /// Takes in that slices of a kind are gone, in one step: what a full list did
    /// not have, once it is complete.
    pub fn delete_all<'a>(
        &mut self,
        kind: SliceKind,
        names: impl IntoIterator<Item = &'a str>,
    ) -> Vec<EntryChange> {
        let ids = names.into_iter().filter_map(|name| match kind {
            SliceKind::Forwarding => self.forwarding.id(name),
            SliceKind::Peering => self.peering.id(name),
        });
        let ids: Vec<u32> = ids.collect();
        self.remove_all(kind, &ids)
    }

    fn remove_all(&mut self, kind: SliceKind, ids: &[u32]) -> Vec<EntryChange> {
        let mut touched = Touched::default();
        match kind {
            SliceKind::Forwarding => {
                let held = ids.iter().filter_map(|id| self.forwarding.get(*id));
                let vnis: BTreeSet<Vni> = held.map(|held| held.vni).collect();
                let is_last = ids.len() > 1
                    || ids
                        .iter()
                        .filter_map(|id| self.forwarding.get(*id))
                        .any(|held| self.forwarding.count(held.vni, &held.uid) == 1);
                for id in ids {
                    let Some(held) = self.forwarding.get(*id) else {
                        continue;
                    };
                    touched
                        .members
                        .extend(held.entries.iter().map(|entry| MemberKey {
                            vni: held.vni,
                            prefix: entry.prefix(),
                        }));
                }
                for vni in vnis.into_iter().filter(|_| is_last) {
                    self.touch_vni(vni, &mut touched);
                }
            }
            SliceKind::Peering => {
                let held = ids.iter().filter_map(|id| self.peering.get(*id));
                for vni in held.map(|held| held.vni).collect::<BTreeSet<_>>() {
                    touched.routes.extend(self.route_keys(vni));
                }
            }
        }
        self.change(&touched, |set| {
            for id in ids {
                match kind {
                    SliceKind::Forwarding => drop(set.forwarding.remove(*id)),
                    SliceKind::Peering => {
                        set.refer(Some(*id), false);
                        set.peering.remove(*id);
                    }
                }
            }
        })
    }

    fn touch_vni(&self, vni: Vni, touched: &mut Touched) {
        touched.members.extend(self.member_keys(vni));
        touched.routes.extend(self.route_keys(vni));
    }

    /// What a step changes of what it touches.
    fn change(&mut self, touched: &Touched, step: impl FnOnce(&mut Self)) -> Vec<EntryChange> {
        let old = self.entries(touched);
        step(self);
        old.difference(&self.entries(touched))
    }

    fn entries(&self, touched: &Touched) -> Entries {
        let routes = touched.routes.iter();
        let members = touched.members.iter();
        Entries {
            routes: routes
                .filter_map(|key| Some((*key, self.route(*key)?)))
                .collect(),
            members: members
                .filter_map(|key| Some((*key, self.member(*key)?)))
                .collect(),
        }
    }

    /// Notes, or forgets, to which VNIs a peering slice has routes.
    fn refer(&mut self, id: Option<u32>, there: bool) {
        let Some(id) = id else { return };
        let Some(held) = self.peering.get(id) else {
            return;
        };
        let peers: BTreeSet<Vni> = held.entries.iter().map(|route| route.peer_vni).collect();
        for peer in peers {
            let slices = self.referrers.entry(peer).or_default();
            if there {
                slices.insert(id);
            } else {
                slices.remove(&id);
            }
            if slices.is_empty() {
                self.referrers.remove(&peer);
            }
        }
    }
}

/// Prefixes of which a slice says something else now, or that another slice may
/// have too.
fn differing<E: Entry>(
    slices: &Slices<E>,
    old: Option<&Held<E>>,
    new: &Held<E>,
) -> Vec<(Vni, ipnet::IpNet)> {
    let is_of_same = |held: &Held<E>| held.vni == new.vni && held.uid == new.uid;
    let same = old.filter(|held| is_of_same(held));
    let mut differing = Vec::new();
    for entry in &new.entries {
        let prefix = entry.prefix();
        let is_told = same.and_then(|old| old.get(prefix)) == Some(entry);
        if !is_told || !slices.is_single(new.vni, prefix) {
            differing.push((new.vni, prefix));
        }
    }
    for (old, entry) in old
        .into_iter()
        .flat_map(|old| old.entries.iter().map(move |e| (old, e)))
    {
        let prefix = entry.prefix();
        if same.is_none() || new.get(prefix).is_none() {
            differing.push((old.vni, prefix));
        }
    }
    differing
}

/// VNIs for which a UID has slices for the first time, or has none any more.
fn passing<E: Entry>(slices: &Slices<E>, old: Option<&Held<E>>, new: &Held<E>) -> Vec<Vni> {
    if old.is_some_and(|old| old.vni == new.vni && old.uid == new.uid) {
        return Vec::new();
    }
    let comes = (slices.count(new.vni, &new.uid) == 0).then_some(new.vni);
    let goes = old.filter(|old| slices.count(old.vni, &old.uid) == 1);
    comes.into_iter().chain(goes.map(|old| old.vni)).collect()
}

/// Of what is no number, the oldest.
fn version(text: Option<&str>) -> u64 {
    text.and_then(|text| text.parse().ok()).unwrap_or(0)
}
