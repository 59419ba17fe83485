//! Writes the status for people or for programs.

use std::io::{self, Write};

use comfy_table::Table;
use comfy_table::presets::NOTHING;
use isthmus_abi::DropReason;

use super::Status;
use crate::cli::Output;

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
