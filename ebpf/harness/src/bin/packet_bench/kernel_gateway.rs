//! The same peering by the kernel's own means: a VXLAN device for each VPC and
//! IP forwarding between them.

use std::fs;

use anyhow::Result;
use isthmus_harness::scene::{GATEWAY_MAC, NEXT_HOP, PORT_MAC};

use crate::cell::Cell;
use crate::flows::{Flow, address, length, mac, vtep};
use crate::shell::run;

/// The gateway's own VTEP, as in the router's configuration.
const VTEP: &str = "172.16.0.1";

/// Sets up interface `inside` of this thread's network namespace, and what the
/// kernel needs to forward a flow.
pub(crate) fn configure(cell: &Cell, flow: Flow) -> Result<()> {
    fs::write("/proc/sys/net/ipv4/ip_forward", "1")?;
    for scope in ["all", "default"] {
        fs::write(format!("/proc/sys/net/ipv4/conf/{scope}/rp_filter"), "0")?;
    }
    let ((source, _), (target, host)) = (flow.from, flow.to);
    let hypervisor = vtep(target, host);
    let (member, member_mac) = (address(cell, target, host), text(mac(target, host)));
    run("ip", &format!("link set inside address {}", text(PORT_MAC)))?;
    run("ip", "link set inside up")?;
    run("ip", &format!("address add {VTEP}/16 dev inside"))?;
    let next_hop = text(NEXT_HOP);
    run(
        "ip",
        &format!("neigh add {hypervisor} lladdr {next_hop} dev inside nud permanent"),
    )?;
    for (vpc, device) in [(source, "from"), (target, "to")] {
        let vni = vpc + 1;
        let gateway = format!("{}/{}", address(cell, vpc, 1), length(cell));
        run(
            "ip",
            &format!(
                "link add {device} address {} type vxlan id {vni} local {VTEP} dstport 4789 nolearning",
                text(GATEWAY_MAC)
            ),
        )?;
        run("ip", &format!("link set {device} up"))?;
        run("ip", &format!("address add {gateway} dev {device}"))?;
    }
    run(
        "ip",
        &format!("neigh add {member} lladdr {member_mac} dev to nud permanent"),
    )?;
    run(
        "bridge",
        &format!("fdb append {member_mac} dev to dst {hypervisor}"),
    )
}

/// A MAC as people write it.
fn text(mac: u64) -> String {
    let bytes = mac.to_be_bytes();
    let parts: Vec<_> = bytes[2..]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    parts.join(":")
}
