//! `router-agent status`: what the kernel holds, read from the pins alone.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;

use comfy_table::Table;
use comfy_table::presets::NOTHING;
use isthmus_abi::{DropReason, RouterConfig};
use isthmus_tables::{Attachment, Tables};
use serde::Serialize;

use crate::cli::Output;
use crate::metrics::Counts;
use crate::netlink::events::connect;
use crate::netlink::model::Link;
use crate::pins::generations::newest;

/// Everything that is shown.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
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

/// Reads the pins, and the XDP modes from the links.
///
/// # Errors
///
/// No maps that this version can read, or the kernel's answer.
pub async fn read(pin_dir: &Path) -> anyhow::Result<Status> {
    let Some((_, tables)) = newest(pin_dir)? else {
        anyhow::bail!("no maps of Isthmus are pinned in {}", pin_dir.display());
    };
    let links = connect()?.links().await?;
    let mut ports = Vec::new();
    for attachment in Attachment::open_all(pin_dir)? {
        ports.push(port(&attachment?, &links)?);
    }
    let numbers: Vec<u32> = ports.iter().filter_map(|port| port.port).collect();
    let counts = Counts::read(&tables)?;
    let peerings = counts
        .peerings
        .into_iter()
        .map(|(peering, from_vni, to_vni, counter)| PeeringStatus {
            peering,
            from_vni,
            to_vni,
            packets: counter.packets,
            bytes: counter.bytes,
        });
    let outcomes = counts
        .outcomes
        .into_iter()
        .map(|(verdict, reason, counter)| OutcomeStatus {
            verdict,
            reason,
            packets: counter.packets,
            bytes: counter.bytes,
        });
    Ok(Status {
        ports,
        tables: usage(&tables)?,
        peerings: peerings.collect(),
        outcomes: outcomes.collect(),
        hypervisors: hypervisors(&tables, &numbers),
    })
}

/// Writes the status.
///
/// # Errors
///
/// The output's.
pub fn write(status: &Status, output: Output, out: &mut impl Write) -> io::Result<()> {
    match output {
        Output::Json => {
            serde_json::to_writer_pretty(&mut *out, status)?;
            writeln!(out)
        }
        Output::Table => write_tables(status, out),
    }
}

fn port(attachment: &Attachment, links: &[Link]) -> anyhow::Result<PortStatus> {
    let info = attachment.info()?;
    let program = attachment.program().ok();
    let identity = program.as_ref().and_then(|program| program.identity());
    let config = identity.map(|identity| &identity.config);
    let link = links.iter().find(|link| Some(link.index) == info.ifindex);
    Ok(PortStatus {
        interface: attachment.interface().to_owned(),
        present: link.is_some(),
        xdp_mode: link
            .and_then(|link| link.xdp)
            .map(|mode| mode.name().to_owned()),
        link_id: info.link_id,
        program_id: info.program_id,
        program_tag: identity.map(|identity| hex(&identity.tag)),
        port: config.map(|config| config.port),
        vteps: config.map(vteps).unwrap_or_default(),
        mac: config.map(|config| mac(config.port_mac)),
        gateway_mac: config.map(|config| mac(config.gateway_mac)),
        vlan: config.map(|config| config.vlan),
        vxlan_port: config.map(|config| config.vxlan_port),
    })
}

fn vteps(config: &RouterConfig) -> Vec<IpAddr> {
    let v4 = config.vteps_v4.iter().filter(|bits| **bits != 0);
    let v6 = config.vteps_v6.iter().filter(|halves| **halves != [0; 2]);
    let v4 = v4.map(|bits| IpAddr::V4(Ipv4Addr::from_bits(*bits)));
    let v6 = v6.map(|[high, low]| {
        IpAddr::V6(Ipv6Addr::from_bits(
            u128::from(*high) << 64 | u128::from(*low),
        ))
    });
    v4.chain(v6).collect()
}

fn usage(tables: &Tables) -> anyhow::Result<Vec<TableStatus>> {
    use isthmus_tables::Table as Map;
    let mut used: BTreeMap<Map, u64> = BTreeMap::new();
    for member in tables.members() {
        let map = if member.address.is_ipv4() {
            Map::MembersV4
        } else {
            Map::MembersV6
        };
        *used.entry(map).or_default() += 1;
    }
    for prefix in tables.prefixes()? {
        let map = if prefix.address.is_ipv4() {
            Map::PrefixesV4
        } else {
            Map::PrefixesV6
        };
        *used.entry(map).or_default() += 1;
    }
    for (_, block) in tables.routes() {
        *used.entry(Map::Vpcs).or_default() += 1;
        let lines = block.map_or(0, |block| u64::from(block.lines()));
        *used.entry(Map::Routes).or_default() += lines;
    }
    used.insert(Map::Hypervisors, tables.hypervisors().count() as u64);
    used.insert(Map::Peerings, tables.labels().count() as u64);
    let status = |map: Map| TableStatus {
        map: map.name(),
        used: used.get(&map).copied().unwrap_or(0),
        capacity: map.capacity(tables.capacities()),
    };
    Ok(Map::ALL.map(status).into())
}

fn hypervisors(tables: &Tables, ports: &[u32]) -> Vec<HypervisorStatus> {
    let status = |hypervisor: isthmus_tables::HypervisorState| {
        let known = (0u32..)
            .zip(hypervisor.next_hops)
            .filter(|(_, bits)| *bits != 0);
        let next_hops: BTreeMap<_, _> = known.map(|(port, bits)| (port, mac(bits))).collect();
        let resolved = ports.iter().all(|port| next_hops.contains_key(port));
        HypervisorStatus {
            vtep: hypervisor.vtep,
            next_hops,
            resolved,
        }
    };
    let mut all: Vec<_> = tables.hypervisors().map(status).collect();
    all.sort_by_key(|hypervisor| hypervisor.vtep);
    all
}

fn write_tables(status: &Status, out: &mut impl Write) -> io::Result<()> {
    let mut ports = table(&[
        "INTERFACE",
        "XDP",
        "PROGRAM",
        "TAG",
        "PORT",
        "VTEPS",
        "MAC",
        "VLAN",
        "UDP",
    ]);
    for port in &status.ports {
        let number = |number: Option<u32>| number.map(|n| n.to_string()).unwrap_or_default();
        let vteps: Vec<_> = port.vteps.iter().map(ToString::to_string).collect();
        let gone = if port.present {
            "none"
        } else {
            "interface gone"
        };
        ports.add_row([
            port.interface.clone(),
            port.xdp_mode.clone().unwrap_or_else(|| gone.to_owned()),
            port.program_id.to_string(),
            port.program_tag
                .clone()
                .unwrap_or_else(|| "not a router".to_owned()),
            number(port.port),
            vteps.join(" "),
            port.mac.clone().unwrap_or_default(),
            number(port.vlan.map(u32::from)),
            number(port.vxlan_port.map(u32::from)),
        ]);
    }
    let mut maps = table(&["MAP", "USED", "CAPACITY"]);
    for map in &status.tables {
        maps.add_row([
            map.map.to_owned(),
            map.used.to_string(),
            map.capacity.to_string(),
        ]);
    }
    let mut peerings = table(&["PEERING", "FROM VNI", "TO VNI", "PACKETS", "BYTES"]);
    for peering in &status.peerings {
        let numbers = [
            peering.from_vni.into(),
            peering.to_vni.into(),
            peering.packets,
            peering.bytes,
        ];
        let numbers = numbers.map(|number: u64| number.to_string());
        peerings.add_row([std::slice::from_ref(&peering.peering), &numbers].concat());
    }
    let mut outcomes = table(&["VERDICT", "REASON", "PACKETS", "BYTES", "MEANING"]);
    for outcome in status.outcomes.iter().filter(|outcome| outcome.packets > 0) {
        let reason = DropReason::ALL
            .iter()
            .find(|reason| reason.name() == outcome.reason);
        outcomes.add_row([
            outcome.verdict.to_owned(),
            outcome.reason.to_owned(),
            outcome.packets.to_string(),
            outcome.bytes.to_string(),
            reason
                .map(|reason| reason.description().to_owned())
                .unwrap_or_default(),
        ]);
    }
    let mut hypervisors = table(&["HYPERVISOR", "NEXT HOPS", "RESOLVED"]);
    for hypervisor in &status.hypervisors {
        let hops = hypervisor
            .next_hops
            .iter()
            .map(|(port, mac)| format!("{port}:{mac}"));
        hypervisors.add_row([
            hypervisor.vtep.to_string(),
            hops.collect::<Vec<_>>().join(" "),
            if hypervisor.resolved { "yes" } else { "no" }.to_owned(),
        ]);
    }
    writeln!(
        out,
        "{ports}\n\n{maps}\n\n{peerings}\n\n{outcomes}\n\n{hypervisors}"
    )
}

fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(NOTHING);
    table.set_header(header.to_vec());
    table
}

fn mac(bits: u64) -> String {
    let bytes = bits.to_be_bytes();
    bytes[2..]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect::<Vec<_>>()
        .join(":")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
