//! What one change of the input changes in the output.

use std::collections::{BTreeMap, BTreeSet};

use isthmus_crds::Vni;

use crate::entries::{EntryChange, MemberKey, MemberTarget, RouteKey, RouteTarget};
use crate::object::ObjectRef;
use crate::verdict::Verdict;

/// Verdicts and entries that changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// The new verdicts, `None` of objects that are gone; in order of kind
    /// and name.
    pub verdicts: Vec<(ObjectRef, Option<Verdict>)>,
    /// The entries, each key once, in an order in which no packet reaches a
    /// VPC that its sender is not peered with, before or after: routes that
    /// go, members that go, routes that lead to another VPC now, members,
    /// routes.
    pub entries: Vec<EntryChange>,
}

impl Changes {
    /// Whether nothing changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.verdicts.is_empty() && self.entries.is_empty()
    }
}

/// What was before, of everything that a pass has touched.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    pub(crate) verdicts: BTreeMap<ObjectRef, Option<Verdict>>,
    pub(crate) members: BTreeSet<u32>,
    pub(crate) pairs: BTreeSet<u32>,
    pub(crate) old: Entries,
    /// VNIs that were taken from a VPC, and may be another's now.
    pub(crate) passing: BTreeSet<Vni>,
}

/// Entries of both maps.
#[derive(Clone, Debug, Default)]
pub(crate) struct Entries {
    pub(crate) routes: BTreeMap<RouteKey, RouteTarget>,
    pub(crate) members: BTreeMap<MemberKey, MemberTarget>,
}

impl Entries {
    /// These entries without those of passing VNIs.
    pub(crate) fn without_passing(&self, passing: &BTreeSet<Vni>) -> Self {
        let mut kept = self.clone();
        kept.routes.retain(|key, target| {
            !passing.contains(&key.vni) && !passing.contains(&target.peer_vni)
        });
        kept.members.retain(|key, _| !passing.contains(&key.vni));
        kept
    }

    /// What makes `new` of these entries, in the order of [`Changes::entries`].
    pub(crate) fn difference(&self, new: &Self) -> Vec<EntryChange> {
        let gone = (self.routes.keys()).filter(|key| !new.routes.contains_key(key));
        let mut entries: Vec<_> = gone.map(|key| EntryChange::Route(*key, None)).collect();
        let gone = (self.members.keys()).filter(|key| !new.members.contains_key(key));
        entries.extend(gone.map(|key| EntryChange::Member(*key, None)));

        let changed = (new.routes.iter()).filter(|(key, new)| self.routes.get(key) != Some(new));
        let (moved, set): (Vec<_>, Vec<_>) = changed.partition(|(key, new)| {
            let old = self.routes.get(key);
            old.is_some_and(|old| old.peer_vni != new.peer_vni)
        });
        let route =
            |(key, to): (&RouteKey, &RouteTarget)| EntryChange::Route(*key, Some(to.clone()));
        entries.extend(moved.into_iter().map(route));
        let changed = (new.members.iter()).filter(|(key, new)| self.members.get(key) != Some(new));
        entries.extend(changed.map(|(key, target)| EntryChange::Member(*key, Some(*target))));
        entries.extend(set.into_iter().map(route));
        entries
    }
}
