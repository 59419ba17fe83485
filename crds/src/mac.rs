//! MAC addresses of members.

use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// A unicast MAC address, not all zeroes. Written `02:00:00:00:00:02`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MacAddress([u8; 6]);

/// Why a text is no MAC address of a member.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MacError {
    /// Not six pairs of hexadecimal digits with colons between them.
    #[error("{given:?} is no MAC address; write six pairs like 02:00:00:00:00:02")]
    Malformed {
        /// What was written.
        given: String,
    },
    /// The group bit is set: broadcast or multicast.
    #[error("{given} is a group address; a member needs a unicast MAC such as 02:00:00:00:00:02")]
    Group {
        /// What was written.
        given: String,
    },
    /// All zeroes.
    #[error("{given} names no station; a member needs a unicast MAC such as 02:00:00:00:00:02")]
    Zero {
        /// What was written.
        given: String,
    },
}

impl MacAddress {
    /// From bytes in the order in which they are sent.
    ///
    /// # Errors
    ///
    /// [`MacError::Group`] where the lowest bit of the first byte is set,
    /// [`MacError::Zero`] where all bytes are zero.
    pub fn new(octets: [u8; 6]) -> Result<Self, MacError> {
        let mac = Self(octets);
        if octets == [0; 6] {
            Err(MacError::Zero {
                given: mac.to_string(),
            })
        } else if octets[0] & 1 == 1 {
            Err(MacError::Group {
                given: mac.to_string(),
            })
        } else {
            Ok(mac)
        }
    }

    /// The bytes, in the order in which they are sent.
    #[must_use]
    pub const fn octets(self) -> [u8; 6] {
        self.0
    }

    /// The address as a number: the low 48 bits, the first byte the most
    /// significant.
    #[must_use]
    pub const fn to_bits(self) -> u64 {
        let [a, b, c, d, e, f] = self.0;
        u64::from_be_bytes([0, 0, a, b, c, d, e, f])
    }
}

impl FromStr for MacAddress {
    type Err = MacError;

    fn from_str(text: &str) -> Result<Self, MacError> {
        let malformed = || MacError::Malformed {
            given: text.to_owned(),
        };
        let mut octets = [0; 6];
        let mut parts = text.split(':');
        for octet in &mut octets {
            let part = parts
                .next()
                .filter(|part| part.len() == 2 && part.bytes().all(|b| b.is_ascii_hexdigit()))
                .ok_or_else(malformed)?;
            *octet = u8::from_str_radix(part, 16).map_err(|_| malformed())?;
        }
        if parts.next().is_some() {
            return Err(malformed());
        }
        Self::new(octets)
    }
}

impl TryFrom<String> for MacAddress {
    type Error = MacError;

    fn try_from(text: String) -> Result<Self, MacError> {
        text.parse()
    }
}

impl From<MacAddress> for String {
    fn from(mac: MacAddress) -> Self {
        mac.to_string()
    }
}

impl fmt::Display for MacAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, f] = self.0;
        write!(formatter, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{f:02x}")
    }
}

impl fmt::Debug for MacAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MacAddress({self})")
    }
}

impl JsonSchema for MacAddress {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "MacAddress".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "minLength": 17,
            "maxLength": 17,
            "pattern": "^[0-9A-Fa-f][02468ACEace](:[0-9A-Fa-f]{2}){5}$",
            "x-kubernetes-validations": [{
                "rule": "self != '00:00:00:00:00:00'",
                "message": "must name a station, such as 02:00:00:00:00:02",
            }],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_number_agree() {
        let mac: MacAddress = "02:00:5E:00:53:01".parse().unwrap();
        assert_eq!(mac.to_string(), "02:00:5e:00:53:01");
        assert_eq!(mac.to_bits(), 0x0200_5e00_5301);
        assert_eq!(mac.octets(), [2, 0, 0x5e, 0, 0x53, 1]);
    }

    #[test]
    fn group_and_zero_addresses_are_refused() {
        for text in [
            "ff:ff:ff:ff:ff:ff",
            "01:00:5e:00:00:01",
            "33:33:00:00:00:01",
        ] {
            assert!(
                matches!(text.parse::<MacAddress>(), Err(MacError::Group { .. })),
                "{text}"
            );
        }
        assert!(matches!(
            "00:00:00:00:00:00".parse::<MacAddress>(),
            Err(MacError::Zero { .. })
        ));
    }

    #[test]
    fn anything_but_six_pairs_is_refused() {
        for text in [
            "",
            "02",
            "02:00:00:00:00",
            "02:00:00:00:00:02:03",
            "2:0:0:0:0:2",
            "02-00-00-00-00-02",
            "02:00:00:00:00:0g",
            "+2:00:00:00:00:02",
            " 02:00:00:00:00:02",
        ] {
            assert!(
                matches!(text.parse::<MacAddress>(), Err(MacError::Malformed { .. })),
                "{text}"
            );
        }
    }
}
