//! Packets and bytes, read from the kernel.

use isthmus_abi::{Counter, DropReason, Outcome};
use isthmus_tables::{SysError, Tables};

/// Packets and bytes, as the kernel counts them now.
#[derive(Debug, Default)]
pub struct Counts {
    /// By verdict and drop reason (empty where not dropped).
    pub outcomes: Vec<(&'static str, &'static str, Counter)>,
    /// By peering, VNI of the sender, VNI of the receiver.
    pub peerings: Vec<(String, u32, u32, Counter)>,
}

impl Counts {
    /// Reads them.
    ///
    /// # Errors
    ///
    /// The kernel's answer.
    pub fn read(tables: &Tables) -> Result<Self, SysError> {
        let mut counts = Self::default();
        for (verdict, outcome) in [
            ("pass", Outcome::Passed),
            ("tx", Outcome::Forwarded),
            ("answer", Outcome::Answered),
        ] {
            counts
                .outcomes
                .push((verdict, "", tables.outcome(outcome)?));
        }
        for reason in DropReason::ALL {
            let counter = tables.outcome(Outcome::Dropped(*reason))?;
            counts.outcomes.push(("drop", reason.name(), counter));
        }
        for (index, label) in tables.labels() {
            let counter = tables.peering(index)?;
            counts
                .peerings
                .push((label.name, label.vni, label.peer_vni, counter));
        }
        Ok(counts)
    }
}
