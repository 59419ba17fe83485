//! What the agent's loop tells the HTTP server: plain numbers.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use isthmus_tables::{Tables, Usage};

/// A snapshot that the loop keeps up to date.
#[derive(Clone, Default)]
pub struct Report {
    /// The tables in use, once there are any: counters are read from them.
    pub tables: Option<Arc<Tables>>,
    /// Entries of each table.
    pub usage: Vec<Usage>,
    /// Times that changes were brought into the tables.
    pub applies: u64,
    /// Operations that failed, and observations that did.
    pub errors: u64,
    /// Entries that did not fit or were refused, at the last full plan.
    pub refused: u64,
    /// Differences that were found without anything having been asked for.
    pub repairs: u64,
    /// From a change in the folder to its being in the tables, the last time.
    pub lag: Duration,
    /// Files and documents in error.
    pub manifest_errors: u64,
    /// Objects by kind and verdict.
    pub objects: BTreeMap<(&'static str, &'static str), u64>,
    /// Hypervisors in use.
    pub hypervisors: u64,
    /// Of these, without a next hop from some port.
    pub unresolved: u64,
    /// Until then the gateway is not ready without its first next hops.
    pub resolved_by: Option<Instant>,
    /// Whether the tables were brought up to date at least once.
    pub synced: bool,
    /// Whether an administrator asked for flows to go elsewhere; `None` while
    /// that is not known.
    pub drain: Option<bool>,
    /// Ports given on the command line.
    pub ports: u64,
    /// Of these, attached.
    pub ports_attached: u64,
    /// Why the others are not.
    pub port_problems: Vec<String>,
    /// Addresses that the attached ports answer to.
    pub vteps: BTreeSet<IpAddr>,
    /// Devices with a program, and the mode in which it runs there.
    pub interfaces: BTreeMap<String, &'static str>,
    /// What was received of the slices, where they are the source.
    pub slices: Option<SlicesReport>,
}

/// How far the slices reach that the tables reflect.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SlicesReport {
    /// Whether every slice was listed once.
    pub is_complete: bool,
    /// Of each pool.
    pub pools: Vec<PoolReport>,
}

/// How far the slices of a pool reach that the tables reflect.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PoolReport {
    /// The pool.
    pub pool: String,
    /// Newest resourceVersion of its PeeringSlices.
    pub peering: u64,
    /// Newest resourceVersion of its ForwardingSlices.
    pub forwarding: u64,
}

impl Report {
    /// Why the gateway is not ready at `now`, if it is not.
    #[must_use]
    pub fn not_ready(&self, now: Instant) -> Option<String> {
        if !self.synced {
            return Some(match self.slices {
                None => "the tables are not filled yet".to_owned(),
                Some(_) => "the slices are not listed yet".to_owned(),
            });
        }
        if self.refused > 0 {
            let full: Vec<_> = self
                .usage
                .iter()
                .filter(|usage| usage.used >= usage.capacity)
                .map(|usage| usage.table.name())
                .collect();
            return Some(format!(
                "{} entries do not fit ({})",
                self.refused,
                full.join(", ")
            ));
        }
        if self.ports_attached == 0 {
            let reasons = self.port_problems.join("; ");
            let colon = if reasons.is_empty() { "" } else { ": " };
            return Some(format!("no port is attached{colon}{reasons}"));
        }
        let waiting = self.unresolved > 0 && self.resolved_by.is_some_and(|until| now < until);
        waiting.then(|| {
            let unresolved = self.unresolved;
            format!("the next hops of {unresolved} hypervisors are being asked for")
        })
    }
}

/// The report, shared.
#[derive(Clone, Default)]
pub struct Shared(Arc<Mutex<Report>>);

impl Shared {
    /// The report, for a moment.
    pub fn lock(&self) -> MutexGuard<'_, Report> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gateway_is_ready_when_it_is_synced_attached_and_nothing_was_refused() {
        let mut report = Report::default();
        let now = Instant::now();
        let not_ready = |report: &Report| report.not_ready(now).unwrap_or_default();
        assert!(not_ready(&report).contains("not filled"));
        report.synced = true;
        assert_eq!(not_ready(&report), "no port is attached");
        report.port_problems = vec!["there is no eth9".to_owned()];
        assert_eq!(not_ready(&report), "no port is attached: there is no eth9");
        report.ports_attached = 1;
        assert_eq!(report.not_ready(now), None);
        report.refused = 2;
        assert!(not_ready(&report).contains("2 entries do not fit"));
    }

    #[test]
    fn the_first_next_hops_are_waited_for_but_not_for_ever() {
        let now = Instant::now();
        let report = Report {
            synced: true,
            ports_attached: 1,
            unresolved: 3,
            resolved_by: Some(now + Duration::from_secs(2)),
            ..Report::default()
        };
        assert!(report.not_ready(now).unwrap().contains("3 hypervisors"));
        assert_eq!(report.not_ready(now + Duration::from_secs(2)), None);
    }
}
