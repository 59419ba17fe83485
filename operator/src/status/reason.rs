//! Reasons of conditions.

use isthmus_compiler::Reason;

/// Why a condition is as it is. The names are stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ConditionReason {
    /// A reason of the compiler's.
    Verdict(Reason),
    /// The object is in force.
    Accepted,
    /// The object cannot be read: it has fields or values that this version
    /// does not know.
    Malformed,
    /// The object is not in force, so that nothing else is said of it.
    NotAccepted,
    /// What the object says is on its way to gateways.
    Pending,
    /// Every gateway does what the object says.
    Programmed,
    /// No gateway serves the pool.
    NoGateways,
}

impl ConditionReason {
    /// The reasons that are not the compiler's.
    pub const OWN: &'static [Self] = &[
        Self::Accepted,
        Self::Malformed,
        Self::NotAccepted,
        Self::Pending,
        Self::Programmed,
        Self::NoGateways,
    ];

    /// As in a condition's `reason`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Verdict(reason) => reason.as_str(),
            Self::Accepted => "Accepted",
            Self::Malformed => "Malformed",
            Self::NotAccepted => "NotAccepted",
            Self::Pending => "Pending",
            Self::Programmed => "Programmed",
            Self::NoGateways => "NoGateways",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documentation_has_every_reason() {
        let text = include_str!("../../../docs/rejections.md");
        for reason in ConditionReason::OWN {
            let line = format!("\n* `{}`", reason.as_str());
            assert!(text.contains(&line), "{line}");
        }
        for reason in Reason::ALL {
            let row = format!("\n| `{}`", ConditionReason::Verdict(*reason).as_str());
            assert!(text.contains(&row), "{row}");
        }
    }
}
