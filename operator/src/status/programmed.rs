//! `Programmed`: how far what an object says has come.

use super::condition::{Finding, Truth, Type};
use super::reason::ConditionReason;

/// Gateways that do what an object says, of those that shall.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// Gateways that do.
    pub ready: usize,
    /// Gateways of the pools concerned.
    pub of: usize,
}

/// How far an accepted object has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Programmed {
    /// The object is not accepted.
    NotAccepted,
    /// A peering's count.
    Counted(Reach),
    /// A member that every gateway of its pool has.
    Everywhere,
    /// A member that some gateway does not have yet.
    OnItsWay,
    /// A member whose pool, of this name, has no gateway.
    NoGateway(String),
}

impl Programmed {
    /// The condition.
    #[must_use]
    pub fn finding(self) -> Finding {
        let (truth, reason, message) = match self {
            Self::NotAccepted => (
                Truth::False,
                ConditionReason::NotAccepted,
                "not in force".to_owned(),
            ),
            Self::Counted(Reach { of: 0, .. }) => (
                Truth::False,
                ConditionReason::NoGateways,
                "0/0 gateways".to_owned(),
            ),
            Self::Counted(Reach { ready, of }) => {
                let message = format!("{ready}/{of} gateways");
                if ready == of {
                    (Truth::True, ConditionReason::Programmed, message)
                } else {
                    (Truth::False, ConditionReason::Pending, message)
                }
            }
            Self::Everywhere => (
                Truth::True,
                ConditionReason::Programmed,
                "on every gateway of its pool".to_owned(),
            ),
            Self::OnItsWay => (
                Truth::False,
                ConditionReason::Pending,
                "on its way to the gateways of its pool".to_owned(),
            ),
            Self::NoGateway(pool) => (
                Truth::False,
                ConditionReason::NoGateways,
                format!("no gateway serves the pool {pool}"),
            ),
        };
        Finding {
            kind: Type::Programmed,
            truth,
            reason,
            message,
        }
    }
}
