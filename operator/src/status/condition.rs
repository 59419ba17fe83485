//! One condition, and what is remembered of the one that is in place.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use k8s_openapi::jiff::Timestamp;

use super::reason::ConditionReason;

/// Type of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Type {
    /// Whether the object is in force.
    Accepted,
    /// Whether the peer's half is.
    PeerAccepted,
    /// Whether gateways do what the object says.
    Programmed,
}

impl Type {
    /// Every type.
    pub const ALL: [Self; 3] = [Self::Accepted, Self::PeerAccepted, Self::Programmed];

    /// As in a condition's `type`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "Accepted",
            Self::PeerAccepted => "PeerAccepted",
            Self::Programmed => "Programmed",
        }
    }

    /// The type of a condition, `None` where it is somebody else's.
    #[must_use]
    pub fn of(condition: &Condition) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|kind| kind.as_str() == condition.type_)
    }
}

/// Status of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Truth {
    /// `True`
    True,
    /// `False`
    False,
    /// `Unknown`
    Unknown,
}

impl Truth {
    /// As in a condition's `status`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::True => "True",
            Self::False => "False",
            Self::Unknown => "Unknown",
        }
    }

    fn of(text: &str) -> Option<Self> {
        let mut all = [Self::True, Self::False, Self::Unknown].into_iter();
        all.find(|truth| truth.as_str() == text)
    }
}

/// Whole seconds since 1970.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(u32);

impl From<Timestamp> for Moment {
    fn from(at: Timestamp) -> Self {
        Self(u32::try_from(at.as_second()).unwrap_or(0))
    }
}

impl From<Moment> for Time {
    fn from(at: Moment) -> Self {
        Self(Timestamp::from_second(i64::from(at.0)).unwrap_or(Timestamp::UNIX_EPOCH))
    }
}

/// What a condition is to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Its type.
    pub kind: Type,
    /// Its status.
    pub truth: Truth,
    /// Its reason.
    pub reason: ConditionReason,
    /// Its message.
    pub message: String,
}

/// What is remembered of a status that an object has: of each type of condition its
/// status and since when.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    truths: [Option<Truth>; 3],
    /// Of types that have a status.
    since: [Moment; 3],
    /// Whether it speaks of the object's generation.
    is_current: bool,
}

impl Memory {
    /// Of an object's conditions, and whether they are of its generation.
    #[must_use]
    pub fn of(conditions: &[Condition], is_current: bool) -> Self {
        let mut memory = Self {
            is_current,
            ..Self::default()
        };
        for condition in conditions {
            if let (Some(kind), Some(truth)) = (Type::of(condition), Truth::of(&condition.status)) {
                memory.truths[kind as usize] = Some(truth);
                memory.since[kind as usize] = condition.last_transition_time.0.into();
            }
        }
        memory
    }

    /// Whether it says that the object's generation is programmed.
    #[must_use]
    pub fn is_programmed(&self) -> bool {
        self.is_current && self.truth(Type::Programmed) == Some(Truth::True)
    }

    /// The status of a condition, where there is one.
    #[must_use]
    pub fn truth(&self, kind: Type) -> Option<Truth> {
        self.truths[kind as usize]
    }

    /// The condition that says what was found: since now, or since before where
    /// its status is the same.
    #[must_use]
    pub fn condition(&self, finding: Finding, generation: i64, now: Moment) -> Condition {
        let is_same = self.truth(finding.kind) == Some(finding.truth);
        let since = if is_same {
            self.since[finding.kind as usize]
        } else {
            now
        };
        Condition {
            type_: finding.kind.as_str().to_owned(),
            status: finding.truth.as_str().to_owned(),
            reason: finding.reason.as_str().to_owned(),
            message: finding.message,
            observed_generation: Some(generation),
            last_transition_time: since.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(truth: Truth) -> Finding {
        Finding {
            kind: Type::Programmed,
            truth,
            reason: ConditionReason::Pending,
            message: String::new(),
        }
    }

    #[test]
    fn a_condition_keeps_its_time_until_its_status_is_another() {
        let [first, later] = [Moment(10), Moment(20)];
        let one = Memory::default().condition(finding(Truth::False), 1, first);
        let memory = Memory::of(std::slice::from_ref(&one), true);
        let same = memory.condition(finding(Truth::False), 2, later);
        assert_eq!(same.last_transition_time, one.last_transition_time);
        assert_eq!(same.observed_generation, Some(2));
        let flipped = memory.condition(finding(Truth::True), 2, later);
        assert_eq!(flipped.last_transition_time, later.into());
    }

    #[test]
    fn conditions_of_others_are_not_remembered() {
        let mut condition = Memory::default().condition(finding(Truth::True), 1, Moment(1));
        condition.type_ = "Audited".to_owned();
        assert_eq!(Memory::of(&[condition], false), Memory::default());
    }
}
