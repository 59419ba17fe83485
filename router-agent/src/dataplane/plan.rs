//! The difference between desired and observed, in order. Pure.
//!
//! Routes that are not wanted go first: what isolates is never late. Then what
//! is pointed at is written before what points at it (hypervisors and counters,
//! members, routes), and removed after it (members, hypervisors, counters).

use std::collections::BTreeSet;
use std::net::IpAddr;

use isthmus_tables::{Label, TooManyRanges};

use super::contract::Observation;
use super::desired::{Desired, Touched};
use super::observed::Observed;
use super::operation::{MemberId, MemberPlace, OpKind, Operation};
use super::routes::Routes;

/// Operations in the order in which they must be carried out.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// The operations.
    pub operations: Vec<Operation>,
    /// VPCs whose routes no block holds: they have none of those that they
    /// should have.
    pub unplaceable: Vec<(u32, TooManyRanges)>,
    /// What the observation removed already: see [`Observed::removed`].
    pub removed: u64,
}

impl Plan {
    /// Whether nothing is to be done.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.operations.is_empty()
    }
}

/// The plan that makes `observed` what is desired: looks at everything in
/// either, so that nothing stale survives.
#[must_use]
pub fn plan(desired: &Desired, observed: &Observed) -> Plan {
    let mut steps = Steps::default();
    let vpcs: BTreeSet<u32> = desired
        .vpcs()
        .chain(observed.routes.keys().copied())
        .collect();
    for vni in vpcs {
        steps.vpc(desired, observed, vni);
    }
    for vtep in desired
        .hypervisors()
        .chain(observed.hypervisors.iter().copied())
    {
        steps.hypervisor(desired, observed, vtep);
    }
    for label in desired.labels().chain(&observed.labels) {
        steps.label(desired, observed, label);
    }
    let mut wanted_and_there = 0;
    for (id, place) in desired.members() {
        let found = observed.member(&id);
        wanted_and_there += usize::from(found.is_some());
        steps.member(id, Some(place), found);
    }
    // Most of the time nothing else is there.
    if wanted_and_there < observed.members.len() {
        for (id, found) in &observed.members {
            if desired.member(id).is_none() {
                steps.member(*id, None, Some(*found));
            }
        }
    }
    let removed = observed.removed;
    Plan {
        removed,
        ..steps.finish()
    }
}

/// The plan for what changes touched; its cost does not depend on the rest.
#[must_use]
pub fn plan_touched(desired: &Desired, observed: &impl Observation, touched: &Touched) -> Plan {
    let mut steps = Steps::default();
    for &vni in &touched.vpcs {
        steps.vpc(desired, observed, vni);
    }
    for &vtep in &touched.hypervisors {
        steps.hypervisor(desired, observed, vtep);
    }
    for label in &touched.labels {
        steps.label(desired, observed, label);
    }
    for id in &touched.members {
        steps.member(*id, desired.member(id), observed.member(id));
    }
    steps.finish()
}

/// Operations by phase.
#[derive(Default)]
struct Steps {
    narrow: Vec<Operation>,
    hypervisors: BTreeSet<IpAddr>,
    labels: BTreeSet<Label>,
    members: Vec<Operation>,
    routes: Vec<Operation>,
    removed_members: Vec<Operation>,
    removed_hypervisors: Vec<Operation>,
    removed_labels: Vec<Operation>,
    unplaceable: Vec<(u32, TooManyRanges)>,
}

impl Steps {
    fn vpc(&mut self, desired: &Desired, observed: &impl Observation, vni: u32) {
        let wanted = desired.routes(vni).unwrap_or_else(|error| {
            self.unplaceable.push((vni, error));
            Routes::default()
        });
        let found = observed.routes(vni);
        let Some(found) = found else {
            if !wanted.is_empty() {
                self.routes.push(Operation::SetRoutes(vni, wanted));
            }
            return;
        };
        if found == wanted && !wanted.is_empty() {
            return;
        }
        let kept = wanted.intersection(&found);
        if kept != found || kept.is_empty() {
            self.narrow.push(Operation::Narrow(vni, kept.clone()));
        }
        if kept != wanted {
            self.routes.push(Operation::SetRoutes(vni, wanted));
        }
    }

    fn hypervisor(&mut self, desired: &Desired, observed: &impl Observation, vtep: IpAddr) {
        match (desired.has_hypervisor(vtep), observed.has_hypervisor(vtep)) {
            (true, false) => {
                self.hypervisors.insert(vtep);
            }
            (false, true) => self
                .removed_hypervisors
                .push(Operation::RemoveHypervisor(vtep)),
            _ => {}
        }
    }

    fn label(&mut self, desired: &Desired, observed: &impl Observation, label: &Label) {
        match (desired.has_label(label), observed.has_label(label)) {
            (true, false) => {
                self.labels.insert(label.clone());
            }
            (false, true) => self
                .removed_labels
                .push(Operation::RemoveLabel(label.clone())),
            _ => {}
        }
    }

    fn member(
        &mut self,
        id: MemberId,
        wanted: Option<MemberPlace>,
        found: Option<(u64, Option<IpAddr>)>,
    ) {
        match wanted {
            Some(place) if found != Some((place.mac, Some(place.hypervisor))) => {
                self.members.push(Operation::SetMember(id, place));
            }
            None if found.is_some() => self.removed_members.push(Operation::RemoveMember(id)),
            _ => {}
        }
    }

    fn finish(self) -> Plan {
        let mut operations = self.narrow;
        operations.extend(self.hypervisors.into_iter().map(Operation::AddHypervisor));
        operations.extend(self.labels.into_iter().map(Operation::AddLabel));
        operations.extend(self.members);
        operations.extend(self.routes);
        operations.extend(self.removed_members);
        operations.extend(self.removed_hypervisors);
        operations.extend(self.removed_labels);
        debug_assert!(operations.is_sorted_by_key(|operation: &Operation| operation.kind()));
        Plan {
            operations,
            unplaceable: self.unplaceable,
            removed: 0,
        }
    }
}

/// The order of a plan is the order of [`OpKind`].
const _: () = assert!((OpKind::Narrow as u8) < OpKind::AddHypervisor as u8);
