//! The configuration of a port's program. Pure.

use std::net::IpAddr;

use isthmus_abi::{Capacities, HashKey, MAX_VTEPS, RouterConfig};

use super::layout::{PortLayout, PortProblem};
use crate::netlink::model::Mac;

/// What the operator of the gateway asked for, the same for every port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overlay {
    /// VTEP addresses to answer to instead of the interfaces' own.
    pub vteps: Vec<IpAddr>,
    /// Static MAC of the gateway in every VPC.
    pub gateway_mac: Mac,
    /// UDP port of VXLAN.
    pub vxlan_port: u16,
}

/// The addresses that a port answers to: at most [`MAX_VTEPS`] of each family.
///
/// # Errors
///
/// There is none, or there are more.
pub fn vteps(
    overlay: &Overlay,
    layout: &PortLayout,
    interface: &str,
) -> Result<Vec<IpAddr>, PortProblem> {
    let wanted = if overlay.vteps.is_empty() {
        &layout.addresses
    } else {
        &overlay.vteps
    };
    let mut taken = Vec::new();
    for v4 in [true, false] {
        let family: Vec<IpAddr> = wanted
            .iter()
            .filter(|address| address.is_ipv4() == v4)
            .copied()
            .collect();
        if family.len() > MAX_VTEPS {
            return Err(PortProblem::TooManyVteps {
                interface: interface.to_owned(),
                addresses: family,
            });
        }
        taken.extend(family);
    }
    if taken.is_empty() {
        return Err(PortProblem::NoVtep {
            interface: interface.to_owned(),
        });
    }
    Ok(taken)
}

/// The read-only data of a port's program.
#[must_use]
pub fn config(
    overlay: &Overlay,
    layout: &PortLayout,
    vteps: &[IpAddr],
    port: u32,
    tables: (HashKey, Capacities),
) -> RouterConfig {
    let mut config = RouterConfig {
        vteps_v6: [[0; 2]; MAX_VTEPS],
        port_mac: layout.mac,
        gateway_mac: overlay.gateway_mac,
        hash: tables.0,
        capacities: tables.1,
        vteps_v4: [0; MAX_VTEPS],
        port,
        vlan: layout.vlan,
        vxlan_port: overlay.vxlan_port,
    };
    let (mut v4, mut v6) = (config.vteps_v4.iter_mut(), config.vteps_v6.iter_mut());
    for vtep in vteps {
        match vtep {
            IpAddr::V4(address) => {
                if let Some(slot) = v4.next() {
                    *slot = address.to_bits();
                }
            }
            IpAddr::V6(address) => {
                if let Some(slot) = v6.next() {
                    let bits = address.to_bits();
                    *slot = [(bits >> 64) as u64, bits as u64];
                }
            }
        }
    }
    config
}

#[cfg(test)]
mod tests {
    use super::*;
    use isthmus_tables::Sizing;

    fn layout() -> PortLayout {
        let addresses = (1..=4).map(|last| IpAddr::from([192, 0, 2, last]));
        let addresses = addresses.chain(["2001:db8::1".parse().unwrap()]).collect();
        PortLayout {
            devices: vec!["eth0".to_owned()],
            vlan: 7,
            mac: 2,
            index: 3,
            addresses,
        }
    }

    fn overlay(vteps: &[&str]) -> Overlay {
        let vteps = vteps.iter().map(|text| text.parse().unwrap()).collect();
        Overlay {
            vteps,
            gateway_mac: 1,
            vxlan_port: 4789,
        }
    }

    #[test]
    fn a_port_answers_to_its_own_addresses_up_to_the_limit_of_each_family() {
        let vteps = vteps(&overlay(&[]), &layout(), "eth0").unwrap();
        assert_eq!(vteps.len(), MAX_VTEPS + 1);
        let tables = (HashKey::new([1, 2, 3]), Sizing::default().capacities());
        let config = config(&overlay(&[]), &layout(), &vteps, 5, tables);
        assert_eq!(
            config.vteps_v4,
            [0xc000_0201, 0xc000_0202, 0xc000_0203, 0xc000_0204]
        );
        assert_eq!(config.vteps_v6[0], [0x2001_0db8_0000_0000, 1]);
        assert_eq!((config.port, config.vlan, config.vxlan_port), (5, 7, 4789));
    }

    #[test]
    fn more_addresses_than_a_port_answers_to_are_named_and_none_is_left_out() {
        let five: Vec<_> = (1..=5)
            .map(|last| IpAddr::from([192, 0, 2, last]))
            .collect();
        let crowded = PortLayout {
            addresses: five,
            ..layout()
        };
        let error = vteps(&overlay(&[]), &crowded, "eth0")
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("192.0.2.5") && error.contains("--vtep"),
            "{error}"
        );
    }

    #[test]
    fn given_vteps_take_the_place_of_the_interfaces_own() {
        let vteps = vteps(&overlay(&["198.51.100.1"]), &layout(), "eth0").unwrap();
        assert_eq!(vteps, ["198.51.100.1".parse::<IpAddr>().unwrap()]);
    }

    #[test]
    fn a_port_without_any_address_is_a_problem() {
        let bare = PortLayout {
            addresses: Vec::new(),
            ..layout()
        };
        let error = vteps(&overlay(&[]), &bare, "eth0").unwrap_err();
        assert!(error.to_string().contains("--vtep"), "{error}");
    }
}
