//! Describing a lab and building its fixed parts.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::sync::Arc;

use tokio::runtime;

use super::hypervisor::Hypervisor;
use super::lab::{Gateway, Lab};
use super::node::Node;
use super::overlay::{Encapsulation, Overlay};
use super::router::Router;
use super::underlay::{Fabric, Underlay, UnderlayConfig};
use super::uplink::Uplink;
use crate::addressing::{Family, GATEWAY_MAC, Mac, Station, Subnet};
use crate::error::{LabError, Result, Tried};
use crate::kernel::mounts::MountNamespace;
use crate::kernel::xdp_pass;

/// Most hypervisors of a lab, and most ports of its gateway.
const MAX_HYPERVISORS: usize = 100;
const MAX_PORTS: usize = 10;

/// What a lab should be. Every setting has a default.
#[derive(Clone, Debug)]
pub struct LabBuilder {
    hypervisors: usize,
    gateway_ports: usize,
    underlay: UnderlayConfig,
    vtep_families: HashMap<usize, Family>,
    behind_router: HashSet<usize>,
    checksums: Option<bool>,
    gateway_mac: Mac,
}

impl Default for LabBuilder {
    fn default() -> Self {
        Self {
            hypervisors: 2,
            gateway_ports: 1,
            underlay: UnderlayConfig {
                families: Underlay::default(),
                mtu: 1500,
                vlan: None,
                hub: false,
            },
            vtep_families: HashMap::new(),
            behind_router: HashSet::new(),
            checksums: None,
            gateway_mac: GATEWAY_MAC,
        }
    }
}

impl LabBuilder {
    /// Number of hypervisors (2; at most 100).
    #[must_use]
    pub fn hypervisors(mut self, count: usize) -> Self {
        self.hypervisors = count;
        self
    }

    /// Number of the gateway's interfaces in the underlay (1; at most 10),
    /// named `eth0`, `eth1` and so on.
    #[must_use]
    pub fn gateway_ports(mut self, count: usize) -> Self {
        self.gateway_ports = count;
        self
    }

    /// Bytes of the underlay's largest IP packet (1500). Members get what
    /// encapsulation leaves of it. Above 3506 a native XDP program on a veth
    /// has to support fragments.
    #[must_use]
    pub fn mtu(mut self, mtu: u32) -> Self {
        self.underlay.mtu = mtu;
        self
    }

    /// IP families of the underlay (IPv4).
    #[must_use]
    pub fn underlay(mut self, families: Underlay) -> Self {
        self.underlay.families = families;
        self
    }

    /// Family of one hypervisor's VTEP where the underlay has both (IPv4).
    /// Hypervisors of different families reach each other through no VXLAN.
    #[must_use]
    pub fn vtep_family(mut self, hypervisor: usize, family: Family) -> Self {
        self.vtep_families.insert(hypervisor, family);
        self
    }

    /// Puts a hypervisor into another subnet, behind a router. The gateway
    /// reaches it through its first port.
    #[must_use]
    pub fn behind_router(mut self, hypervisor: usize) -> Self {
        self.behind_router.insert(hypervisor);
        self
    }

    /// Tags the underlay's frames with an 802.1Q VLAN (1..4094), in the bytes.
    #[must_use]
    pub fn vlan(mut self, id: u16) -> Self {
        self.underlay.vlan = Some(id);
        self
    }

    /// Makes the underlay send every frame to every station, always. Otherwise
    /// it does so until it has learnt where a MAC is.
    #[must_use]
    pub fn hub(mut self, hub: bool) -> Self {
        self.underlay.hub = hub;
        self
    }

    /// Whether hypervisors write outer UDP checksums. By default they do over
    /// IPv6 and do not over IPv4, as the kernel has it.
    #[must_use]
    pub fn outer_checksums(mut self, written: bool) -> Self {
        self.checksums = Some(written);
        self
    }

    /// The gateway's MAC in every VPC (02:00:5e:00:53:01).
    #[must_use]
    pub fn gateway_mac(mut self, mac: Mac) -> Self {
        self.gateway_mac = mac;
        self
    }

    /// Builds the lab: underlay, gateway, hypervisors and a bystander.
    ///
    /// # Errors
    /// When the kernel refuses something; what was built until then is gone.
    ///
    /// # Panics
    /// With more hypervisors or ports than there are addresses for.
    pub fn build(self) -> Result<Lab> {
        assert!(
            self.hypervisors <= MAX_HYPERVISORS,
            "at most {MAX_HYPERVISORS} hypervisors"
        );
        assert!(
            (1..=MAX_PORTS).contains(&self.gateway_ports),
            "1 to {MAX_PORTS} gateway ports"
        );
        let runtime = runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("lab-netlink")
            .enable_io()
            .build()
            .tried(|| "starting the netlink worker".to_owned())?;
        let runtime = Arc::new(runtime);
        let mut fabric = Fabric::new(Subnet::Near, self.underlay, &runtime)?;
        let (gateway, xdp_links) = self.build_gateway(&mut fabric, &runtime)?;
        let mut router = (!self.behind_router.is_empty())
            .then(|| Router::build(&mut fabric, self.underlay, &runtime))
            .transpose()?;
        let mut hypervisors = Vec::with_capacity(self.hypervisors);
        for number in 0..self.hypervisors {
            let behind = self.behind_router.contains(&number);
            let subnet = match router.as_mut().filter(|_| behind) {
                Some(router) => &mut router.fabric,
                None => &mut fabric,
            };
            hypervisors.push(self.build_hypervisor(number, subnet, &runtime)?);
        }
        if let Some(router) = &router {
            router.lead(gateway.port())?;
        }
        for hypervisor in &hypervisors {
            let others = hypervisors.iter().map(|other| &other.uplink);
            let routers = router.iter().flat_map(|it| [it.near(), it.far()]);
            introduce(
                hypervisor,
                gateway.ports.iter().chain(others).chain(routers),
            )?;
            if let Some(router) = &router {
                router.lead(&hypervisor.uplink)?;
            }
        }
        let mut bystander = Node::new(&runtime)?;
        let bystander_uplink = fabric.connect(&mut bystander, "eth0", Station::Bystander)?;
        Ok(Lab {
            hypervisors,
            gateway,
            router,
            bystander,
            bystander_uplink,
            members: Vec::new(),
            vpcs: Vec::new(),
            peerings: Vec::new(),
            last_number: 0,
            encapsulation: Encapsulation {
                mtu: self.underlay.families.member_mtu(self.underlay.mtu),
                checksums: self.checksums,
                gateway_mac: self.gateway_mac,
            },
            _xdp_links: xdp_links,
            _fabric: fabric,
            runtime,
        })
    }

    fn build_gateway(
        &self,
        fabric: &mut Fabric,
        runtime: &Arc<runtime::Runtime>,
    ) -> Result<(Gateway, Vec<std::os::fd::OwnedFd>)> {
        let mut node = Node::new(runtime)?;
        // Each port answers for its own address only, though all are in one network.
        node.namespace
            .attempt("keeping the gateway's ports apart", || {
                std::fs::write("/proc/sys/net/ipv4/conf/all/arp_ignore", "1")?;
                std::fs::write("/proc/sys/net/ipv4/conf/all/arp_announce", "2")
            })?;
        let mut ports = Vec::with_capacity(self.gateway_ports);
        let mut links = Vec::with_capacity(self.gateway_ports);
        for number in (0..).take(self.gateway_ports) {
            let name = format!("eth{number}");
            let uplink = fabric.connect(&mut node, &name, Station::GatewayPort(number))?;
            links.push(xdp_pass::attach(&fabric.node.namespace, uplink.port)?);
            ports.push(uplink);
        }
        let namespace = node
            .namespace
            .clone()
            .with_mounts(MountNamespace::with_bpffs()?);
        Ok((
            Gateway {
                namespace,
                ports,
                node,
            },
            links,
        ))
    }

    fn build_hypervisor(
        &self,
        number: usize,
        fabric: &mut Fabric,
        runtime: &Arc<runtime::Runtime>,
    ) -> Result<Hypervisor> {
        let mut node = Node::new(runtime)?;
        let station = Station::Hypervisor(u8::try_from(number).unwrap_or(u8::MAX));
        let uplink = fabric.connect(&mut node, "underlay", station)?;
        let family = self.vtep_families.get(&number).copied();
        let family = family.unwrap_or_else(|| self.underlay.families.first());
        let vtep = uplink.address(family).ok_or_else(|| {
            LabError::Missing(format!(
                "The underlay lacks the IP family of hypervisor {number}."
            ))
        })?;
        let underlay = node.netlink.clone();
        Ok(Hypervisor {
            overlay: Overlay::new(node, underlay, vtep),
            uplink,
        })
    }
}

/// Permanent neighbour entries on a hypervisor for the stations of its subnet:
/// no packet of the overlay ever waits there for an answer to ARP.
fn introduce<'a>(
    hypervisor: &Hypervisor,
    stations: impl Iterator<Item = &'a Uplink>,
) -> Result<()> {
    let own = &hypervisor.uplink;
    let neighbours = stations.filter(|it| it.subnet == own.subnet && it.mac != own.mac);
    for neighbour in neighbours {
        for address in neighbour.addresses() {
            own.netlink
                .add_neighbour(own.address_index, address, neighbour.mac)?;
        }
    }
    Ok(())
}

/// The address of `uplink` that a VTEP can send to.
pub(crate) fn address_for(uplink: &Uplink, vtep: IpAddr) -> Result<IpAddr> {
    uplink.address(Family::of(vtep)).ok_or_else(|| {
        LabError::Missing(format!(
            "The gateway has no address of the family of VTEP {vtep}."
        ))
    })
}
