//! From which version of which slice on an object is in force, as an operator
//! keeps it.

use std::collections::BTreeMap;

use isthmus_compiler::ObjectRef;
use isthmus_compiler::slices::{Plan, SliceKey};
use isthmus_crds::{SliceMember, SliceRoute};

use crate::cluster::Store;

#[derive(Debug, Default)]
pub(crate) struct Ledger {
    carried: BTreeMap<(ObjectRef, SliceKey), u64>,
    members: BTreeMap<(String, String), Vec<SliceMember>>,
    routes: BTreeMap<(String, String), Vec<SliceRoute>>,
}

impl Ledger {
    /// Another operator knows nothing.
    pub(crate) fn forget(&mut self) {
        self.carried.clear();
    }

    pub(crate) fn carry(&mut self, objects: &[ObjectRef], key: &SliceKey, version: u64) {
        for object in objects {
            self.carried.insert((object.clone(), key.clone()), version);
        }
    }

    pub(crate) fn settle(&mut self, plan: &Plan) {
        for settled in &plan.settled {
            self.carry(&settled.carries, &settled.key, settled.resource_version);
        }
    }

    /// Remembers every version that there ever was.
    pub(crate) fn remember(&mut self, store: &Store) {
        for (name, slice) in &store.forwarding {
            let version = slice.metadata.resource_version.clone().unwrap_or_default();
            let members = self.members.entry((name.clone(), version));
            members.or_insert_with(|| slice.spec.members.clone());
        }
        for (name, slice) in &store.peering {
            let version = slice.metadata.resource_version.clone().unwrap_or_default();
            let routes = self.routes.entry((name.clone(), version));
            routes.or_insert_with(|| slice.spec.routes.clone());
        }
    }

    /// Of every entry that there is, the object that it follows from was told to be
    /// in a version of a slice that has the entry.
    pub(crate) fn explains(&self, store: &Store) {
        for (name, slice) in &store.forwarding {
            for member in &slice.spec.members {
                let object = ObjectRef::member(&slice.spec.vpc.namespace, &member.name);
                let was_told = self.told(&object).any(|at| {
                    let then = self.members.get(&at);
                    then.is_some_and(|members| members.contains(member))
                });
                assert!(was_told, "{object} in {name}");
            }
        }
        for (name, slice) in &store.peering {
            for route in &slice.spec.routes {
                let (namespace, peering) = (&route.peering.namespace, &route.peering.name);
                let object = ObjectRef::peering(namespace, peering);
                let was_told = self.told(&object).any(|at| {
                    let then = self.routes.get(&at);
                    then.is_some_and(|routes| routes.contains(route))
                });
                assert!(was_told, "{object} in {name}");
            }
        }
    }

    /// The slices that an object was told to be in, at the versions that were
    /// told last: also one that was merged into another since.
    fn told(&self, object: &ObjectRef) -> impl Iterator<Item = (String, String)> {
        let carried = self.carried.iter();
        let its = carried.filter(move |((of, _), _)| of == object);
        its.map(|((_, key), version)| (key.name.to_string(), version.to_string()))
    }
}
