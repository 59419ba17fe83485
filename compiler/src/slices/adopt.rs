//! Slices that are there already: what they say of who is where is kept.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use ipnet::IpNet;
use isthmus_crds::{Vni, VpcIdentity};

use super::held::Held;
use super::name;
use super::slicer::Slicer;
use crate::changes::MemberId;
use crate::compiler::Compiler;
use crate::entries::RouteKey;
use crate::rank::Name;

/// Slices that were observed and belong to no VPC's yet.
#[derive(Debug)]
pub(super) struct Observed<T>(BTreeMap<Arc<str>, Found<T>>);

/// A slice as it was observed. Its entries, by which the placement is known
/// again, are members' names or prefixes.
#[derive(Debug)]
pub(super) struct Found<T> {
    pub(super) vni: Vni,
    pub(super) vpc: VpcIdentity,
    pub(super) entries: Vec<T>,
    pub(super) held: Held,
}

impl<T> Default for Observed<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T> Observed<T> {
    pub(super) fn put(&mut self, name: &str, found: Found<T>) {
        let newest = self.0.get(name).map(|found| found.held.resource_version);
        if newest.is_none_or(|newest| newest < found.held.resource_version) {
            self.0.insert(name.into(), found);
        }
    }

    pub(super) fn names(&self) -> impl Iterator<Item = Arc<str>> {
        self.0.keys().cloned()
    }

    pub(super) fn remove(&mut self, name: &str) {
        self.0.remove(name);
    }

    /// The fullest first: of two slices that have an entry (a merge that was
    /// cut short), it is the one that keeps it.
    fn take(&mut self) -> Vec<(Arc<str>, Found<T>)> {
        let mut all: Vec<_> = std::mem::take(&mut self.0).into_iter().collect();
        all.sort_by_key(|(_, found)| Reverse(found.entries.len()));
        all
    }
}

impl Slicer {
    /// Gives every observed slice its place, and what nothing explains none.
    pub(super) fn adopt(&mut self, compiler: &Compiler) {
        for (name, found) in self.found_forwarding.take() {
            let place = self.place_of(&name, found.vni, &found.vpc);
            let place_ref = place.as_ref().map(|(vpc, ordinal)| (vpc, *ordinal));
            let Some(id) = self.forwarding.put_slice(place_ref, &name) else {
                continue;
            };
            self.forwarding.saw(id, found.held);
            let Some((vpc, _)) = place else { continue };
            for entry in found.entries {
                let member = Name {
                    namespace: vpc.namespace.clone(),
                    name: entry.into(),
                };
                let Some(member) = compiler.member_number(&member).map(MemberId) else {
                    continue;
                };
                let is_its =
                    (compiler.emitted_member(member)).is_some_and(|(member, _)| *member.vpc == vpc);
                if is_its && self.homes.get(member).is_none() && self.forwarding.insert(id, member)
                {
                    self.homes.set(member, Some(id));
                }
            }
        }
        for (name, found) in self.found_peering.take() {
            let place = self.place_of(&name, found.vni, &found.vpc);
            let place_ref = place.as_ref().map(|(vpc, ordinal)| (vpc, *ordinal));
            let Some(id) = self.peering.put_slice(place_ref, &name) else {
                continue;
            };
            self.peering.saw(id, found.held);
            if let Some((vpc, _)) = place {
                self.adopt_routes(compiler, id, &vpc, found.vni, &found.entries);
            }
            // Of what the slice said nothing else is kept: it may be a route.
            if let Some(slice) = self.peering.slices.get_mut(id) {
                slice.errand.loses = true;
            }
        }
    }

    fn adopt_routes(
        &mut self,
        compiler: &Compiler,
        id: u32,
        vpc: &Name,
        vni: Vni,
        prefixes: &[IpNet],
    ) {
        for prefix in prefixes {
            let key = RouteKey {
                vni,
                prefix: *prefix,
            };
            if compiler.route_of(vpc, key).is_some() && self.peering.find(vpc, prefix).is_none() {
                self.peering.insert(id, *prefix);
            }
        }
    }

    /// VPC and ordinal of a slice that has the right name.
    fn place_of(&self, slice: &str, vni: Vni, vpc: &VpcIdentity) -> Option<(Name, u32)> {
        let name = Name::new(&vpc.namespace, &vpc.name);
        let (name, placed) = self.vpcs.get_key_value(&name)?;
        if placed.vpc.vni != vni || placed.vpc.uid != vpc.uid {
            return None;
        }
        let ordinal = name::ordinal(&name::stem(&placed.vpc), slice)?;
        Some((name.clone(), ordinal))
    }
}
