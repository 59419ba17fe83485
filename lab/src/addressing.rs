//! Who has which address in a lab. Values only.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

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

/// Prefix length of the underlay's IPv4 network, 172.16.0.0/24.
pub(crate) const UNDERLAY_PREFIX_V4: u8 = 24;
/// Prefix length of the underlay's IPv6 network, fd00:172:16::/64.
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

    /// A locally administered address for a station of the underlay.
    pub(crate) const fn of_station(station: Station) -> Self {
        Self([0x02, 0x00, 0xac, 0x10, 0x00, station.number()])
    }
}

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
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
}

impl Station {
    /// The last part of its addresses.
    pub(crate) const fn number(self) -> u8 {
        match self {
            Self::GatewayPort(port) => 1 + port,
            Self::Hypervisor(hypervisor) => 11 + hypervisor,
            Self::Bystander => 200,
        }
    }

    /// Its IPv4 address in the underlay.
    pub(crate) const fn v4(self) -> Ipv4Addr {
        Ipv4Addr::new(172, 16, 0, self.number())
    }

    /// Its IPv6 address in the underlay; the last part reads as in IPv4.
    pub(crate) const fn v6(self) -> Ipv6Addr {
        let number = self.number();
        let digits = (number / 100) as u16 * 256 + (number / 10 % 10) as u16 * 16;
        Ipv6Addr::new(
            0xfd00,
            0x172,
            0x16,
            0,
            0,
            0,
            0,
            digits + (number % 10) as u16,
        )
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
        assert_eq!(station.v4().to_string(), "172.16.0.11");
        assert_eq!(station.v6().to_string(), "fd00:172:16::11");
        assert_eq!(Station::Bystander.v6().to_string(), "fd00:172:16::200");
    }

    #[test]
    fn members_have_macs_of_their_own() {
        assert_eq!(Mac::of_member(0x01_02_03).to_string(), "02:00:00:01:02:03");
        assert_ne!(Mac::of_member(0x5e_0000), GATEWAY_MAC);
    }
}
