//! From desired state to the tables.

use std::time::Instant;

use isthmus_abi::Liveness;
use isthmus_compiler::EntryChange;

use super::Agent;
use crate::dataplane::{Dataplane, Outcome, Plan, Touched, execute, plan, plan_touched};

/// Entries of each kind that are tried again at a time.
const AGAIN: usize = 1_000;

/// Why a plan is carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cause {
    /// Something else is desired.
    Change,
    /// Something was desired before and did not fit.
    Again,
    /// Nothing new is desired: every difference is one that should not be.
    Repair,
}

impl Agent {
    /// Brings changed entries into desired state, and into the tables once
    /// those were brought up to date.
    pub(super) fn take_changes(&mut self, changes: &[EntryChange]) {
        let mut touched = Touched::default();
        for entry in changes {
            self.desired.apply(entry, &mut touched);
        }
        // Before the first full plan the difference is all that is written.
        if self.is_complete {
            self.write(&touched, Cause::Change);
        }
        self.room_may_be = true;
    }

    /// The first time that everything wanted is known, the tables are brought
    /// up to date.
    pub(super) fn complete(&mut self) {
        if !std::mem::replace(&mut self.is_complete, true) {
            self.touched_hypervisors.extend(self.held_hypervisors());
            self.sync_all(false);
            self.tell_liveness();
        }
    }

    /// Has the router answer hypervisors as things stand. Until the tables were
    /// brought up to date once, and it is known whether the gateway drains, it
    /// goes on as the agent before left it.
    pub(super) fn tell_liveness(&self) {
        let drain = self.shared.lock().drain;
        let Some(drain) = drain.filter(|_| self.is_complete) else {
            return;
        };
        let liveness = if drain {
            Liveness::Draining
        } else {
            Liveness::Serving
        };
        let writer = self.dataplane.writer();
        if writer.tables().liveness() != liveness {
            tracing::info!(liveness = liveness.name(), "what hypervisors are told");
            writer.set_liveness(liveness);
        }
    }

    /// Tries entries anew that did not fit, each once after something has
    /// changed, some at a time.
    pub(super) fn retry_refused(&mut self) {
        if self.again.is_empty() && std::mem::take(&mut self.room_may_be) {
            self.again = self.refused.clone();
        }
        let again = self.again.take(AGAIN);
        if !again.is_empty() {
            self.write(&again, Cause::Again);
        }
    }

    /// Reads the tables back and writes what differs. `repairs`: nothing new
    /// was asked for.
    pub(super) fn sync_all(&mut self, repairs: bool) {
        let started = Instant::now();
        match self.dataplane.observe() {
            Ok(observed) => {
                let plan = plan(&self.desired, &observed);
                self.refused = Touched::default();
                self.again = Touched::default();
                let cause = if repairs {
                    Cause::Repair
                } else {
                    Cause::Change
                };
                let applied = self.carry_out(&plan, cause);
                tracing::debug!(ms = started.elapsed().as_millis(), applied, "observed");
            }
            Err(error) => {
                self.shared.lock().errors += 1;
                tracing::error!("{error}");
            }
        }
        self.touched_hypervisors.extend(self.desired.hypervisors());
    }

    fn write(&mut self, touched: &Touched, cause: Cause) {
        if let Some(audit) = &mut self.audit {
            audit.note(touched);
        }
        self.touched_hypervisors.extend(&touched.hypervisors);
        // What does not fit is told anew.
        self.refused.remove(touched);
        let plan = plan_touched(&self.desired, &self.dataplane, touched);
        self.carry_out(&plan, cause);
    }

    fn carry_out(&mut self, plan: &Plan, cause: Cause) -> u64 {
        let outcome = match execute(plan, &mut self.dataplane) {
            Ok(outcome) => outcome,
            Err(error) => {
                self.shared.lock().errors += 1;
                tracing::error!("{error}");
                Outcome::default()
            }
        };
        let is_news = cause != Cause::Again;
        for (vni, error) in &plan.unplaceable {
            self.refused.vpcs.insert(*vni);
            if is_news {
                tracing::error!(vni, "routes not written: {error}");
            }
        }
        for failure in &outcome.failures {
            self.refused.insert(&failure.entry);
            if is_news {
                let kind = failure.kind.name();
                tracing::error!("{}, {kind}: {}", failure.entry, failure.error);
            }
        }
        let applied = outcome.applied_total();
        let repaired = if cause == Cause::Repair { applied } else { 0 };
        if repaired > 0 {
            tracing::warn!(repaired, "the tables had drifted and are repaired");
        }
        let mut report = self.shared.lock();
        report.applies += u64::from(!plan.is_empty());
        report.repairs += repaired;
        report.errors += if is_news {
            outcome.failures.len() as u64
        } else {
            0
        };
        report.refused = self.refused.len() as u64;
        report.usage = self.dataplane.usage();
        applied
    }
}
