//! Asks the kernel: everything of a kind, or where one address is reached.

use std::collections::HashMap;
use std::net::IpAddr;

use futures::TryStreamExt;
use rtnetlink::packet_route::AddressFamily;
use rtnetlink::packet_route::neighbour::{NeighbourFlags, NeighbourState};
use rtnetlink::{Handle, RouteMessageBuilder};

use super::decode;
use super::model::{Address, Link, Neighbour, NeighbourKey, Path};

/// The kernel did not answer as it should.
#[derive(Debug, thiserror::Error)]
#[error("rtnetlink, {what}: {source}")]
pub struct NetlinkError {
    /// What was asked.
    pub what: &'static str,
    /// The answer.
    pub source: rtnetlink::Error,
}

/// A socket to ask through.
#[derive(Clone, Debug)]
pub struct Kernel {
    handle: Handle,
}

impl Kernel {
    /// Uses this connection, whose other half is being driven.
    #[must_use]
    pub fn new(handle: Handle) -> Self {
        Self { handle }
    }

    /// Every link.
    ///
    /// # Errors
    ///
    /// The kernel's answer.
    pub async fn links(&self) -> Result<Vec<Link>, NetlinkError> {
        let failed = |source| NetlinkError {
            what: "links",
            source,
        };
        let messages: Vec<_> = self
            .handle
            .link()
            .get()
            .execute()
            .try_collect()
            .await
            .map_err(failed)?;
        Ok(messages.iter().filter_map(decode::link).collect())
    }

    /// Every address that packets can be sent to, in the kernel's order.
    ///
    /// # Errors
    ///
    /// The kernel's answer.
    pub async fn addresses(&self) -> Result<Vec<Address>, NetlinkError> {
        let failed = |source| NetlinkError {
            what: "addresses",
            source,
        };
        let messages: Vec<_> = self
            .handle
            .address()
            .get()
            .execute()
            .try_collect()
            .await
            .map_err(failed)?;
        Ok(messages.iter().filter_map(decode::address).collect())
    }

    /// Every neighbour of both families.
    ///
    /// # Errors
    ///
    /// The kernel's answer.
    pub async fn neighbours(&self) -> Result<HashMap<NeighbourKey, Neighbour>, NetlinkError> {
        let failed = |source| NetlinkError {
            what: "neighbours",
            source,
        };
        let mut found = HashMap::new();
        for family in [AddressFamily::Inet, AddressFamily::Inet6] {
            let request = self.handle.neighbours().get().set_address_family(family);
            let messages: Vec<_> = request.execute().try_collect().await.map_err(failed)?;
            found.extend(messages.iter().filter_map(decode::neighbour));
        }
        Ok(found)
    }

    /// Where packets to `address` go when they leave through the interface
    /// `index`; an address without a route leads nowhere.
    pub async fn path(&self, index: u32, address: IpAddr) -> Path {
        let route = match address {
            IpAddr::V4(v4) => RouteMessageBuilder::<std::net::Ipv4Addr>::new()
                .destination_prefix(v4, 32)
                .output_interface(index)
                .build(),
            IpAddr::V6(v6) => RouteMessageBuilder::<std::net::Ipv6Addr>::new()
                .destination_prefix(v6, 128)
                .output_interface(index)
                .build(),
        };
        match self.handle.route().get(route).execute().try_next().await {
            Ok(Some(route)) => decode::path(&route, index),
            Ok(None) => Path::None,
            Err(error) => {
                tracing::debug!(%address, index, "no route: {error}");
                Path::None
            }
        }
    }

    /// Asks the kernel to find out the neighbour's MAC, or to confirm it
    /// (`NTF_USE`, rtnetlink(7)): what sending a packet to it would do.
    pub async fn probe(&self, neighbour: NeighbourKey) {
        let request = self
            .handle
            .neighbours()
            .add(neighbour.index, neighbour.address)
            .state(NeighbourState::None)
            .flags(NeighbourFlags::Use)
            .replace();
        if let Err(error) = request.execute().await {
            tracing::debug!(address = %neighbour.address, "cannot probe: {error}");
        }
    }
}
