//! A manifest in one line.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;
use serde_json::{Value, json};
use thiserror::Error;

/// Group and version of every kind.
const API_VERSION: &str = "isthmus.dev/v1alpha1";

/// What of an object is applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Its spec.
    Spec,
    /// Its status.
    Status,
}

/// An object as the table writes it: `Vpc team-a/blue {vni: 1, cidrs:
/// [10.0.0.0/24]}` with its spec, `VpcPeering team-a/p status {..}` with its
/// status. One without namespace is of a kind that has none.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "String")]
pub struct Object {
    /// Its kind.
    pub kind: String,
    /// Its namespace, where it has one.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
    /// What of it is applied.
    pub part: Part,
    /// Contents of that part.
    pub body: Value,
    text: String,
}

/// What is wrong with the text of an object.
#[derive(Debug, Error)]
pub enum ObjectError {
    /// There is no kind, name and body.
    #[error("{text:?} is not KIND NAME {{..}}, KIND NAMESPACE/NAME {{..}} or one with `status`")]
    Form {
        /// The text.
        text: String,
    },
    /// The body cannot be read.
    #[error("the body of {text:?} is no YAML")]
    Body {
        /// The text.
        text: String,
        /// Why.
        source: serde_yaml::Error,
    },
}

impl Object {
    /// The manifest, with the spec that the text gives, if it gives one.
    #[must_use]
    pub fn manifest(&self) -> Value {
        let mut manifest = json!({
            "apiVersion": API_VERSION,
            "kind": self.kind,
            "metadata": {"name": self.name},
        });
        if let Some(namespace) = &self.namespace {
            manifest["metadata"]["namespace"] = json!(namespace);
        }
        let part = match self.part {
            Part::Spec => "spec",
            Part::Status => "status",
        };
        manifest[part] = self.body.clone();
        manifest
    }

    /// The same object with another value at a place of its body, which is
    /// there (RFC 6901: a JSON pointer). `None` where it is not there.
    #[must_use]
    pub fn with(&self, place: &str, value: &Value) -> Option<Self> {
        let mut changed = self.clone();
        *changed.body.pointer_mut(place)? = value.clone();
        Some(changed)
    }

    /// Whether both are of one object.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        (&self.kind, &self.namespace, &self.name) == (&other.kind, &other.namespace, &other.name)
    }
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl TryFrom<String> for Object {
    type Error = ObjectError;

    fn try_from(text: String) -> Result<Self, ObjectError> {
        text.parse()
    }
}

impl FromStr for Object {
    type Err = ObjectError;

    fn from_str(text: &str) -> Result<Self, ObjectError> {
        let form = || ObjectError::Form {
            text: text.to_owned(),
        };
        let start = text.find('{').ok_or_else(form)?;
        let (head, body) = text.split_at(start);
        let words: Vec<_> = head.split_whitespace().collect();
        let (kind, name, part) = match words[..] {
            [kind, name] => (kind, name, Part::Spec),
            [kind, name, "status"] => (kind, name, Part::Status),
            _ => return Err(form()),
        };
        let (namespace, name) = match name.split_once('/') {
            Some((namespace, name)) => (Some(namespace.to_owned()), name),
            None => (None, name),
        };
        let body = serde_yaml::from_str(body).map_err(|source| ObjectError::Body {
            text: text.to_owned(),
            source,
        })?;
        Ok(Self {
            kind: kind.to_owned(),
            namespace,
            name: name.to_owned(),
            part,
            body,
            text: text.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_becomes_a_manifest() {
        let object: Object = "Vpc team-a/blue {vni: 1}".parse().unwrap();
        let expected = json!({
            "apiVersion": API_VERSION, "kind": "Vpc",
            "metadata": {"name": "blue", "namespace": "team-a"}, "spec": {"vni": 1},
        });
        assert_eq!(object.manifest(), expected);
        let object: Object = "TransitGateway gw status {a: []}".parse().unwrap();
        let expected = json!({
            "apiVersion": API_VERSION, "kind": "TransitGateway",
            "metadata": {"name": "gw"}, "status": {"a": []},
        });
        assert_eq!(object.manifest(), expected);
    }

    #[test]
    fn a_place_of_the_body_gets_another_value_if_it_is_there() {
        let object: Object = "Vpc a/b {cidrs: [x]}".parse().unwrap();
        let changed = object.with("/cidrs/0", &json!("y")).unwrap();
        assert_eq!(changed.body, json!({"cidrs": ["y"]}));
        assert!(object.with("/cidrs/1", &json!("y")).is_none());
    }

    #[test]
    fn what_is_no_object_is_told_with_its_text() {
        for text in ["Vpc blue", "Vpc {}", "Vpc a/b spec {}", "Vpc a/b {"] {
            let error = text.parse::<Object>().unwrap_err().to_string();
            assert!(error.contains(text), "{error}");
        }
    }
}
