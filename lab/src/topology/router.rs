//! The underlay's router: what hypervisors of another subnet are behind.

use std::sync::Arc;

use tokio::runtime::Runtime;

use super::node::Node;
use super::underlay::{Fabric, UnderlayConfig};
use super::uplink::Uplink;
use crate::addressing::{Family, Station, Subnet};
use crate::error::Result;
use crate::kernel::namespace::Namespace;

/// The router between the gateway's subnet and the one behind it.
#[derive(Debug)]
pub struct Router {
    node: Node,
    near: Uplink,
    far: Uplink,
    /// The subnet behind it.
    pub(crate) fabric: Fabric,
}

impl Router {
    /// Makes the subnet behind the router and the router between both.
    pub(crate) fn build(
        near: &mut Fabric,
        config: UnderlayConfig,
        runtime: &Arc<Runtime>,
    ) -> Result<Self> {
        let mut node = Node::new(runtime)?;
        let mut fabric = Fabric::new(Subnet::Far, config, runtime)?;
        let near = near.connect(&mut node, "near", Station::Router)?;
        let far = fabric.connect(&mut node, "far", Station::Router)?;
        node.namespace
            .attempt("making the router forward packets", || {
                std::fs::write("/proc/sys/net/ipv4/conf/all/forwarding", "1")?;
                std::fs::write("/proc/sys/net/ipv6/conf/all/forwarding", "1")
            })?;
        Ok(Self {
            node,
            near,
            far,
            fabric,
        })
    }

    /// Its namespace.
    #[must_use]
    pub fn namespace(&self) -> &Namespace {
        &self.node.namespace
    }

    /// Its way into the gateway's subnet.
    #[must_use]
    pub fn near(&self) -> &Uplink {
        &self.near
    }

    /// Its way into the subnet behind it.
    #[must_use]
    pub fn far(&self) -> &Uplink {
        &self.far
    }

    /// Gives a station the routes to the other subnet.
    pub(crate) fn lead(&self, station: &Uplink) -> Result<()> {
        let here = match station.subnet {
            Subnet::Near => &self.near,
            Subnet::Far => &self.far,
        };
        for address in here.addresses() {
            let there = station.subnet.other().prefix(Family::of(address));
            station
                .netlink
                .add_route(station.address_index, there, Some(address))?;
        }
        Ok(())
    }
}
