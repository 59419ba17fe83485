//! `router-agent status`: what the kernel holds, read from the pins alone.

mod read;
mod write;

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::Serialize;

pub use read::read;
pub use write::write;

/// Everything that is shown.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// What hypervisors that ask by BFD are told.
    pub liveness: &'static str,
    /// Devices with a link of ours.
    pub ports: Vec<PortStatus>,
    /// Entries of each map against what it takes.
    pub tables: Vec<TableStatus>,
    /// Directions of peerings.
    pub peerings: Vec<PeeringStatus>,
    /// What became of frames.
    pub outcomes: Vec<OutcomeStatus>,
    /// Hypervisors and next hops.
    pub hypervisors: Vec<HypervisorStatus>,
}

/// A device that the router sits on.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PortStatus {
    /// Name.
    pub interface: String,
    /// Whether it is there.
    pub present: bool,
    /// `driver`, `generic`, or what else the kernel says.
    pub xdp_mode: Option<String>,
    /// The kernel's identifier of the link.
    pub link_id: u32,
    /// The kernel's identifier of the program.
    pub program_id: u32,
    /// The kernel's digest of the program.
    pub program_tag: Option<String>,
    /// Number of the port.
    pub port: Option<u32>,
    /// Addresses that it answers to.
    pub vteps: Vec<IpAddr>,
    /// MAC of the port.
    pub mac: Option<String>,
    /// Static MAC of the gateway in every VPC.
    pub gateway_mac: Option<String>,
    /// VLAN identifier, 0 without.
    pub vlan: Option<u16>,
    /// UDP port of VXLAN.
    pub vxlan_port: Option<u16>,
}

/// A map.
#[derive(Debug, Serialize)]
pub struct TableStatus {
    /// Name.
    pub map: &'static str,
    /// Entries in it.
    pub used: u64,
    /// Entries that it takes.
    pub capacity: u64,
}

/// One direction of a peering.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PeeringStatus {
    /// Namespace and name.
    pub peering: String,
    /// VPC of the senders.
    pub from_vni: u32,
    /// VPC of the receivers.
    pub to_vni: u32,
    /// Frames.
    pub packets: u64,
    /// Bytes.
    pub bytes: u64,
}

/// What became of frames.
#[derive(Debug, Serialize)]
pub struct OutcomeStatus {
    /// `pass`, `tx` or `drop`.
    pub verdict: &'static str,
    /// Drop reason, empty otherwise.
    pub reason: &'static str,
    /// Frames.
    pub packets: u64,
    /// Bytes.
    pub bytes: u64,
}

/// A hypervisor.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HypervisorStatus {
    /// Its VTEP.
    pub vtep: IpAddr,
    /// MAC of the next hop, by number of the port.
    pub next_hops: BTreeMap<u32, String>,
    /// Whether every port has one.
    pub resolved: bool,
}
