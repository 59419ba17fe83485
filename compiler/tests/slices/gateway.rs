//! A gateway's end of both watches: what it was told, and what it makes of it.

use std::collections::{BTreeMap, BTreeSet};

use isthmus_compiler::received::SliceSet;
use isthmus_compiler::slices::{SliceKey, SliceKind};
use isthmus_compiler::{EntryChange, MemberKey, MemberTarget, RouteKey, RouteTarget};
use isthmus_crds::{ForwardingSlice, PeeringSlice};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::cluster::{Contents, Store, pools_of};

/// A slice as it was at a version; `None` where it is gone.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    Forwarding(String, Option<ForwardingSlice>),
    Peering(String, Option<PeeringSlice>),
}

/// What makes one store of another.
pub(crate) fn events(old: &Store, new: &Store) -> Vec<Event> {
    let names = old.forwarding.keys().chain(new.forwarding.keys());
    let names: BTreeSet<_> = names
        .filter(|name| old.forwarding.get(*name) != new.forwarding.get(*name))
        .collect();
    let forwarding = names.into_iter();
    let forwarding =
        forwarding.map(|name| Event::Forwarding(name.clone(), new.forwarding.get(name).cloned()));
    let names = old.peering.keys().chain(new.peering.keys());
    let names: BTreeSet<_> = names
        .filter(|name| old.peering.get(*name) != new.peering.get(*name))
        .collect();
    let peering = names
        .into_iter()
        .map(|name| Event::Peering(name.clone(), new.peering.get(name).cloned()));
    forwarding.chain(peering).collect()
}

/// UIDs of the VPCs that were ever peered, both ways.
pub(crate) type Peered = BTreeSet<(String, String)>;

pub(crate) struct Gateway {
    /// `None` of one that serves every pool.
    pool: Option<&'static str>,
    set: SliceSet,
    pub(crate) entries: Contents,
    /// The slices as they were told.
    held: Store,
    /// Those of the step before.
    before: Store,
}

impl Gateway {
    pub(crate) fn new(pool: Option<&'static str>) -> Self {
        Self {
            pool,
            set: SliceSet::new(),
            entries: Contents::default(),
            held: Store::default(),
            before: Store::default(),
        }
    }

    fn is_for(&self, meta: &ObjectMeta) -> bool {
        self.pool.is_none_or(|pool| pools_of(meta).contains(pool))
    }

    /// Takes in an event as the watch of a label tells it.
    pub(crate) fn take(&mut self, event: &Event, peered: &Peered) {
        self.before = self.held.clone();
        let changes = match event {
            Event::Forwarding(name, slice) => match slice {
                Some(slice) if self.is_for(&slice.metadata) => {
                    self.held.forwarding.insert(name.clone(), slice.clone());
                    self.set.apply_forwarding(slice)
                }
                _ => {
                    self.held.forwarding.remove(name);
                    self.set.delete(&SliceKey::forwarding(name))
                }
            },
            Event::Peering(name, slice) => match slice {
                Some(slice) if self.is_for(&slice.metadata) => {
                    self.held.peering.insert(name.clone(), slice.clone());
                    self.set.apply_peering(slice)
                }
                _ => {
                    self.held.peering.remove(name);
                    self.set.delete(&SliceKey::peering(name))
                }
            },
        };
        self.carry_out(&changes, peered);
    }

    /// Of what a list has, the first so many.
    pub(crate) fn list(&mut self, store: &Store, kind: SliceKind, most: usize, peered: &Peered) {
        let all = events(&Store::default(), store).into_iter();
        let of_kind = all.filter(|event| match event {
            Event::Forwarding(..) => kind == SliceKind::Forwarding,
            Event::Peering(..) => kind == SliceKind::Peering,
        });
        let matching: Vec<_> = of_kind
            .filter(|event| match event {
                Event::Forwarding(_, slice) => {
                    slice.as_ref().is_some_and(|s| self.is_for(&s.metadata))
                }
                Event::Peering(_, slice) => {
                    slice.as_ref().is_some_and(|s| self.is_for(&s.metadata))
                }
            })
            .take(most)
            .collect();
        for event in matching {
            self.take(&event, peered);
        }
    }

    /// A list is complete: what it did not have is gone.
    pub(crate) fn end_list(&mut self, store: &Store, kind: SliceKind, peered: &Peered) {
        self.before = self.held.clone();
        let pool = self.pool;
        let is_for = |meta: &ObjectMeta| pool.is_none_or(|pool| pools_of(meta).contains(pool));
        let gone: Vec<String> = match kind {
            SliceKind::Forwarding => {
                let is_there = |name: &String| {
                    let slice = store.forwarding.get(name);
                    slice.is_some_and(|slice| is_for(&slice.metadata))
                };
                let gone = (self.held.forwarding).extract_if(.., |name, _| !is_there(name));
                gone.map(|(name, _)| name).collect()
            }
            SliceKind::Peering => {
                let is_there = |name: &String| {
                    let slice = store.peering.get(name);
                    slice.is_some_and(|slice| is_for(&slice.metadata))
                };
                let gone = (self.held.peering).extract_if(.., |name, _| !is_there(name));
                gone.map(|(name, _)| name).collect()
            }
        };
        let changes = self.set.delete_all(kind, gone.iter().map(String::as_str));
        self.carry_out(&changes, peered);
    }

    fn carry_out(&mut self, changes: &[EntryChange], peered: &Peered) {
        let mut keys = BTreeSet::new();
        for change in changes {
            let is_new = match change {
                EntryChange::Route(key, target) => {
                    set(&mut self.entries.routes, *key, target.clone());
                    keys.insert((true, key.vni, key.prefix))
                }
                EntryChange::Member(key, target) => {
                    set(&mut self.entries.members, *key, *target);
                    keys.insert((false, key.vni, key.prefix))
                }
            };
            assert!(is_new, "{change:?} comes twice");
            self.no_route_leads_to_members_of_a_vpc_that_was_never_peered(peered);
        }
        let told = Contents {
            routes: self.set.routes().collect(),
            members: self.set.members().collect(),
        };
        assert_eq!(self.entries, told);
    }

    fn no_route_leads_to_members_of_a_vpc_that_was_never_peered(&self, peered: &Peered) {
        for (key, target) in &self.entries.routes {
            let ends = self.ends(key, target);
            let ends: Vec<_> = ends.iter().filter(|ends| peered.contains(ends)).collect();
            for (member, place) in &self.entries.members {
                if member.vni == key.vni {
                    let uids = self.uids(member, place);
                    let is_explained = ends.iter().any(|(own, _)| uids.contains(own));
                    assert!(
                        is_explained,
                        "{key:?} from {member:?} of {uids:?}: {ends:?}"
                    );
                }
                if member.vni == target.peer_vni {
                    let uids = self.uids(member, place);
                    let is_explained = ends.iter().any(|(_, peer)| uids.contains(peer));
                    assert!(is_explained, "{key:?} to {member:?} of {uids:?}: {ends:?}");
                }
            }
        }
    }

    /// UIDs of the VPCs that a route may be between.
    fn ends(&self, key: &RouteKey, target: &RouteTarget) -> Vec<(String, String)> {
        let slices = self
            .held
            .peering
            .values()
            .chain(self.before.peering.values());
        let slices = slices.filter(|slice| slice.spec.vni == key.vni);
        slices
            .flat_map(|slice| {
                let routes = slice.spec.routes.iter();
                let matching = routes.filter(|route| {
                    route.prefix.net() == key.prefix && route.peer_vni == target.peer_vni
                });
                matching.map(|route| (slice.spec.vpc.uid.clone(), route.peer_uid.clone()))
            })
            .collect()
    }

    /// UIDs of the VPCs that a member may be of.
    fn uids(&self, key: &MemberKey, target: &MemberTarget) -> BTreeSet<String> {
        let slices = (self.held.forwarding.values()).chain(self.before.forwarding.values());
        let slices = slices.filter(|slice| slice.spec.vni == key.vni);
        let matching = slices.filter(|slice| {
            slice.spec.members.iter().any(|member| {
                let is_its = member.addresses.iter().any(|a| key.prefix == (*a).into())
                    || member.prefixes.iter().any(|p| p.net() == key.prefix);
                is_its && member.hypervisor == target.hypervisor && member.mac == target.mac
            })
        });
        matching.map(|slice| slice.spec.vpc.uid.clone()).collect()
    }
}

fn set<K: Ord, V>(entries: &mut BTreeMap<K, V>, key: K, value: Option<V>) {
    match value {
        Some(value) => drop(entries.insert(key, value)),
        None => drop(entries.remove(&key)),
    }
}
