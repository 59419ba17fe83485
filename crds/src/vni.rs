//! VXLAN network identifiers.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// A VXLAN network identifier, 1 to 16777215 (RFC 7348, section 5: 24 bits;
/// 0 names no network).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u32")]
pub struct Vni(NonZeroU32);

/// Why a number is no VNI.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VniError {
    /// Zero, or more than 24 bits.
    #[error("{given} is no VNI; write a number from 1 to 16777215")]
    OutOfRange {
        /// What was written.
        given: u64,
    },
    /// No number at all.
    #[error("{given:?} is no VNI; write a number from 1 to 16777215")]
    NotANumber {
        /// What was written.
        given: String,
    },
}

impl Vni {
    /// Largest VNI.
    pub const MAX: u32 = (1 << 24) - 1;

    /// # Errors
    ///
    /// [`VniError::OutOfRange`] for 0 and for numbers above [`Vni::MAX`].
    pub fn new(number: u32) -> Result<Self, VniError> {
        Self::try_from(u64::from(number))
    }

    /// The number, 1 to [`Vni::MAX`].
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0.get()
    }
}

impl TryFrom<u64> for Vni {
    type Error = VniError;

    fn try_from(given: u64) -> Result<Self, VniError> {
        u32::try_from(given)
            .ok()
            .filter(|number| *number <= Self::MAX)
            .and_then(NonZeroU32::new)
            .map(Self)
            .ok_or(VniError::OutOfRange { given })
    }
}

impl TryFrom<u32> for Vni {
    type Error = VniError;

    fn try_from(number: u32) -> Result<Self, VniError> {
        Self::new(number)
    }
}

impl From<Vni> for u32 {
    fn from(vni: Vni) -> Self {
        vni.get()
    }
}

impl FromStr for Vni {
    type Err = VniError;

    fn from_str(text: &str) -> Result<Self, VniError> {
        let number: u64 = text.parse().map_err(|_| VniError::NotANumber {
            given: text.to_owned(),
        })?;
        Self::try_from(number)
    }
}

impl fmt::Display for Vni {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Vni {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Vni({})", self.0)
    }
}

impl JsonSchema for Vni {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Vni".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "integer",
            "format": "int32",
            "minimum": 1,
            "maximum": Self::MAX,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_range_and_nothing_else_is_a_vni() {
        assert_eq!(Vni::new(1).unwrap().get(), 1);
        assert_eq!(Vni::new(Vni::MAX).unwrap().get(), 16_777_215);
        assert_eq!(Vni::new(0), Err(VniError::OutOfRange { given: 0 }));
        assert_eq!(
            Vni::new(1 << 24),
            Err(VniError::OutOfRange { given: 1 << 24 })
        );
    }

    #[test]
    fn an_error_says_what_would_be_right() {
        let error = serde_json::from_str::<Vni>("16777216")
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("write a number from 1 to 16777215"),
            "{error}"
        );
        let error = "blue".parse::<Vni>().unwrap_err().to_string();
        assert_eq!(
            error,
            "\"blue\" is no VNI; write a number from 1 to 16777215"
        );
    }

    #[test]
    fn json_holds_the_plain_number() {
        let vni: Vni = serde_json::from_str("7").unwrap();
        assert_eq!(serde_json::to_string(&vni).unwrap(), "7");
    }
}
