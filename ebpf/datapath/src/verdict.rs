//! What the brain says of a frame.

use isthmus_abi::{DropReason, Outcome};

/// What becomes of a frame, and for which peering it counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// To the host's network stack; the frame is untouched.
    Passed,
    /// Out of the port it came in on; the frame is rewritten.
    Forwarded {
        /// Index into `PEERINGS`.
        peering: u32,
    },
    /// Back to the hypervisor that asked, out of the port it came in on; the
    /// frame is rewritten.
    Answered,
    /// Nowhere; the frame is untouched.
    Dropped(DropReason),
}

impl Verdict {
    /// The outcome to count.
    #[inline(always)]
    #[must_use]
    pub const fn outcome(self) -> Outcome {
        match self {
            Self::Passed => Outcome::Passed,
            Self::Forwarded { .. } => Outcome::Forwarded,
            Self::Answered => Outcome::Answered,
            Self::Dropped(reason) => Outcome::Dropped(reason),
        }
    }
}
