//! One row: what is there, what is applied, and the answer.

use serde::Deserialize;
use serde_json::Value;
use thiserror::Error;

use crate::Object;

/// One way to be rejected.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "Written")]
pub struct Row {
    /// Objects that are there before, and older.
    pub given: Vec<Object>,
    /// What is applied.
    pub apply: Object,
    /// What comes of it.
    pub answer: Answer,
    /// Where further values of the applied object's body are tried: a JSON
    /// pointer.
    pub place: Option<String>,
    /// Values there that get the same answer.
    pub also: Vec<Value>,
    /// Values there that are accepted.
    pub fine: Vec<Value>,
    /// How the objects came to be stored, where the API server would not take
    /// them now.
    pub stored: Option<Stored>,
}

/// What comes of what is applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// `kubectl apply` says this; nothing is stored.
    Refused {
        /// Place and sentence, as the API server says them.
        says: String,
    },
    /// So does an admission policy of the chart.
    Denied {
        /// Whom it denies it.
        whom: String,
        /// Its sentence.
        says: String,
    },
    /// It is stored, and its condition `Accepted` says this.
    Condition {
        /// Whether it is in force all the same.
        accepted: bool,
        /// The condition's reason.
        reason: String,
        /// The condition's message.
        says: String,
    },
}

/// How an object came to be stored that could not be applied now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Stored {
    /// Before the definitions had rules and bounds.
    BeforeRules,
    /// By a newer version of the definitions.
    ByNewer,
}

/// What is wrong with a row.
#[derive(Debug, Error)]
pub enum RowError {
    /// It has no answer, or several.
    #[error("a row has either `refused`, or `denied` and `whom`, or `reason` and `says`")]
    Answer,
    /// Values without a place.
    #[error("`also` and `fine` are values at a `place` that {object} has")]
    Place {
        /// The object.
        object: String,
    },
}

/// As it is written.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Written {
    #[serde(default)]
    given: Vec<Object>,
    apply: Object,
    refused: Option<String>,
    denied: Option<String>,
    whom: Option<String>,
    reason: Option<String>,
    says: Option<String>,
    #[serde(default)]
    accepted: bool,
    place: Option<String>,
    #[serde(default)]
    also: Vec<Value>,
    #[serde(default)]
    fine: Vec<Value>,
    stored: Option<Stored>,
}

impl TryFrom<Written> for Row {
    type Error = RowError;

    fn try_from(written: Written) -> Result<Self, RowError> {
        let answer = (written.refused, written.denied, written.reason);
        let answer = match (answer, written.whom, written.says) {
            ((Some(says), None, None), None, None) => Answer::Refused { says },
            ((None, Some(says), None), Some(whom), None) => Answer::Denied { whom, says },
            ((None, None, Some(reason)), None, Some(says)) => Answer::Condition {
                accepted: written.accepted,
                reason,
                says,
            },
            _ => return Err(RowError::Answer),
        };
        let is_there = written
            .place
            .as_ref()
            .map(|place| written.apply.body.pointer(place).is_some());
        let has_values = !written.also.is_empty() || !written.fine.is_empty();
        if is_there.unwrap_or(!has_values) {
            Ok(Self {
                given: written.given,
                apply: written.apply,
                answer,
                place: written.place,
                also: written.also,
                fine: written.fine,
                stored: written.stored,
            })
        } else {
            Err(RowError::Place {
                object: written.apply.to_string(),
            })
        }
    }
}

impl Row {
    /// The objects that get the answer: the applied one, and it with each
    /// further value.
    pub fn refused(&self) -> impl Iterator<Item = Object> {
        std::iter::once(self.apply.clone()).chain(self.with(&self.also))
    }

    /// The objects that are accepted in its stead.
    pub fn fine(&self) -> impl Iterator<Item = Object> {
        self.with(&self.fine)
    }

    fn with(&self, values: &[Value]) -> impl Iterator<Item = Object> {
        let place = self.place.as_deref().unwrap_or_default();
        values
            .iter()
            .filter_map(move |value| self.apply.with(place, value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(rest: &str) -> Result<Row, serde_yaml::Error> {
        serde_yaml::from_str(&format!("apply: 'Vpc a/b {{vni: 1}}'\n{rest}"))
    }

    #[test]
    fn a_row_has_one_answer() {
        assert!(row("refused: no").is_ok() && row("{}").is_err());
        assert!(row("reason: R\nsays: no").is_ok() && row("reason: R").is_err());
        assert!(row("refused: no\nreason: R\nsays: no").is_err());
        assert!(row("denied: no\nwhom: jane").is_ok() && row("denied: no").is_err());
    }

    #[test]
    fn values_are_tried_at_a_place_that_there_is() {
        let found = row("refused: no\nplace: /vni\nalso: [2, 3]\nfine: [4]").unwrap();
        let values: Vec<_> = found
            .refused()
            .map(|object| object.body["vni"].clone())
            .collect();
        assert_eq!(values, [1, 2, 3]);
        assert_eq!(found.fine().count(), 1);
        assert!(row("refused: no\nalso: [2]").is_err());
        assert!(row("refused: no\nplace: /vpc\nalso: [2]").is_err());
    }
}
