//! How far what an object says has come on its way to the slices.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use isthmus_compiler::slices::{PlannedWrite, SliceKey, SliceKind, SliceWrite};
use isthmus_compiler::{Kind, ObjectName, ObjectRef};

use super::pools::Versions;

/// How far a member's last change has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Progress {
    /// It is not accepted, or nothing is known of it yet.
    #[default]
    Idle,
    /// It changed since the last plan.
    Awaiting,
    /// A write carries it.
    InFlight,
    /// A slice says it as of this version.
    Written(u64),
    /// Every gateway of its pool has it. So it stays until it changes.
    Programmed,
}

/// How far a peering's last change has come.
#[derive(Debug, Default)]
pub(crate) struct PeeringProgress {
    /// Slices on their way that carry it.
    flights: BTreeSet<SliceKey>,
    /// Versions from which on the slices say it.
    needed: Versions,
}

/// What writes on their way carry.
#[derive(Debug, Default)]
pub(crate) struct Carriage {
    flights: BTreeMap<SliceKey, Cargo>,
    peerings: HashMap<ObjectName, PeeringProgress>,
    /// Peerings that may have changed since the last plan.
    unplanned: BTreeSet<ObjectName>,
}

#[derive(Debug)]
struct Cargo {
    carries: Vec<ObjectRef>,
    /// A deletion's version is told by the watch, not by the answer.
    is_deletion: bool,
    is_answered: bool,
}

impl Carriage {
    /// A peering changed, so that a later plan has to carry it.
    pub(crate) fn change(&mut self, peering: &ObjectName) {
        self.unplanned.insert(peering.clone());
    }

    pub(crate) fn forget(&mut self, peering: &ObjectName) {
        self.unplanned.remove(peering);
        self.peerings.remove(peering);
    }

    /// A plan was made, which left some peerings to a later one. Gives those
    /// that it did not.
    pub(crate) fn settle(&mut self, owed: &BTreeSet<ObjectName>) -> Vec<ObjectName> {
        let (waiting, settled) = std::mem::take(&mut self.unplanned)
            .into_iter()
            .partition(|peering| owed.contains(peering));
        self.unplanned = waiting;
        settled.into_iter().collect()
    }

    /// Whether plans have to settle what changed.
    pub(crate) fn has_unplanned(&self) -> bool {
        !self.unplanned.is_empty()
    }

    /// A write goes out.
    pub(crate) fn depart(&mut self, planned: &PlannedWrite) {
        let key = planned.write.key();
        let mut carries = planned.carries.clone();
        // What was deleted under this name is what this write brings back.
        carries.extend(
            self.flights
                .remove(&key)
                .into_iter()
                .flat_map(|cargo| cargo.carries),
        );
        for object in carries
            .iter()
            .filter(|object| object.kind == Kind::VpcPeering)
        {
            let progress = self.peerings.entry(object.name.clone()).or_default();
            progress.flights.insert(key.clone());
        }
        let cargo = Cargo {
            carries,
            is_deletion: matches!(planned.write, SliceWrite::Delete { .. }),
            is_answered: false,
        };
        self.flights.insert(key, cargo);
    }

    /// A deletion was answered; the watch will tell its version.
    pub(crate) fn deleted(&mut self, key: &SliceKey) {
        if let Some(cargo) = self.flights.get_mut(key) {
            cargo.is_answered = true;
        }
    }

    /// A slice was seen to be gone; gives what its deletion carried.
    pub(crate) fn gone(&mut self, key: &SliceKey, version: u64) -> Vec<ObjectRef> {
        let is_ours = self.flights.get(key).is_some_and(|cargo| cargo.is_deletion);
        if is_ours {
            self.land(key, version)
        } else {
            Vec::new()
        }
    }

    /// The slices that a write is on its way for.
    pub(crate) fn on_their_way(&self) -> impl Iterator<Item = &SliceKey> {
        let flights = self.flights.iter().filter(|(_, cargo)| !cargo.is_answered);
        flights.map(|(key, _)| key)
    }

    /// The slices whose deletion was answered and not seen yet.
    pub(crate) fn unseen_deletions(&self) -> Vec<SliceKey> {
        let flights = self.flights.iter();
        let unseen = flights.filter(|(_, cargo)| cargo.is_deletion && cargo.is_answered);
        unseen.map(|(key, _)| key.clone()).collect()
    }

    /// A write arrived; gives what it carried.
    pub(crate) fn land(&mut self, key: &SliceKey, version: u64) -> Vec<ObjectRef> {
        let carries = self.flights.remove(key).map(|cargo| cargo.carries);
        let carries = carries.unwrap_or_default();
        for object in carries
            .iter()
            .filter(|object| object.kind == Kind::VpcPeering)
        {
            if let Some(progress) = self.peerings.get_mut(&object.name)
                && progress.flights.remove(key)
            {
                progress.need(key.kind, version);
            }
        }
        carries
    }

    /// A write failed; gives what a later plan has to carry again.
    pub(crate) fn fail(&mut self, key: &SliceKey) -> Vec<ObjectRef> {
        let carries = self.flights.remove(key).map(|cargo| cargo.carries);
        let carries = carries.unwrap_or_default();
        for object in carries
            .iter()
            .filter(|object| object.kind == Kind::VpcPeering)
        {
            if let Some(progress) = self.peerings.get_mut(&object.name)
                && progress.flights.remove(key)
            {
                self.unplanned.insert(object.name.clone());
            }
        }
        carries
    }

    /// A slice says a peering already.
    pub(crate) fn need(&mut self, peering: &ObjectName, kind: SliceKind, version: u64) {
        let progress = self.peerings.entry(peering.clone()).or_default();
        progress.need(kind, version);
    }

    /// What gateways have to reach for a peering; `None` while that is not
    /// known.
    pub(crate) fn needed(&self, peering: &ObjectName) -> Option<Versions> {
        if self.unplanned.contains(peering) {
            return None;
        }
        let Some(progress) = self.peerings.get(peering) else {
            return Some(Versions::default());
        };
        progress.flights.is_empty().then_some(progress.needed)
    }
}

impl PeeringProgress {
    fn need(&mut self, kind: SliceKind, version: u64) {
        let needed = match kind {
            SliceKind::Peering => &mut self.needed.peering,
            SliceKind::Forwarding => &mut self.needed.forwarding,
        };
        *needed = version.max(*needed);
    }
}
