//! What the agent's loop tells the HTTP server: plain numbers.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

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
    /// Whether the tables were brought up to date at least once.
    pub synced: bool,
    /// Ports given on the command line.
    pub ports: u64,
    /// Of these, attached.
    pub ports_attached: u64,
}

impl Report {
    /// Why the gateway is not ready, if it is not.
    #[must_use]
    pub fn not_ready(&self) -> Option<String> {
        if !self.synced {
            return Some("the tables are not filled yet".to_owned());
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
        (self.ports_attached == 0).then(|| "no port is attached".to_owned())
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
        assert!(report.not_ready().unwrap().contains("not filled"));
        report.synced = true;
        assert!(report.not_ready().unwrap().contains("no port"));
        report.ports_attached = 1;
        assert_eq!(report.not_ready(), None);
        report.refused = 2;
        assert!(report.not_ready().unwrap().contains("2 entries do not fit"));
    }
}
