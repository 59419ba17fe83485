//! Objects as helm renders them.

use anyhow::{Context, Result};
use serde_json::Value;

/// One rendered object.
#[derive(Clone, Debug)]
pub struct Manifest(pub Value);

impl Manifest {
    /// The documents of a text that hold something.
    ///
    /// # Errors
    ///
    /// A document that is no YAML.
    pub fn read_all(text: &str) -> Result<Vec<Self>> {
        let mut found = Vec::new();
        for document in text.split("\n---") {
            let value: Value = serde_yaml::from_str(document)
                .with_context(|| format!("in the document\n{document}"))?;
            if !value.is_null() {
                found.push(Self(value));
            }
        }
        Ok(found)
    }

    /// A string by its JSON pointer, else the empty one.
    #[must_use]
    pub fn text(&self, pointer: &str) -> &str {
        self.0
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> &str {
        self.text("/kind")
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.text("/metadata/name")
    }

    /// Group and version.
    #[must_use]
    pub fn group_version(&self) -> (&str, &str) {
        let api_version = self.text("/apiVersion");
        api_version.split_once('/').unwrap_or(("", api_version))
    }

    /// Kind and name.
    #[must_use]
    pub fn title(&self) -> String {
        format!("{} {}", self.kind(), self.name())
    }
}
