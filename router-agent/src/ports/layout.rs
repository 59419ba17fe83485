//! What an interface stands for: where programs are attached, which VLAN its
//! frames carry, and where its neighbours live. Pure.

use std::net::IpAddr;

use isthmus_abi::MAX_VTEPS;

use crate::netlink::model::{Address, Link, LinkKind, Mac};

/// An interface as a port of the router.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortLayout {
    /// Names of the devices that get a program: the interface itself, the
    /// device below a VLAN, all slaves of a bond; sorted.
    pub devices: Vec<String>,
    /// VLAN identifier of its frames, 0 without.
    pub vlan: u16,
    /// MAC of the interface.
    pub mac: Mac,
    /// Index of the interface: its neighbours and routes carry it.
    pub index: u32,
    /// Its own global addresses, in the kernel's order.
    pub addresses: Vec<IpAddr>,
}

/// Why an interface is no port now.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PortProblem {
    /// It is not there.
    #[error("there is no interface {interface}; it is attached when it appears")]
    Missing {
        /// Name.
        interface: String,
    },
    /// It has no Ethernet address.
    #[error("{interface} has no MAC; a port must be an Ethernet interface")]
    NoMac {
        /// Name.
        interface: String,
    },
    /// A bond without slaves.
    #[error("the bond {interface} has no slaves; they are attached when they join")]
    NoSlaves {
        /// Name.
        interface: String,
    },
    /// A VLAN device upon a VLAN device.
    #[error("{interface} carries two VLAN tags; one is supported")]
    TwoTags {
        /// Name.
        interface: String,
    },
    /// The device below a VLAN is in another network namespace.
    #[error("the device below {interface} is not in this network namespace")]
    LowerElsewhere {
        /// Name.
        interface: String,
    },
    /// More addresses of one family than the program compares.
    #[error(
        "{interface} would answer to {addresses:?}; {MAX_VTEPS} addresses of a family are the \
         most: choose with --vtep"
    )]
    TooManyVteps {
        /// Name.
        interface: String,
        /// All of that family.
        addresses: Vec<IpAddr>,
    },
    /// Nothing that a hypervisor could send to.
    #[error("{interface} has no global address; give it one, or use --vtep")]
    NoVtep {
        /// Name.
        interface: String,
    },
}

/// What `interface` stands for, given all links and addresses.
///
/// # Errors
///
/// See [`PortProblem`].
pub fn layout(
    links: &[Link],
    addresses: &[Address],
    interface: &str,
) -> Result<PortLayout, PortProblem> {
    let name = || interface.to_owned();
    let link = links
        .iter()
        .find(|link| link.name == interface)
        .ok_or_else(|| PortProblem::Missing { interface: name() })?;
    let mac = link
        .mac
        .ok_or_else(|| PortProblem::NoMac { interface: name() })?;
    let (lower, vlan) = match link.kind {
        LinkKind::Vlan { id, lower } => {
            let below = links.iter().find(|link| link.index == lower);
            (
                below.ok_or_else(|| PortProblem::LowerElsewhere { interface: name() })?,
                id,
            )
        }
        LinkKind::Device | LinkKind::Bond => (link, 0),
    };
    let mut devices: Vec<String> = match lower.kind {
        LinkKind::Device => vec![lower.name.clone()],
        LinkKind::Bond => {
            let slaves = links.iter().filter(|link| link.master == Some(lower.index));
            slaves.map(|link| link.name.clone()).collect()
        }
        LinkKind::Vlan { .. } => return Err(PortProblem::TwoTags { interface: name() }),
    };
    if devices.is_empty() {
        return Err(PortProblem::NoSlaves {
            interface: lower.name.clone(),
        });
    }
    devices.sort();
    let own = addresses
        .iter()
        .filter(|address| address.index == link.index);
    Ok(PortLayout {
        devices,
        vlan,
        mac,
        index: link.index,
        addresses: own.map(|address| address.address).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(index: u32, name: &str, kind: LinkKind, master: Option<u32>) -> Link {
        Link {
            index,
            name: name.to_owned(),
            mac: Some(0x0200_0000_0000 + u64::from(index)),
            kind,
            master,
            xdp: None,
        }
    }

    fn address(index: u32, text: &str) -> Address {
        Address {
            index,
            address: text.parse().unwrap(),
        }
    }

    #[test]
    fn a_plain_interface_stands_for_itself() {
        let links = [link(2, "eth0", LinkKind::Device, None)];
        let addresses = [
            address(2, "192.0.2.1"),
            address(3, "192.0.2.9"),
            address(2, "2001:db8::1"),
        ];
        let port = layout(&links, &addresses, "eth0").unwrap();
        assert_eq!(
            (port.devices, port.vlan, port.index),
            (vec!["eth0".to_owned()], 0, 2)
        );
        assert_eq!(port.addresses.len(), 2);
    }

    #[test]
    fn a_bond_stands_for_its_slaves() {
        let links = [
            link(4, "bond0", LinkKind::Bond, None),
            link(3, "eth1", LinkKind::Device, Some(4)),
            link(2, "eth0", LinkKind::Device, Some(4)),
            link(5, "eth2", LinkKind::Device, Some(9)),
        ];
        let port = layout(&links, &[], "bond0").unwrap();
        assert_eq!(
            (port.devices, port.index),
            (vec!["eth0".to_owned(), "eth1".to_owned()], 4)
        );
        assert_eq!(
            layout(&links[..1], &[], "bond0"),
            Err(PortProblem::NoSlaves {
                interface: "bond0".to_owned()
            })
        );
    }

    #[test]
    fn a_vlan_device_stands_for_the_device_below_and_a_known_tag() {
        let links = [
            link(4, "bond0", LinkKind::Bond, None),
            link(2, "eth0", LinkKind::Device, Some(4)),
            link(7, "bond0.42", LinkKind::Vlan { id: 42, lower: 4 }, None),
            link(8, "qinq", LinkKind::Vlan { id: 43, lower: 7 }, None),
        ];
        let port = layout(&links, &[address(7, "192.0.2.1")], "bond0.42").unwrap();
        assert_eq!(
            (port.devices, port.vlan, port.index),
            (vec!["eth0".to_owned()], 42, 7)
        );
        assert_eq!(
            layout(&links, &[], "qinq"),
            Err(PortProblem::TwoTags {
                interface: "qinq".to_owned()
            })
        );
    }

    #[test]
    fn a_missing_interface_is_named() {
        let error = layout(&[], &[], "eth9").unwrap_err();
        assert_eq!(
            error.to_string(),
            "there is no interface eth9; it is attached when it appears"
        );
    }
}
