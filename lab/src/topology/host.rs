//! A hypervisor on a device that is there already, such as a cluster node's.
//!
//! Bridges, VXLAN devices and members are in namespaces without a name; only
//! the encapsulated packets are in the present one. So everything is gone with
//! the process, and the host's own interfaces stay as they are.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use tokio::runtime::{Builder, Runtime};

use super::description::Description;
use super::member::{Member, MemberData, MemberSpec};
use super::node::Node;
use super::overlay::{Encapsulation, Overlay, Segment};
use super::vpc::Vpc;
use crate::addressing::{Family, GATEWAY_MAC, Mac};
use crate::error::{LabError, Result, Tried};
use crate::kernel::namespace::Namespace;
use crate::kernel::netlink::Netlink;

/// A hypervisor of the machine that the process runs on, for gateways and other
/// hypervisors elsewhere.
///
/// Not for use inside an asynchronous runtime: calls wait for netlink.
#[derive(Debug)]
pub struct HostHypervisor {
    overlay: Overlay,
    encapsulation: Encapsulation,
    members: BTreeMap<String, (Member, Node)>,
    /// Where broadcasts of a VNI go to.
    broadcasts: BTreeSet<(u32, IpAddr)>,
    last_number: u32,
    runtime: Arc<Runtime>,
}

impl HostHypervisor {
    /// A hypervisor whose VTEP is the first global address of `device`, IPv4
    /// before IPv6, in the present network namespace. `gateway_mac` is that of
    /// the gateways in every VPC, by default [`GATEWAY_MAC`].
    ///
    /// # Errors
    /// Without such a device, without an address on it, or when the kernel
    /// refuses.
    pub fn on(device: &str, gateway_mac: Option<Mac>) -> Result<Self> {
        let runtime = netlink_runtime()?;
        let underlay = Netlink::open(&Namespace::current()?, Arc::clone(&runtime))?;
        let found = underlay.device(device)?;
        let vtep = *found.addresses.first().ok_or_else(|| {
            LabError::Missing(format!("Interface {device} has no address to be a VTEP."))
        })?;
        Ok(Self {
            overlay: Overlay::new(Node::new(&runtime)?, underlay, vtep),
            encapsulation: Encapsulation {
                mtu: found.mtu.saturating_sub(Family::of(vtep).overhead()),
                checksums: None,
                gateway_mac: gateway_mac.unwrap_or(GATEWAY_MAC),
            },
            members: BTreeMap::new(),
            broadcasts: BTreeSet::new(),
            last_number: 0,
            runtime,
        })
    }

    /// Its VTEP address.
    #[must_use]
    pub fn vtep(&self) -> IpAddr {
        self.overlay.vtep
    }

    /// Bytes of a member's largest IP packet.
    #[must_use]
    pub fn member_mtu(&self) -> u32 {
        self.encapsulation.mtu
    }

    /// Adds a member of `vpc`. The VPC's first member here makes its bridge and
    /// VXLAN device, which send to this VTEP of a gateway.
    ///
    /// # Errors
    /// With an address outside the VPC, with a name that is taken, or when the
    /// kernel refuses.
    pub fn member(&mut self, vpc: &Vpc, spec: MemberSpec, gateway: IpAddr) -> Result<Member> {
        self.last_number += 1;
        let number = self.last_number;
        let name = spec.name.unwrap_or_else(|| format!("member-{number}"));
        if self.members.contains_key(&name) {
            return Err(LabError::Missing(format!(
                "There is a member {name} already."
            )));
        }
        let description = Description {
            id: number,
            name,
            vpc: vpc.clone(),
            mac: spec.mac.unwrap_or(Mac::of_member(number)),
            addresses: spec.addresses,
            prefixes: spec.prefixes,
            inner_addresses: spec.inner_addresses,
        };
        let segment = match self.overlay.segments.get(&vpc.vni()) {
            Some(segment) => *segment,
            None => self.overlay.add_segment(vpc, self.encapsulation, gateway)?,
        };
        let port_name = format!("m{number}");
        let (node, port) = self.overlay.place(
            &description,
            segment,
            &port_name,
            self.encapsulation,
            &self.runtime,
        )?;
        let netlink = &self.overlay.node.netlink;
        netlink.fdb_on_port(port, description.mac)?;
        let member = Member(Arc::new(MemberData::new(
            description,
            number,
            0,
            &node,
            port,
        )));
        let name = member.name().to_owned();
        self.members.insert(name, (member.clone(), node));
        Ok(member)
    }

    /// The member of this name.
    ///
    /// # Errors
    /// There is none.
    pub fn find(&self, name: &str) -> Result<&Member> {
        let found = self.members.get(name).map(|(member, _)| member);
        found.ok_or_else(|| LabError::NoSuchMember(name.to_owned()))
    }

    /// Takes a member away. Its namespace stays only while someone holds a
    /// handle, and has no interface any more.
    ///
    /// # Errors
    /// There is none of this name, or the kernel refuses.
    pub fn remove(&mut self, name: &str) -> Result<()> {
        let removed = self.members.remove(name);
        let (member, _) = removed.ok_or_else(|| LabError::NoSuchMember(name.to_owned()))?;
        self.overlay.node.netlink.delete_link(member.0.port)
    }

    /// Sends what a VPC's members send to other VPCs to this VTEP of a gateway.
    ///
    /// # Errors
    /// No member of the VPC is or was here, or the kernel refuses.
    pub fn steer(&self, vni: u32, gateway: IpAddr) -> Result<()> {
        self.point(vni, self.encapsulation.gateway_mac, gateway)
    }

    /// Sends a VPC's frames to `mac` to another hypervisor's VTEP, and
    /// broadcasts of the VPC too.
    ///
    /// # Errors
    /// No member of the VPC is or was here, or the kernel refuses.
    pub fn neighbour(&mut self, vni: u32, mac: Mac, vtep: IpAddr) -> Result<()> {
        self.point(vni, mac, vtep)?;
        let vxlan = self.segment(vni)?.vxlan;
        if self.broadcasts.insert((vni, vtep)) {
            self.overlay.node.netlink.fdb_broadcast_to(vxlan, vtep)?;
        }
        Ok(())
    }

    fn point(&self, vni: u32, mac: Mac, vtep: IpAddr) -> Result<()> {
        let vxlan = self.segment(vni)?.vxlan;
        self.overlay.node.netlink.fdb_on_vtep(vxlan, mac, vtep)
    }

    fn segment(&self, vni: u32) -> Result<Segment> {
        let segment = self.overlay.segments.get(&vni).copied();
        segment.ok_or_else(|| LabError::NoSuchMember(format!("of VNI {vni}")))
    }
}

/// Puts a native XDP program that passes everything on the device with this
/// index, of the present network namespace. It stays as long as the device.
///
/// A veth delivers what an XDP program on its peer sends back (`XDP_TX`) only
/// where it has a native program of its own: so does the far end of a
/// container's interface that is a gateway's.
///
/// # Errors
/// When the kernel refuses, such as where another program is attached by a link.
pub fn pass_natively(index: u32) -> Result<()> {
    Netlink::open(&Namespace::current()?, netlink_runtime()?)?.pass_natively(index)
}

fn netlink_runtime() -> Result<Arc<Runtime>> {
    let runtime = Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("lab-netlink")
        .enable_io()
        .build()
        .tried(|| "starting the netlink worker".to_owned())?;
    Ok(Arc::new(runtime))
}
