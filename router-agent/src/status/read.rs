//! Reads the status from the pins.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;

use isthmus_abi::RouterConfig;
use isthmus_tables::{Attachment, Tables};

use super::{HypervisorStatus, OutcomeStatus, PeeringStatus, PortStatus, Status, TableStatus};
use crate::metrics::Counts;
use crate::netlink::events::connect;
use crate::netlink::model::Link;
use crate::pins::generations::newest;

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
        liveness: tables.liveness().name(),
        ports,
        tables: usage(&tables)?,
        peerings: peerings.collect(),
        outcomes: outcomes.collect(),
        hypervisors: hypervisors(&tables, &numbers),
    })
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
