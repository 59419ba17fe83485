//! A station's way into the underlay, and what can happen to it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::addressing::{Family, Mac, Subnet};
use crate::error::Result;
use crate::kernel::netlink::Netlink;

/// A station's way into the underlay, as the lab made it. What is changed later
/// does not show in its fields.
#[derive(Clone, Debug)]
pub struct Uplink {
    /// The interface that frames go through.
    pub interface: String,
    /// The interface that has the addresses: the same, or its VLAN's.
    pub address_interface: String,
    /// MAC of both.
    pub mac: Mac,
    /// Its IPv4 address, where the underlay has the family.
    pub v4: Option<Ipv4Addr>,
    /// Its IPv6 address, where the underlay has the family.
    pub v6: Option<Ipv6Addr>,
    pub(crate) subnet: Subnet,
    /// Index of [`Self::address_interface`].
    pub(crate) address_index: u32,
    /// Index of the far end, in the underlay's namespace.
    pub(crate) port: u32,
    /// A socket in the station's namespace.
    pub(crate) netlink: Netlink,
}

impl Uplink {
    /// Its addresses, IPv4 first.
    #[must_use]
    pub fn addresses(&self) -> Vec<IpAddr> {
        self.v4
            .map(IpAddr::V4)
            .into_iter()
            .chain(self.v6.map(IpAddr::V6))
            .collect()
    }

    /// Its address of one family.
    #[must_use]
    pub fn address(&self, family: Family) -> Option<IpAddr> {
        match family {
            Family::V4 => self.v4.map(IpAddr::V4),
            Family::V6 => self.v6.map(IpAddr::V6),
        }
    }

    /// Gives it an address (one more, or one that it had), with the length of
    /// the subnet's prefix.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub fn add_address(&self, address: IpAddr) -> Result<()> {
        self.netlink
            .add_address(self.address_index, address, self.prefix_length(address))
    }

    /// Takes an address away. Routes through the address's subnet go with it.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub fn remove_address(&self, address: IpAddr) -> Result<()> {
        self.netlink
            .remove_address(self.address_index, address, self.prefix_length(address))
    }

    /// Gives its interface another MAC. Nobody is told.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub fn set_mac(&self, mac: Mac) -> Result<()> {
        self.netlink.set_mac(self.address_index, mac)
    }

    pub(crate) fn prefix_length(&self, address: IpAddr) -> u8 {
        self.subnet.prefix(Family::of(address)).prefix_len()
    }
}
