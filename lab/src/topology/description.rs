//! What a member is, wherever it is, and what its namespace is given.

use std::net::IpAddr;

use ipnet::IpNet;

use super::node::Node;
use super::vpc::Vpc;
use crate::addressing::{Family, Mac, gateway_address};
use crate::error::{LabError, Result};
use crate::kernel::netlink::LOOPBACK;

/// What is the same in every place of a member.
pub(crate) struct Description {
    pub(crate) id: u32,
    pub(crate) name: String,
    pub(crate) vpc: Vpc,
    pub(crate) mac: Mac,
    pub(crate) addresses: Vec<IpAddr>,
    pub(crate) prefixes: Vec<IpNet>,
    pub(crate) inner_addresses: Vec<IpAddr>,
}

impl Description {
    /// Addresses, the way to the rest of the VPC (the link) and to everything
    /// else (the gateway).
    pub(crate) fn configure(&self, node: &Node, index: u32, gateway_mac: Mac) -> Result<()> {
        let netlink = &node.netlink;
        let mut has = Vec::new();
        for &address in &self.addresses {
            let cidr = self
                .vpc
                .cidr_of(address)
                .ok_or_else(|| LabError::OutsideVpc {
                    address,
                    vpc: self.vpc.name().to_owned(),
                })?;
            netlink.add_address(index, address, cidr.prefix_len())?;
            if !has.contains(&Family::of(address)) {
                has.push(Family::of(address));
                let gateway = gateway_address(cidr);
                netlink.add_neighbour(index, gateway, gateway_mac)?;
                netlink.add_route(index, everything(address), Some(gateway))?;
            }
        }
        for &cidr in self.vpc.cidrs() {
            let own = self.addresses.iter().any(|address| cidr.contains(address));
            if !own && has.contains(&Family::of(cidr.addr())) {
                netlink.add_route(index, cidr, None)?;
            }
        }
        for &address in &self.inner_addresses {
            netlink.add_address(LOOPBACK, address, Family::of(address).bits())?;
        }
        if self.prefixes.is_empty() {
            return Ok(());
        }
        node.namespace
            .attempt("making a member forward packets", || {
                std::fs::write("/proc/sys/net/ipv4/conf/all/forwarding", "1")?;
                std::fs::write("/proc/sys/net/ipv6/conf/all/forwarding", "1")
            })
    }
}

/// The default route's destination, in the family of `address`.
fn everything(address: IpAddr) -> IpNet {
    match address {
        IpAddr::V4(_) => IpNet::V4(ipnet::Ipv4Net::default()),
        IpAddr::V6(_) => IpNet::V6(ipnet::Ipv6Net::default()),
    }
}
