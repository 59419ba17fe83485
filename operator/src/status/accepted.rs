//! `Accepted` and `PeerAccepted`: what a verdict comes to. The one place that
//! decides what a status may say: of other namespaces' objects a sentence names
//! nothing that the object does not name itself.

use isthmus_compiler::Verdict;

use super::condition::{Finding, Truth, Type};
use super::reason::ConditionReason;

/// Whether an object is in force, and if not, why.
#[must_use]
pub fn accepted(verdict: &Verdict) -> Finding {
    let truth = if verdict.is_accepted() {
        Truth::True
    } else {
        Truth::False
    };
    let explanation = verdict.explanation();
    Finding {
        kind: Type::Accepted,
        truth,
        reason: explanation.map_or(ConditionReason::Accepted, |explanation| {
            ConditionReason::Verdict(explanation.reason)
        }),
        message: explanation.map_or_else(
            || "in force".to_owned(),
            |explanation| explanation.discreet().to_owned(),
        ),
    }
}

/// What a peering says of the peer's half.
#[must_use]
pub fn peer_accepted(verdict: &Verdict, is_local: bool) -> Finding {
    let (truth, reason, message) = match verdict {
        Verdict::Accepted(_) if is_local => (
            Truth::True,
            ConditionReason::Accepted,
            "one object peers two Vpcs of one namespace".to_owned(),
        ),
        Verdict::Accepted(_) => (
            Truth::True,
            ConditionReason::Accepted,
            "the peer's half is in force".to_owned(),
        ),
        Verdict::Waiting(explanation) => (
            Truth::False,
            ConditionReason::Verdict(explanation.reason),
            explanation.discreet().to_owned(),
        ),
        Verdict::Rejected(_) => (
            Truth::Unknown,
            ConditionReason::NotAccepted,
            "not looked at while this object is rejected".to_owned(),
        ),
    };
    Finding {
        kind: Type::PeerAccepted,
        truth,
        reason,
        message,
    }
}
