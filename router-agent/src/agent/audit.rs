//! The minute's look at the tables, which holds no change up.

use std::sync::Arc;

use isthmus_tables::SysError;
use tokio::sync::mpsc::Sender;

use super::Agent;
use crate::dataplane::{Audit, Finding, Reading};

/// Entries of a kind that are compared at a time: some milliseconds.
const PIECE: usize = 16 * 1024;

impl Agent {
    /// Has the tables read, unless they are being read or compared. The
    /// reading comes back through `readings`.
    pub(super) fn begin_audit(&mut self, readings: &Sender<Result<Reading, SysError>>) {
        if self.audit.is_some() {
            return;
        }
        self.audit = Some(Audit::begin(&self.refused));
        let tables = Arc::clone(self.dataplane.writer().tables());
        let readings = readings.clone();
        tokio::task::spawn_blocking(move || {
            // The loop is gone when it no longer listens.
            let _gone = readings.blocking_send(Reading::take(&tables));
        });
    }

    /// Takes what was read.
    pub(super) fn take_reading(&mut self, reading: Result<Reading, SysError>) {
        match (reading, &mut self.audit) {
            (Ok(reading), Some(audit)) => {
                audit.compare(reading);
                self.comparing = true;
            }
            (Ok(_), None) => {}
            (Err(error), _) => {
                self.audit = None;
                self.shared.lock().errors += 1;
                tracing::error!("cannot read the tables: {error}");
            }
        }
    }

    /// Compares a piece. Where something is not as it should be, everything
    /// is read and written anew at once.
    pub(super) fn compare_piece(&mut self) {
        let finding = self
            .audit
            .as_mut()
            .and_then(|audit| audit.step(&self.desired, PIECE));
        let Some(finding) = finding else {
            return;
        };
        self.audit = None;
        self.comparing = false;
        tracing::debug!(?finding, "tables looked at");
        if finding == Finding::Drifted {
            self.sync_all(true);
        }
    }
}
