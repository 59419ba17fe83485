//! What one change of the input changes in the output.

use std::collections::{BTreeMap, BTreeSet};

use isthmus_crds::Vni;

use crate::accepted::AcceptedVpc;
use crate::entries::{EntryChange, MemberKey, MemberTarget, ObjectName, RouteKey, RouteTarget};
use crate::members::Emitted;
use crate::object::ObjectRef;
use crate::rank::Name;
use crate::verdict::Verdict;

/// Verdicts and entries that changed, and what slices have to follow.
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
    /// Members of which a slice has to say something else, each once.
    pub members: Vec<MemberChange>,
    /// Vpcs that came or went, or whose VNI, UID, pool or accepted peers are
    /// others now.
    pub vpcs: BTreeSet<ObjectName>,
    /// Names of Vpcs of which [`Compiler::vpc_counts`] may say something else
    /// now.
    ///
    /// [`Compiler::vpc_counts`]: crate::Compiler::vpc_counts
    pub resized: BTreeSet<ObjectName>,
    /// Peerings of which [`Compiler::peering`] may say something else now;
    /// empty where nothing else changed.
    ///
    /// [`Compiler::peering`]: crate::Compiler::peering
    pub peerings: BTreeSet<ObjectName>,
}

/// A member that came or went, or whose name, VPC, VNI or contents are others
/// now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemberChange {
    /// The member.
    pub id: MemberId,
    /// Whether it is accepted now. The number of one that is not may be
    /// another member's in the next change.
    pub is_accepted: bool,
}

/// Names a member to the compiler that gave it the number, in four bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MemberId(pub(crate) u32);

impl Changes {
    /// Whether nothing changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.verdicts.is_empty()
            && self.entries.is_empty()
            && self.members.is_empty()
            && self.vpcs.is_empty()
    }
}

/// What was before, of everything that a pass has touched.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    pub(crate) verdicts: BTreeMap<ObjectRef, Option<Verdict>>,
    /// Of a member that was not accepted, `None`.
    pub(crate) members: BTreeMap<u32, Option<Emitted>>,
    pub(crate) pairs: BTreeSet<u32>,
    pub(crate) routes: BTreeMap<RouteKey, RouteTarget>,
    /// VPCs of pairs that were in force.
    pub(crate) peers: BTreeSet<[Name; 2]>,
    /// Of a VPC that was not accepted, `None`.
    pub(crate) vpcs: BTreeMap<Name, Option<AcceptedVpc>>,
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
