//! What became of a frame, however it was found out.

use isthmus_abi::Outcome;

/// Outcome, counter of the peering where one counted, and the frame after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// What the router did.
    pub outcome: Outcome,
    /// Index into `PEERINGS` under which it was counted.
    pub peering: Option<u32>,
    /// The frame, rewritten if it was forwarded.
    pub frame: Vec<u8>,
}
