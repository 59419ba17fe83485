//! From the folder to the tables.

use std::time::Instant;

use super::Agent;
use crate::dataplane::{Dataplane, Outcome, Plan, Touched, execute, plan, plan_touched};
use crate::manifests::activity::Hint;

impl Agent {
    /// Looks at the folder and brings what changed into the tables. Returns
    /// whether the folder could be read.
    pub(super) fn look(&mut self, hint: &Hint) -> bool {
        let before = self.feed.errors();
        let changes = match self.feed.look(hint) {
            Ok(changes) => changes,
            Err(error) => {
                let mut report = self.shared.lock();
                if report.manifest_errors == 0 {
                    tracing::error!("{error}; what was in force stays");
                }
                report.manifest_errors = report.manifest_errors.max(1);
                return false;
            }
        };
        let errors = self.feed.errors();
        for error in errors.iter().filter(|error| !before.contains(error)) {
            tracing::warn!("{error}");
        }
        self.shared.lock().manifest_errors = errors.len() as u64;
        if changes.is_empty() {
            return true;
        }
        let synced = self.shared.lock().synced;
        for change in &changes {
            for (object, verdict) in &change.verdicts {
                match verdict {
                    Some(verdict) => match verdict.explanation() {
                        Some(why) => tracing::info!(
                            %object, verdict = verdict.state(), reason = %why.reason, "{}", why.message
                        ),
                        None => tracing::debug!(%object, verdict = verdict.state()),
                    },
                    None => tracing::debug!(%object, "gone"),
                }
            }
            let mut touched = Touched::default();
            for entry in &change.entries {
                self.desired.apply(entry, &mut touched);
            }
            // Before the first full plan the difference is all that is written.
            if synced {
                let plan = plan_touched(&self.desired, &self.dataplane, &touched);
                self.carry_out(&plan, false);
            }
        }
        self.room_may_be = true;
        let counts = self.feed.count();
        let mut report = self.shared.lock();
        report.objects = counts
            .into_iter()
            .map(|((kind, state), n)| ((kind.as_str(), state), n))
            .collect();
        if let Some(since) = hint.since {
            report.lag = since.elapsed();
        }
        true
    }

    /// Tries entries anew that did not fit, once something has changed since.
    pub(super) fn retry_refused(&mut self) {
        let changed = std::mem::take(&mut self.room_may_be);
        if changed && self.shared.lock().refused > 0 {
            self.sync_all(false);
        }
    }

    /// Reads the tables back and writes what differs. `repairs`: nothing new
    /// was asked for, so that every difference is one that should not be.
    pub(super) fn sync_all(&mut self, repairs: bool) {
        let started = Instant::now();
        match self.dataplane.observe() {
            Ok(observed) => {
                let plan = plan(&self.desired, &observed);
                self.shared.lock().refused = 0;
                let applied = self.carry_out(&plan, repairs);
                tracing::debug!(ms = started.elapsed().as_millis(), applied, "observed");
            }
            Err(error) => {
                self.shared.lock().errors += 1;
                tracing::error!("{error}");
            }
        }
    }

    fn carry_out(&mut self, plan: &Plan, repairs: bool) -> u64 {
        for (vni, error) in &plan.unplaceable {
            tracing::error!(vni, "routes not written: {error}");
        }
        let outcome = match execute(plan, &mut self.dataplane) {
            Ok(outcome) => outcome,
            Err(error) => {
                self.shared.lock().errors += 1;
                tracing::error!("{error}");
                Outcome::default()
            }
        };
        for failure in &outcome.failures {
            tracing::error!(
                "{}, {}: {}",
                failure.entry,
                failure.kind.name(),
                failure.error
            );
        }
        let applied = outcome.applied_total();
        if repairs && applied > 0 {
            tracing::warn!(applied, "the tables had drifted and are repaired");
        }
        let mut report = self.shared.lock();
        report.applies += u64::from(!plan.is_empty());
        report.repairs += if repairs { applied } else { 0 };
        report.errors += outcome.failures.len() as u64;
        report.refused += (outcome.failures.len() + plan.unplaceable.len()) as u64;
        report.usage = self.dataplane.usage();
        applied
    }
}
