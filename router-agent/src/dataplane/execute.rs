//! Carrying a plan out.

use std::collections::BTreeMap;

use super::contract::{Dataplane, DataplaneError};
use super::operation::{Entry, OpKind, Operation};
use super::plan::Plan;
use super::routes::Routes;

/// An entry that is not as it should be, and why.
#[derive(Debug)]
pub struct Failure {
    /// What it was about.
    pub entry: Entry,
    /// What was to be done.
    pub kind: OpKind,
    /// Why it was not.
    pub error: DataplaneError,
}

/// What became of a plan.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Operations that were carried out, by kind. After a re-observation with
    /// nothing new desired, each is a repair.
    pub applied: BTreeMap<OpKind, u64>,
    /// What the observation removed before the plan was made.
    pub removed: u64,
    /// Entries that were not changed; all others were, whatever happened to
    /// these.
    pub failures: Vec<Failure>,
}

impl Outcome {
    /// Operations that were carried out, and what the observation removed.
    #[must_use]
    pub fn applied_total(&self) -> u64 {
        self.applied.values().sum::<u64>() + self.removed
    }
}

/// Carries a plan out, in its order. An entry that fails does not stop others.
/// What found its table full is tried once more after the plan's removals.
///
/// # Errors
///
/// No grace period was had: what was removed is not free yet, and the next
/// plan takes it up.
pub fn execute(plan: &Plan, dataplane: &mut impl Dataplane) -> Result<Outcome, DataplaneError> {
    let mut run = Run {
        outcome: Outcome {
            removed: plan.removed,
            ..Outcome::default()
        },
        full: Vec::new(),
    };
    let mut removed = false;
    let mut routes_began = false;
    for operation in &plan.operations {
        let kind = operation.kind();
        if kind >= OpKind::SetRoutes && !routes_began {
            routes_began = true;
            // Members must be in place before routes lead to them.
            if dataplane.has_deferred() {
                run.settle(dataplane)?;
            }
        }
        removed |= kind >= OpKind::RemoveMember || kind == OpKind::Narrow;
        run.apply(operation, dataplane, removed || has_removals(plan));
    }
    run.settle(dataplane)?;
    if !run.full.is_empty() {
        for operation in std::mem::take(&mut run.full) {
            run.apply(operation, dataplane, false);
        }
        run.settle(dataplane)?;
    }
    Ok(run.outcome)
}

/// Whether a plan makes room somewhere.
fn has_removals(plan: &Plan) -> bool {
    let last = plan.operations.last().map(Operation::kind);
    let first = plan.operations.first().map(Operation::kind);
    last.is_some_and(|kind| kind >= OpKind::SetRoutes) || first == Some(OpKind::Narrow)
}

struct Run<'p> {
    outcome: Outcome,
    /// Operations that found a table full and are tried again.
    full: Vec<&'p Operation>,
}

impl<'p> Run<'p> {
    fn apply(&mut self, operation: &'p Operation, dataplane: &mut impl Dataplane, try_again: bool) {
        let kind = operation.kind();
        match perform(operation, dataplane) {
            Ok(()) => *self.outcome.applied.entry(kind).or_default() += 1,
            Err(error) if try_again && is_for_later(&error) => self.full.push(operation),
            Err(error) => self.fail(operation.entry(), kind, error),
        }
    }

    fn settle(&mut self, dataplane: &mut impl Dataplane) -> Result<(), DataplaneError> {
        for (entry, error) in dataplane.settle()? {
            let kind = match entry {
                Entry::Member(_) => OpKind::SetMember,
                _ => OpKind::SetRoutes,
            };
            if let Some(count) = self.outcome.applied.get_mut(&kind) {
                *count = count.saturating_sub(1);
            }
            self.fail(entry, kind, error);
        }
        Ok(())
    }

    fn fail(&mut self, entry: Entry, kind: OpKind, error: DataplaneError) {
        self.outcome.failures.push(Failure { entry, kind, error });
    }
}

/// Full, or without something that a full table did not take.
fn is_for_later(error: &DataplaneError) -> bool {
    error.full_table().is_some()
        || matches!(
            error,
            DataplaneError::NoHypervisor(_) | DataplaneError::NoLabel(_)
        )
}

fn perform(operation: &Operation, dataplane: &mut impl Dataplane) -> Result<(), DataplaneError> {
    match operation {
        Operation::Narrow(vni, routes) => match dataplane.set_routes(*vni, routes) {
            // Where what may stay finds no room beside what must go, all goes:
            // the full set comes later in the plan.
            Err(_) if !routes.is_empty() => dataplane.set_routes(*vni, &Routes::default()),
            result => result,
        },
        Operation::AddHypervisor(vtep) => dataplane.add_hypervisor(*vtep),
        Operation::AddLabel(label) => dataplane.add_label(label),
        Operation::SetMember(id, place) => dataplane.set_member(id, place),
        Operation::SetRoutes(vni, routes) => dataplane.set_routes(*vni, routes),
        Operation::RemoveMember(id) => dataplane.remove_member(id),
        Operation::RemoveHypervisor(vtep) => dataplane.remove_hypervisor(*vtep),
        Operation::RemoveLabel(label) => dataplane.remove_label(label),
    }
}
