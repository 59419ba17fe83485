//! How an object stands: one word, from its conditions. Pure.

use isthmus_compiler::Reason;
use isthmus_crds::{TransitGatewayStatus, VpcMemberStatus, VpcPeeringStatus, VpcStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, ObjectMeta};
use serde::Serialize;

/// How an object stands, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum State {
    /// In force.
    Accepted,
    /// In force, and on every gateway of its pools.
    Programmed,
    /// In force, and on its way to gateways.
    Programming,
    /// Not in force until the other half is.
    Waiting,
    /// Not in force.
    Rejected,
    /// A gateway that forwards.
    Ready,
    /// A gateway that does not.
    NotReady,
    /// A gateway that forwards, but not yet all that the slices say.
    Syncing,
    /// A gateway whose flows are to go elsewhere.
    Draining,
    /// Nobody has said anything of the object as it is now.
    Pending,
}

/// Whether a state is good news.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    /// As it should be.
    Good,
    /// On its way, or meant to be so.
    Between,
    /// Somebody has to do something.
    Bad,
}

/// How an object stands, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Standing {
    /// In one word.
    pub state: State,
    /// For programs: reason of the condition that decides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// For people: its sentence.
    pub message: String,
}

impl State {
    /// As in the output.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "Accepted",
            Self::Programmed => "Programmed",
            Self::Programming => "Programming",
            Self::Waiting => "Waiting",
            Self::Rejected => "Rejected",
            Self::Ready => "Ready",
            Self::NotReady => "NotReady",
            Self::Syncing => "Syncing",
            Self::Draining => "Draining",
            Self::Pending => "Pending",
        }
    }

    /// Whether it is good news.
    #[must_use]
    pub const fn mood(self) -> Mood {
        match self {
            Self::Accepted | Self::Programmed | Self::Ready => Mood::Good,
            Self::Programming | Self::Waiting | Self::Syncing | Self::Draining | Self::Pending => {
                Mood::Between
            }
            Self::Rejected | Self::NotReady => Mood::Bad,
        }
    }
}

/// How a Vpc stands.
#[must_use]
pub fn vpc(meta: &ObjectMeta, status: Option<&VpcStatus>) -> Standing {
    let told = status.map(|it| (&*it.conditions, it.observed_generation));
    match in_force(meta, told) {
        Ok(accepted) => Standing::of(State::Accepted, accepted),
        Err(standing) => standing,
    }
}

/// How a VpcMember stands.
#[must_use]
pub fn member(meta: &ObjectMeta, status: Option<&VpcMemberStatus>) -> Standing {
    let told = status.map(|it| (&*it.conditions, it.observed_generation));
    programmed(meta, told)
}

/// How a VpcPeering stands.
#[must_use]
pub fn peering(meta: &ObjectMeta, status: Option<&VpcPeeringStatus>) -> Standing {
    let told = status.map(|it| (&*it.conditions, it.observed_generation));
    programmed(meta, told)
}

/// How a TransitGateway stands.
#[must_use]
pub fn gateway(status: Option<&TransitGatewayStatus>) -> Standing {
    let conditions = status.map_or(&[][..], |status| &*status.conditions);
    let [ready, synced, draining] =
        ["Ready", "Synced", "Draining"].map(|kind| condition(conditions, kind));
    let Some(ready) = ready else {
        return Standing::pending("its agent has not reported yet".to_owned());
    };
    let is_true = |condition: &&Condition| condition.status == "True";
    if !is_true(&ready) {
        Standing::of(State::NotReady, ready)
    } else if let Some(draining) = draining.filter(is_true) {
        Standing::of(State::Draining, draining)
    } else if let Some(behind) = synced.filter(|synced| !is_true(synced)) {
        Standing::of(State::Syncing, behind)
    } else {
        // That it forwards is no news.
        Standing {
            reason: None,
            ..Standing::of(State::Ready, ready)
        }
    }
}

impl Standing {
    /// The same of an object of which the spec may not be readable: where nobody
    /// has said so yet, it is said here.
    #[must_use]
    pub fn with_spec<S>(self, spec: &Result<S, String>) -> Self {
        match spec {
            Err(reason) if self.state == State::Pending => Self {
                state: State::Pending,
                reason: Some("Unreadable".to_owned()),
                message: format!("this version cannot read its spec: {reason}"),
            },
            _ => self,
        }
    }
}

/// The condition of a type.
#[must_use]
pub fn condition<'a>(conditions: &'a [Condition], kind: &str) -> Option<&'a Condition> {
    conditions.iter().find(|condition| condition.type_ == kind)
}

type Told<'a> = Option<(&'a [Condition], Option<i64>)>;

fn programmed(meta: &ObjectMeta, told: Told<'_>) -> Standing {
    let accepted = match in_force(meta, told) {
        Ok(accepted) => accepted,
        Err(standing) => return standing,
    };
    let conditions = told.map_or(&[][..], |(conditions, _)| conditions);
    match condition(conditions, "Programmed") {
        // What is to say about an object in force is more than that it is.
        Some(programmed) if programmed.status == "True" => {
            let has_note = accepted.reason != "Accepted";
            let told = if has_note { accepted } else { programmed };
            Standing::of(State::Programmed, told)
        }
        Some(programmed) => Standing::of(State::Programming, programmed),
        None => Standing::of(State::Programming, accepted),
    }
}

/// The condition `Accepted` of an object in force; of another, how it stands.
fn in_force<'a>(meta: &ObjectMeta, told: Told<'a>) -> Result<&'a Condition, Standing> {
    let (conditions, observed) = told.unwrap_or_default();
    let Some(accepted) = condition(conditions, "Accepted") else {
        let message = "the operator has not looked at it yet";
        return Err(Standing::pending(message.to_owned()));
    };
    let generation = meta.generation.unwrap_or_default();
    let observed = observed.unwrap_or_default();
    if observed < generation {
        return Err(Standing::pending(format!(
            "the operator has looked at generation {observed}, not yet at {generation}"
        )));
    }
    let state = match &*accepted.status {
        "True" => return Ok(accepted),
        "False" if accepted.reason == Reason::WaitingForPeer.as_str() => State::Waiting,
        "False" => State::Rejected,
        _ => State::Pending,
    };
    Err(Standing::of(state, accepted))
}

impl Standing {
    fn of(state: State, condition: &Condition) -> Self {
        Self {
            state,
            reason: Some(condition.reason.clone()).filter(|reason| reason != state.as_str()),
            message: condition.message.clone(),
        }
    }

    fn pending(message: String) -> Self {
        Self {
            state: State::Pending,
            reason: None,
            message,
        }
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

    use super::*;

    fn conditions(told: &[(&str, &str, &str)]) -> Vec<Condition> {
        let one = |(kind, status, reason): &(&str, &str, &str)| Condition {
            type_: (*kind).to_owned(),
            status: (*status).to_owned(),
            reason: (*reason).to_owned(),
            message: format!("sentence of {kind}"),
            observed_generation: Some(2),
            last_transition_time: Time("2026-01-01T00:00:00Z".parse().unwrap()),
        };
        told.iter().map(one).collect()
    }

    fn peering_of(told: &[(&str, &str, &str)], observed: i64) -> (State, Option<String>, String) {
        let meta = ObjectMeta {
            generation: Some(2),
            ..ObjectMeta::default()
        };
        let status = VpcPeeringStatus {
            observed_generation: Some(observed),
            conditions: conditions(told),
            ..VpcPeeringStatus::default()
        };
        let standing = peering(&meta, Some(&status));
        (standing.state, standing.reason, standing.message)
    }

    fn text(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn the_condition_that_decides_gives_reason_and_sentence() {
        let accepted = ("Accepted", "True", "Accepted");
        for (told, state, reason, kind) in [
            (
                vec![("Accepted", "False", "VniTaken")],
                State::Rejected,
                text("VniTaken"),
                "Accepted",
            ),
            (
                vec![("Accepted", "False", "WaitingForPeer")],
                State::Waiting,
                text("WaitingForPeer"),
                "Accepted",
            ),
            (
                vec![accepted, ("Programmed", "False", "Pending")],
                State::Programming,
                text("Pending"),
                "Programmed",
            ),
            (
                vec![accepted, ("Programmed", "True", "Programmed")],
                State::Programmed,
                None,
                "Programmed",
            ),
            (
                vec![
                    ("Accepted", "True", "ImportNotExported"),
                    ("Programmed", "True", "Programmed"),
                ],
                State::Programmed,
                text("ImportNotExported"),
                "Accepted",
            ),
        ] {
            let found = peering_of(&told, 2);
            assert_eq!(
                found,
                (state, reason, format!("sentence of {kind}")),
                "{told:?}"
            );
        }
    }

    #[test]
    fn a_status_of_an_older_generation_says_nothing_of_the_object() {
        let (state, reason, message) = peering_of(&[("Accepted", "True", "Accepted")], 1);
        assert_eq!((state, reason), (State::Pending, None));
        assert_eq!(
            message,
            "the operator has looked at generation 1, not yet at 2"
        );
        let bare = peering(&ObjectMeta::default(), None);
        assert_eq!(bare.state, State::Pending);
    }

    #[test]
    fn a_gateway_is_ready_only_when_nothing_speaks_against_it() {
        let state = |told: &[(&str, &str, &str)]| {
            let status = TransitGatewayStatus {
                conditions: conditions(told),
                ..TransitGatewayStatus::default()
            };
            gateway(Some(&status)).state
        };
        let ready = ("Ready", "True", "Forwarding");
        let synced = ("Synced", "True", "Synced");
        assert_eq!(
            state(&[ready, synced, ("Draining", "False", "InService")]),
            State::Ready
        );
        assert_eq!(
            state(&[ready, ("Synced", "False", "Listing")]),
            State::Syncing
        );
        assert_eq!(
            state(&[ready, ("Draining", "True", "DrainRequested")]),
            State::Draining
        );
        assert_eq!(
            state(&[
                ("Ready", "False", "NotReady"),
                ("Draining", "True", "DrainRequested")
            ]),
            State::NotReady
        );
        assert_eq!(state(&[]), State::Pending);
    }
}
