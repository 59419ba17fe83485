//! Addresses of members and VTEPs.

use std::net::IpAddr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

/// Why a text is no address of a member or VTEP.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Not an address.
    #[error("{given:?} is no IP address; write one like 10.104.0.2 or fd00:104::2")]
    Malformed {
        /// What was written.
        given: String,
    },
    /// An address that no packet is routed to.
    #[error(
        "{given} is not routable; write a unicast address that is not link-local, loopback or \
         IPv4-mapped"
    )]
    NotRoutable {
        /// What was written.
        given: IpAddr,
    },
}

/// Whether packets can be routed to an address: the API server's
/// `ip(..).isGlobalUnicast()`, without the IPv4-mapped addresses that its
/// `isIP(..)` refuses.
#[must_use]
pub fn is_routable(address: IpAddr) -> bool {
    let no_unicast = address.is_unspecified() || address.is_loopback() || address.is_multicast();
    let local = match address {
        IpAddr::V4(v4) => v4.is_broadcast() || v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_unicast_link_local() || v6.to_ipv4_mapped().is_some(),
    };
    !no_unicast && !local
}

/// Reads an address that packets can be routed to.
///
/// # Errors
///
/// [`AddressError`] says what would be right.
pub fn parse_address(text: &str) -> Result<IpAddr, AddressError> {
    let address: IpAddr = text.parse().map_err(|_| AddressError::Malformed {
        given: text.to_owned(),
    })?;
    if is_routable(address) {
        Ok(address)
    } else {
        Err(AddressError::NotRoutable { given: address })
    }
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<IpAddr, D::Error> {
    let text = String::deserialize(from)?;
    parse_address(&text).map_err(D::Error::custom)
}

pub(crate) mod list {
    use super::{Deserialize, Deserializer, IpAddr};

    #[derive(Deserialize)]
    struct Item(#[serde(deserialize_with = "super::deserialize")] IpAddr);

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<IpAddr>, D::Error> {
        let items = Vec::<Item>::deserialize(from)?;
        Ok(items.into_iter().map(|item| item.0).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unicast_addresses_of_both_families_are_read() {
        for text in ["10.104.0.2", "192.0.2.1", "fd00:104::2", "2001:db8::1"] {
            assert_eq!(parse_address(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn addresses_that_nothing_is_routed_to_are_refused() {
        for text in [
            "0.0.0.0",
            "127.0.0.1",
            "169.254.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "fe80::1",
            "ff02::1",
            "::ffff:10.0.0.1",
        ] {
            assert!(
                matches!(parse_address(text), Err(AddressError::NotRoutable { .. })),
                "{text}"
            );
        }
    }

    #[test]
    fn an_error_says_what_would_be_right() {
        let error = parse_address("10.104.0.300").unwrap_err().to_string();
        assert_eq!(
            error,
            "\"10.104.0.300\" is no IP address; write one like 10.104.0.2 or fd00:104::2"
        );
    }
}
