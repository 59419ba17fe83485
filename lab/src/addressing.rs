//! Who has which address in a lab. Values only.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use ipnet::IpNet;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A MAC address, first byte first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Mac(pub [u8; 6]);

/// The gateway's MAC in every VPC, unless a lab is told otherwise.
pub const GATEWAY_MAC: Mac = Mac([0x02, 0x00, 0x5e, 0x00, 0x53, 0x01]);

/// Bytes that VXLAN adds to an IP packet over IPv4: inner Ethernet, VXLAN, UDP
/// and IP headers (RFC 7348, section 5).
pub const OVERHEAD_V4: u32 = 14 + 8 + 8 + 20;
/// The same over IPv6.
pub const OVERHEAD_V6: u32 = 14 + 8 + 8 + 40;

/// Prefix length of the underlay's IPv4 subnets.
pub(crate) const UNDERLAY_PREFIX_V4: u8 = 24;
/// Prefix length of the underlay's IPv6 subnets.
pub(crate) const UNDERLAY_PREFIX_V6: u8 = 64;

/// An IP family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

impl Family {
    /// The family of an address.
    #[must_use]
    pub const fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(_) => Self::V4,
            IpAddr::V6(_) => Self::V6,
        }
    }

    /// Bits of an address.
    #[must_use]
    pub const fn bits(self) -> u8 {
        match self {
            Self::V4 => 32,
            Self::V6 => 128,
        }
    }

    /// Bytes that VXLAN over this family adds to an IP packet.
    #[must_use]
    pub const fn overhead(self) -> u32 {
        match self {
            Self::V4 => OVERHEAD_V4,
            Self::V6 => OVERHEAD_V6,
        }
    }
}

impl Mac {
    /// A locally administered address for a member, by its number in the lab.
    #[must_use]
    pub const fn of_member(number: u32) -> Self {
        let [_, high, middle, low] = number.to_be_bytes();
        Self([0x02, 0x00, 0x00, high, middle, low])
    }

    /// A locally administered address for a station in a subnet of the underlay.
    pub(crate) const fn of_station(station: Station, subnet: Subnet) -> Self {
        Self([0x02, 0x00, 0xac, subnet.part(), 0x00, station.number()])
    }
}

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

/// What is no MAC address.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("not a MAC address, such as 02:00:00:00:00:01: {0}")]
pub struct NotAMac(String);

impl FromStr for Mac {
    type Err = NotAMac;

    fn from_str(text: &str) -> Result<Self, NotAMac> {
        let byte = |part: &str| match part.len() {
            2 => u8::from_str_radix(part, 16).ok(),
            _ => None,
        };
        let bytes: Option<Vec<u8>> = text.split(':').map(byte).collect();
        bytes
            .and_then(|bytes| bytes.try_into().ok())
            .map(Self)
            .ok_or_else(|| NotAMac(text.to_owned()))
    }
}

impl Serialize for Mac {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Mac {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// A subnet of the underlay, one segment of Ethernet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subnet {
    /// The gateway's: 172.16.0.0/24 and fd00:172:16::/64.
    Near,
    /// Behind the router: 172.17.0.0/24 and fd00:172:17::/64.
    Far,
}

impl Subnet {
    /// The part of its addresses by which it differs from the other.
    const fn part(self) -> u8 {
        match self {
            Self::Near => 16,
            Self::Far => 17,
        }
    }

    /// The one on the router's other side.
    pub(crate) const fn other(self) -> Self {
        match self {
            Self::Near => Self::Far,
            Self::Far => Self::Near,
        }
    }

    /// Its prefix of a family.
    pub(crate) fn prefix(self, family: Family) -> IpNet {
        let (address, length) = match family {
            Family::V4 => (IpAddr::V4(self.v4(0)), UNDERLAY_PREFIX_V4),
            Family::V6 => (IpAddr::V6(self.v6(0)), UNDERLAY_PREFIX_V6),
        };
        IpNet::new_assert(address, length)
    }

    const fn v4(self, number: u8) -> Ipv4Addr {
        Ipv4Addr::new(172, self.part(), 0, number)
    }

    const fn v6(self, number: u8) -> Ipv6Addr {
        let (subnet, number) = (digits(self.part()), digits(number));
        Ipv6Addr::new(0xfd00, 0x172, subnet, 0, 0, 0, 0, number)
    }
}

/// The number whose hexadecimal digits are the decimal ones of `number`.
const fn digits(number: u8) -> u16 {
    let (hundreds, tens, ones) = (number / 100, number / 10 % 10, number % 10);
    hundreds as u16 * 256 + tens as u16 * 16 + ones as u16
}

/// Whatever has an address in the underlay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Station {
    /// A port of the gateway, below 10.
    GatewayPort(u8),
    /// A hypervisor, below 100.
    Hypervisor(u8),
    /// The host that is neither.
    Bystander,
    /// The router between the subnets.
    Router,
}

impl Station {
    /// The last part of its addresses.
    pub(crate) const fn number(self) -> u8 {
        match self {
            Self::GatewayPort(port) => 1 + port,
            Self::Hypervisor(hypervisor) => 11 + hypervisor,
            Self::Bystander => 200,
            Self::Router => 201,
        }
    }

    /// Its IPv4 address in a subnet.
    pub(crate) const fn v4(self, subnet: Subnet) -> Ipv4Addr {
        subnet.v4(self.number())
    }

    /// Its IPv6 address in a subnet; every part reads as in IPv4.
    pub(crate) const fn v6(self, subnet: Subnet) -> Ipv6Addr {
        subnet.v6(self.number())
    }
}

/// The gateway's address in a VPC: the first host address of the CIDR.
#[must_use]
pub fn gateway_address(cidr: IpNet) -> IpAddr {
    match cidr {
        IpNet::V4(cidr) => IpAddr::V4(Ipv4Addr::from_bits(cidr.network().to_bits() | 1)),
        IpNet::V6(cidr) => IpAddr::V6(Ipv6Addr::from_bits(cidr.network().to_bits() | 1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gateway_has_the_first_host_address_of_a_cidr() {
        for (cidr, gateway) in [
            ("10.104.0.0/20", "10.104.0.1"),
            ("fd00:104::/64", "fd00:104::1"),
        ] {
            let cidr: IpNet = cidr.parse().unwrap();
            assert_eq!(gateway_address(cidr), gateway.parse::<IpAddr>().unwrap());
        }
    }

    #[test]
    fn stations_have_addresses_that_read_alike_in_both_families() {
        let station = Station::Hypervisor(0);
        assert_eq!(station.v4(Subnet::Near).to_string(), "172.16.0.11");
        assert_eq!(station.v6(Subnet::Near).to_string(), "fd00:172:16::11");
        assert_eq!(station.v6(Subnet::Far).to_string(), "fd00:172:17::11");
        let bystander = Station::Bystander.v6(Subnet::Near);
        assert_eq!(bystander.to_string(), "fd00:172:16::200");
    }

    #[test]
    fn a_subnet_has_its_own_stations_and_none_of_the_other() {
        for subnet in [Subnet::Near, Subnet::Far] {
            for family in [Family::V4, Family::V6] {
                let address = |subnet| match family {
                    Family::V4 => IpAddr::V4(Station::Router.v4(subnet)),
                    Family::V6 => IpAddr::V6(Station::Router.v6(subnet)),
                };
                let prefix = subnet.prefix(family);
                assert!(prefix.contains(&address(subnet)), "{prefix}");
                assert!(!prefix.contains(&address(subnet.other())), "{prefix}");
            }
        }
    }

    #[test]
    fn members_have_macs_of_their_own() {
        assert_eq!(Mac::of_member(0x01_02_03).to_string(), "02:00:00:01:02:03");
        assert_ne!(Mac::of_member(0x5e_0000), GATEWAY_MAC);
    }

    #[test]
    fn a_mac_is_read_as_it_is_written_and_nothing_else_is() {
        assert_eq!(GATEWAY_MAC.to_string().parse(), Ok(GATEWAY_MAC));
        for text in [
            "",
            "02:00:5e:00:53",
            "02:00:5e:00:53:1",
            "02-00-5e-00-53-01",
        ] {
            assert_eq!(text.parse::<Mac>(), Err(NotAMac(text.to_owned())));
        }
    }
}
