//! Links, addresses, routes and neighbours of one namespace, over rtnetlink.
//!
//! Interface indexes are chosen by the caller, so that nothing is ever looked
//! up after it was made.

use std::future::Future;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::{StreamExt as _, TryStreamExt as _};
use ipnet::IpNet;
use rtnetlink::packet_core::{NLM_F_ACK, NLM_F_REQUEST, NetlinkMessage, NetlinkPayload};
use rtnetlink::packet_route::RouteNetlinkMessage;
use rtnetlink::packet_route::link::{InfoData, InfoVeth, LinkAttribute, LinkMessage, State};
use rtnetlink::packet_route::route::RouteScope;
use rtnetlink::{
    Handle, LinkBridgePort, LinkMessageBuilder, LinkUnspec, LinkVeth, RouteMessageBuilder,
    new_connection,
};
use tokio::runtime::Runtime;

use super::namespace::Namespace;
use crate::addressing::Mac;
use crate::error::{LabError, Result, Tried};

/// Index of the loopback interface of every namespace.
pub(crate) const LOOPBACK: u32 = 1;

/// Longest wait for a veth pair whose ends were set up.
const OPERATIONAL_WITHIN: Duration = Duration::from_secs(5);

/// A netlink socket in one namespace. Clones are the same socket.
#[derive(Clone, Debug)]
pub(crate) struct Netlink {
    pub(super) namespace: Namespace,
    pub(super) handle: Handle,
    runtime: Arc<Runtime>,
}

/// One end of a veth pair.
#[derive(Clone, Copy, Debug)]
pub(crate) struct VethEnd<'a> {
    pub(crate) name: &'a str,
    pub(crate) index: u32,
    pub(crate) mac: Option<Mac>,
    /// Bytes of the largest IP packet.
    pub(crate) mtu: u32,
}

/// How a link is a port of a bridge.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BridgePort {
    /// Index of the bridge.
    pub(crate) bridge: u32,
    /// Whether source addresses are learnt from what comes in.
    pub(crate) learning: bool,
}

impl VethEnd<'_> {
    fn describe<T>(&self, link: LinkMessageBuilder<T>) -> LinkMessageBuilder<T> {
        let link = link.index(self.index).mtu(self.mtu);
        match self.mac {
            Some(mac) => link.address(mac.0.to_vec()),
            None => link,
        }
    }
}

impl Netlink {
    /// Opens a socket in `namespace`. `runtime` drives it for as long as it lives.
    pub(crate) fn open(namespace: &Namespace, runtime: Arc<Runtime>) -> Result<Self> {
        let handle = namespace.attempt("opening a netlink socket", || {
            let _context = runtime.enter();
            let (connection, handle, _messages) = new_connection()?;
            runtime.spawn(connection);
            Ok(handle)
        })?;
        Ok(Self {
            namespace: namespace.clone(),
            handle,
            runtime,
        })
    }

    pub(super) fn wait<T>(&self, request: impl Future<Output = T>) -> T {
        self.runtime.block_on(request)
    }

    /// Sends one request and waits for its acknowledgement.
    pub(super) fn acknowledged(
        &self,
        message: RouteNetlinkMessage,
        flags: u16,
        what: impl FnOnce() -> String,
    ) -> Result<()> {
        let mut message = NetlinkMessage::from(message);
        message.header.flags = NLM_F_REQUEST | NLM_F_ACK | flags;
        let mut handle = self.handle.clone();
        self.wait(async {
            let mut answers = handle.request(message)?;
            while let Some(answer) = answers.next().await {
                if let NetlinkPayload::Error(error) = answer.payload
                    && error.code.is_some()
                {
                    return Err(rtnetlink::Error::NetlinkError(error));
                }
            }
            Ok(())
        })
        .tried(what)
    }

    /// Makes a link from a builder's message.
    pub(crate) fn add_link(&self, name: &str, link: LinkMessage) -> Result<()> {
        self.wait(self.handle.link().add(link).execute())
            .tried(|| format!("making {name}"))
    }

    /// Makes a veth pair, this end a port of a bridge where one is
    /// given, the other end in the namespace of `peer_netlink`. Both ends are up.
    pub(crate) fn add_veth(
        &self,
        end: VethEnd<'_>,
        bridge: Option<BridgePort>,
        peer: VethEnd<'_>,
        peer_netlink: &Self,
    ) -> Result<()> {
        let peer_message = peer
            .describe(LinkUnspec::new_with_name(peer.name))
            .setns_by_fd(peer_netlink.namespace.fd())
            .build();
        let mut link = end
            .describe(LinkVeth::new(end.name, peer.name))
            .set_info_data(InfoData::Veth(InfoVeth::Peer(peer_message)));
        if let Some(port) = bridge {
            link = link.controller(port.bridge);
        }
        self.add_link(end.name, link.build())?;
        // Before it is up: one frame that was learnt from would stay known.
        if let Some(port) = bridge {
            self.set_learning(end.index, port.learning)?;
        }
        // An end cannot be up before it has its peer (ENOTCONN).
        peer_netlink.set_up(peer.index)?;
        self.set_up(end.index)?;
        peer_netlink.wait_operational(peer.index)?;
        self.wait_operational(end.index)
    }

    /// Sets a link up.
    pub(crate) fn set_up(&self, index: u32) -> Result<()> {
        let link = LinkUnspec::new_with_index(index).up().build();
        self.wait(self.handle.link().change(link).execute())
            .tried(|| format!("setting interface {index} up"))
    }

    /// Waits until a link passes packets: the kernel starts queues and bridge
    /// ports a while after both ends of a veth are up.
    fn wait_operational(&self, index: u32) -> Result<()> {
        let until = Instant::now() + OPERATIONAL_WITHIN;
        while Instant::now() < until {
            let mut links = self.handle.link().get().match_index(index).execute();
            let link = self
                .wait(links.try_next())
                .tried(|| format!("reading the state of interface {index}"))?;
            let state = LinkAttribute::OperState(State::Up);
            if link.is_some_and(|link| link.attributes.contains(&state)) {
                return Ok(());
            }
            std::thread::yield_now();
        }
        Err(LabError::TimedOut {
            what: format!("interface {index} becoming operational"),
            seconds: OPERATIONAL_WITHIN.as_secs_f32(),
        })
    }

    /// Sets a link's MTU, bytes of the largest IP packet.
    pub(crate) fn set_mtu(&self, index: u32, mtu: u32) -> Result<()> {
        let link = LinkUnspec::new_with_index(index).mtu(mtu).build();
        self.wait(self.handle.link().change(link).execute())
            .tried(|| format!("giving interface {index} MTU {mtu}"))
    }

    /// Makes a bridge port learn source addresses or not.
    pub(crate) fn set_learning(&self, index: u32, learning: bool) -> Result<()> {
        let link = LinkBridgePort::new(index).learning(learning).build();
        self.wait(self.handle.link().set_port(link).execute())
            .tried(|| format!("setting learning of bridge port {index}"))
    }

    /// Removes a link and, of a veth pair, its other end.
    pub(crate) fn delete_link(&self, index: u32) -> Result<()> {
        self.wait(self.handle.link().del(index).execute())
            .tried(|| format!("removing interface {index}"))
    }

    /// Gives an interface an address; its prefix becomes reachable through it.
    pub(crate) fn add_address(&self, index: u32, address: IpAddr, prefix_len: u8) -> Result<()> {
        self.wait(
            self.handle
                .address()
                .add(index, address, prefix_len)
                .execute(),
        )
        .tried(|| format!("adding address {address}/{prefix_len}"))
    }

    /// Takes an address away, and with it the routes that came with it.
    pub(crate) fn remove_address(&self, index: u32, address: IpAddr, prefix_len: u8) -> Result<()> {
        let addresses = self.handle.address();
        let mut added = addresses.add(index, address, prefix_len);
        let message = added.message_mut().clone();
        self.wait(addresses.del(message).execute())
            .tried(|| format!("removing address {address}/{prefix_len}"))
    }

    /// Gives an interface another MAC.
    pub(crate) fn set_mac(&self, index: u32, mac: Mac) -> Result<()> {
        let link = LinkUnspec::new_with_index(index).address(mac.0.to_vec());
        self.wait(self.handle.link().change(link.build()).execute())
            .tried(|| format!("giving interface {index} MAC {mac}"))
    }

    /// A permanent neighbour entry.
    pub(crate) fn add_neighbour(&self, index: u32, address: IpAddr, mac: Mac) -> Result<()> {
        let request = self
            .handle
            .neighbours()
            .add(index, address)
            .link_layer_address(&mac.0)
            .replace();
        self.wait(request.execute())
            .tried(|| format!("adding neighbour {address} at {mac}"))
    }

    /// A route to `prefix` through `gateway`, or on the link itself.
    pub(crate) fn add_route(
        &self,
        index: u32,
        prefix: IpNet,
        gateway: Option<IpAddr>,
    ) -> Result<()> {
        let refused = |error: String| LabError::System {
            what: format!("describing the route to {prefix}"),
            source: std::io::Error::new(std::io::ErrorKind::InvalidInput, error),
        };
        let mut route = RouteMessageBuilder::<IpAddr>::new()
            .output_interface(index)
            .destination_prefix(prefix.addr(), prefix.prefix_len())
            .map_err(|error| refused(error.to_string()))?;
        route = match gateway {
            Some(gateway) => route
                .gateway(gateway)
                .map_err(|error| refused(error.to_string()))?,
            None => route.scope(RouteScope::Link),
        };
        self.wait(self.handle.route().add(route.build()).replace().execute())
            .tried(|| format!("adding a route to {prefix}"))
    }
}
