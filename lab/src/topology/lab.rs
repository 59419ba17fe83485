//! The lab and what its users do with it.

use std::net::IpAddr;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use ipnet::IpNet;
use tokio::runtime::Runtime;

use super::builder::{LabBuilder, address_for};
use super::hypervisor::Hypervisor;
use super::member::Member;
use super::node::Node;
use super::overlay::Encapsulation;
use super::router::Router;
use super::underlay::Fabric;
use super::uplink::Uplink;
use super::vpc::{Peering, Vpc};
use crate::addressing::Mac;
use crate::error::{LabError, Result};
use crate::kernel::namespace::Namespace;
use crate::manifests::{Manifests, MemberManifest};

/// The gateway: a namespace with one or more ports in the underlay. Its
/// commands have `/sys/fs/bpf` to themselves.
#[derive(Debug)]
pub struct Gateway {
    pub(crate) namespace: Namespace,
    pub(crate) ports: Vec<Uplink>,
    pub(crate) node: Node,
}

impl Gateway {
    /// Its namespace, whose commands run with the gateway's own BPF file system.
    #[must_use]
    pub fn namespace(&self) -> &Namespace {
        &self.namespace
    }

    /// Its ports, at least one.
    #[must_use]
    pub fn ports(&self) -> &[Uplink] {
        &self.ports
    }

    /// Its first port.
    #[must_use]
    pub fn port(&self) -> &Uplink {
        &self.ports[0]
    }

    /// Gives a port another MTU, bytes of the largest IP packet.
    ///
    /// # Errors
    /// Without such a port, or when the kernel refuses.
    pub fn set_port_mtu(&self, port: usize, mtu: u32) -> Result<()> {
        let have = self.ports.len();
        let uplink = self
            .ports
            .get(port)
            .ok_or(LabError::NoSuchPort { asked: port, have })?;
        self.node.netlink.set_mtu(uplink.address_index, mtu)
    }
}

/// Hypervisors, a gateway, a bystander and an underlay, with the VPCs and
/// members that were added since. All of it is gone when this is dropped, or
/// when the process ends in whatever way.
///
/// Not for use inside an asynchronous runtime: calls wait for netlink.
#[derive(Debug)]
pub struct Lab {
    pub(crate) hypervisors: Vec<Hypervisor>,
    pub(crate) gateway: Gateway,
    pub(crate) router: Option<Router>,
    pub(crate) bystander: Node,
    pub(crate) bystander_uplink: Uplink,
    /// Of twins, the last is where the member is.
    pub(crate) members: Vec<(Member, Node)>,
    pub(crate) vpcs: Vec<Vpc>,
    pub(crate) peerings: Vec<Peering>,
    pub(crate) last_number: u32,
    pub(crate) encapsulation: Encapsulation,
    pub(crate) _xdp_links: Vec<OwnedFd>,
    pub(crate) _fabric: Fabric,
    pub(crate) runtime: Arc<Runtime>,
}

impl Lab {
    /// A description of a lab to be completed and built.
    #[must_use]
    pub fn builder() -> LabBuilder {
        LabBuilder::default()
    }

    /// The gateway.
    #[must_use]
    pub fn gateway(&self) -> &Gateway {
        &self.gateway
    }

    /// The gateway's MAC in every VPC.
    #[must_use]
    pub fn gateway_mac(&self) -> Mac {
        self.encapsulation.gateway_mac
    }

    /// The hypervisors.
    #[must_use]
    pub fn hypervisors(&self) -> &[Hypervisor] {
        &self.hypervisors
    }

    /// The router between the gateway and the hypervisors that are behind it,
    /// where the lab has such hypervisors.
    #[must_use]
    pub fn router(&self) -> Option<&Router> {
        self.router.as_ref()
    }

    /// Namespace of a host in the underlay that is neither hypervisor nor
    /// gateway: an administrator's, or an attacker's.
    #[must_use]
    pub fn bystander(&self) -> &Namespace {
        &self.bystander.namespace
    }

    /// The bystander's way into the underlay.
    #[must_use]
    pub fn bystander_uplink(&self) -> &Uplink {
        &self.bystander_uplink
    }

    /// Bytes of a member's largest IP packet.
    #[must_use]
    pub fn member_mtu(&self) -> u32 {
        self.encapsulation.mtu
    }

    /// Adds a VPC. Its bridges and VXLAN devices come with its members.
    pub fn vpc(&mut self, vni: u32, cidrs: impl IntoIterator<Item = IpNet>) -> Vpc {
        let vpc = Vpc::new(vni, cidrs.into_iter().collect());
        self.vpcs.push(vpc.clone());
        vpc
    }

    /// The VPCs, in the order of their adding.
    #[must_use]
    pub fn vpcs(&self) -> &[Vpc] {
        &self.vpcs
    }

    /// Members in their present places: of twins, the one last redirected to.
    pub fn members(&self) -> impl Iterator<Item = &Member> {
        let all = &self.members;
        all.iter().enumerate().filter_map(move |(at, (member, _))| {
            let moved = all[at + 1..]
                .iter()
                .any(|(later, _)| later.id() == member.id());
            (!moved).then_some(member)
        })
    }

    /// Asks for a peering in the lab's manifests; one of the same name is
    /// replaced.
    pub fn peer(&mut self, peering: Peering) -> Peering {
        self.peerings.retain(|other| other.name != peering.name);
        self.peerings.push(peering.clone());
        peering
    }

    /// Takes a peering out of the lab's manifests.
    pub fn unpeer(&mut self, peering: &Peering) {
        self.peerings.retain(|other| other.name != peering.name);
    }

    /// The lab's VPCs, members and peerings as an agent reads them.
    #[must_use]
    pub fn manifests(&self) -> Manifests {
        let members = self.members().map(|member| MemberManifest {
            name: member.name(),
            vpc: member.vpc(),
            addresses: member.addresses(),
            prefixes: member.prefixes(),
            mac: member.mac(),
            hypervisor: self.hypervisors[member.hypervisor()].vtep(),
        });
        Manifests::render(&self.vpcs, members, &self.peerings)
    }

    /// Makes a hypervisor send a VPC's traffic to another port of the gateway.
    ///
    /// # Errors
    /// Without such a hypervisor or port, without members of the VPC there, or
    /// when the kernel refuses.
    pub fn steer(&self, vpc: &Vpc, hypervisor: usize, port: usize) -> Result<()> {
        let uplink = self.gateway.ports.get(port).ok_or(LabError::NoSuchPort {
            asked: port,
            have: self.gateway.ports.len(),
        })?;
        let gateway = address_for(uplink, self.hypervisor(hypervisor)?.vtep())?;
        self.steer_to(vpc, hypervisor, gateway)
    }

    /// Makes a hypervisor send a VPC's traffic to this VTEP of the gateway.
    ///
    /// # Errors
    /// Without such a hypervisor, without members of the VPC there, or when the
    /// kernel refuses.
    pub fn steer_to(&self, vpc: &Vpc, hypervisor: usize, gateway: IpAddr) -> Result<()> {
        let at = &self.hypervisor(hypervisor)?.overlay;
        let segment = at.segments.get(&vpc.vni()).ok_or_else(|| {
            LabError::NoSuchMember(format!("of {} on hypervisor {hypervisor}", vpc.name()))
        })?;
        at.node
            .netlink
            .fdb_on_vtep(segment.vxlan, self.gateway_mac(), gateway)
    }

    pub(crate) fn hypervisor(&self, number: usize) -> Result<&Hypervisor> {
        let have = self.hypervisors.len();
        self.hypervisors
            .get(number)
            .ok_or(LabError::NoSuchHypervisor {
                asked: number,
                have,
            })
    }

    /// The VTEP of a member's hypervisor.
    ///
    /// # Errors
    /// When the member is another lab's.
    pub fn vtep_of(&self, member: &Member) -> Result<IpAddr> {
        self.hypervisor(member.hypervisor()).map(Hypervisor::vtep)
    }
}
