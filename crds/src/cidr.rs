//! Prefixes in canonical form.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

use ipnet::IpNet;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// A prefix whose host bits are zero, IPv4 or IPv6 (never IPv4-mapped).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Cidr(IpNet);

/// Why a text is no prefix.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CidrError {
    /// Not an address, a slash and a length.
    #[error("{given:?} is no prefix; write one like 10.104.0.0/20 or fd00:104::/64")]
    Malformed {
        /// What was written.
        given: String,
    },
    /// Bits behind the prefix are set.
    #[error("{given} has host bits set; write {canonical}")]
    HostBits {
        /// What was written.
        given: IpNet,
        /// The same prefix without its host bits.
        canonical: IpNet,
    },
    /// An IPv4 prefix in IPv6 clothes.
    #[error("{given} is IPv4-mapped; write the IPv4 prefix itself")]
    Mapped {
        /// What was written.
        given: IpNet,
    },
}

/// `::ffff:0:0`, the IPv4-mapped addresses (RFC 4291, section 2.5.5.2).
const MAPPED: Ipv6Addr = Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0, 0);

impl Cidr {
    /// # Errors
    ///
    /// [`CidrError::HostBits`] and [`CidrError::Mapped`].
    pub fn new(net: IpNet) -> Result<Self, CidrError> {
        if net.trunc() != net {
            return Err(CidrError::HostBits {
                given: net,
                canonical: net.trunc(),
            });
        }
        match net {
            IpNet::V6(v6) if v6.prefix_len() >= 96 && v6.addr().to_ipv4_mapped().is_some() => {
                Err(CidrError::Mapped { given: net })
            }
            _ => Ok(Self(net)),
        }
    }

    /// The prefix.
    #[must_use]
    pub const fn net(self) -> IpNet {
        self.0
    }

    /// The gateway's own address in a VPC's CIDR: the one behind the network
    /// address, `10.104.0.1` of `10.104.0.0/20`, `fd00:104::1` of
    /// `fd00:104::/64`. The network address itself is never the gateway's: in
    /// IPv6 it is the subnet-router anycast address (RFC 4291, section 2.6.1).
    ///
    /// `None` where the CIDR is too small to hold network address, gateway
    /// and member: an IPv4 prefix longer than `/30`, an IPv6 one longer than
    /// `/126`. Such a CIDR is no VPC's.
    #[must_use]
    pub fn gateway(self) -> Option<IpAddr> {
        match self.0 {
            IpNet::V4(net) if net.prefix_len() <= 30 => {
                Some(IpAddr::from((net.network().to_bits() + 1).to_be_bytes()))
            }
            IpNet::V6(net) if net.prefix_len() <= 126 => {
                Some(IpAddr::from((net.network().to_bits() + 1).to_be_bytes()))
            }
            _ => None,
        }
    }

    /// Whether every address of the prefix is one that packets can be routed
    /// to (see [`crate::is_routable`]).
    #[must_use]
    pub fn is_routable(self) -> bool {
        let overlaps = |other: IpNet| self.0.contains(&other) || other.contains(&self.0);
        let host = |address: IpAddr| IpNet::from(address);
        let within = |address: IpAddr, len: u8| IpNet::new_assert(address, len);
        let unroutable = match self.0 {
            IpNet::V4(_) => [
                host([0, 0, 0, 0].into()),
                within([127, 0, 0, 0].into(), 8),
                within([169, 254, 0, 0].into(), 16),
                within([224, 0, 0, 0].into(), 4),
                host([255, 255, 255, 255].into()),
            ],
            IpNet::V6(_) => [
                host(Ipv6Addr::UNSPECIFIED.into()),
                host(Ipv6Addr::LOCALHOST.into()),
                within(MAPPED.into(), 96),
                within(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0).into(), 10),
                within(Ipv6Addr::new(0xff00, 0, 0, 0, 0, 0, 0, 0).into(), 8),
            ],
        };
        !unroutable.into_iter().any(overlaps)
    }
}

impl FromStr for Cidr {
    type Err = CidrError;

    fn from_str(text: &str) -> Result<Self, CidrError> {
        let net: IpNet = text.parse().map_err(|_| CidrError::Malformed {
            given: text.to_owned(),
        })?;
        Self::new(net)
    }
}

impl TryFrom<String> for Cidr {
    type Error = CidrError;

    fn try_from(text: String) -> Result<Self, CidrError> {
        text.parse()
    }
}

impl TryFrom<IpNet> for Cidr {
    type Error = CidrError;

    fn try_from(net: IpNet) -> Result<Self, CidrError> {
        Self::new(net)
    }
}

impl From<Cidr> for IpNet {
    fn from(cidr: Cidr) -> Self {
        cidr.0
    }
}

impl From<Cidr> for String {
    fn from(cidr: Cidr) -> Self {
        cidr.to_string()
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cidr({self})")
    }
}

impl JsonSchema for Cidr {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Cidr".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "minLength": 4,
            "maxLength": 43,
            "x-kubernetes-validations": [{
                "rule": "isCIDR(self) && cidr(self) == cidr(self).masked()",
                "message": "must be a prefix without host bits, such as 10.104.0.0/20 or \
                            fd00:104::/64",
            }],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cidr(text: &str) -> Cidr {
        text.parse().unwrap()
    }

    #[test]
    fn host_bits_are_refused_and_the_error_says_what_to_write() {
        let error = "10.104.0.2/20".parse::<Cidr>().unwrap_err().to_string();
        assert_eq!(
            error,
            "10.104.0.2/20 has host bits set; write 10.104.0.0/20"
        );
        let error = "fd00::1/64".parse::<Cidr>().unwrap_err().to_string();
        assert_eq!(error, "fd00::1/64 has host bits set; write fd00::/64");
    }

    #[test]
    fn anything_but_address_slash_length_is_refused() {
        for text in [
            "",
            "10.104.0.0",
            "10.104.0.0/33",
            "fd00::/129",
            "10.104/16",
            "blue",
        ] {
            assert!(
                matches!(text.parse::<Cidr>(), Err(CidrError::Malformed { .. })),
                "{text}"
            );
        }
        assert!(matches!(
            "::ffff:10.0.0.0/104".parse::<Cidr>(),
            Err(CidrError::Mapped { .. })
        ));
    }

    #[test]
    fn the_gateway_is_the_address_behind_the_network_address() {
        for (text, gateway) in [
            ("10.104.0.0/20", "10.104.0.1"),
            ("10.0.0.4/30", "10.0.0.5"),
            ("fd00:104::/64", "fd00:104::1"),
            ("fd00::4/126", "fd00::5"),
        ] {
            assert_eq!(cidr(text).gateway().unwrap().to_string(), gateway);
        }
    }

    #[test]
    fn a_prefix_too_small_for_gateway_and_member_has_no_gateway() {
        for text in ["10.0.0.0/31", "10.0.0.0/32", "fd00::/127", "fd00::/128"] {
            assert_eq!(cidr(text).gateway(), None);
        }
    }

    #[test]
    fn a_prefix_with_unroutable_addresses_is_told_apart() {
        for text in ["10.0.0.0/8", "100.64.0.0/10", "fd00::/8", "2000::/3"] {
            assert!(cidr(text).is_routable(), "{text}");
        }
        for text in [
            "0.0.0.0/0",
            "127.0.0.0/16",
            "224.0.0.0/8",
            "128.0.0.0/1",
            "::/0",
            "fe80::/64",
        ] {
            assert!(!cidr(text).is_routable(), "{text}");
        }
    }
}
