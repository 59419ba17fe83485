//! Generic mode: for drivers without native XDP, slower and said so.

use std::net::IpAddr;

use anyhow::{Result, ensure};
use isthmus_lab::{Lab, Namespace};
use rtnetlink::LinkMacVlan;
use rtnetlink::packet_route::link::MacVlanMode;

use crate::agent::Agent;
use crate::world::{World, index_of, rtnetlink, talk};

/// The mode of the only port, as `status` says it in JSON and in its table.
fn mode(agent: &Agent) -> Result<String> {
    let status = agent.status()?;
    let mode = status["ports"][0]["xdpMode"].as_str().unwrap_or_default();
    let table = agent.command(&["status"]).output()?;
    let table = String::from_utf8(table.stdout)?;
    ensure!(table.contains(mode), "{table}");
    Ok(mode.to_owned())
}

#[test]
fn generic_mode_carries_a_peering_and_status_says_so() -> Result<()> {
    let world = World::build(Lab::builder())?;
    let port = world.lab.gateway().port().interface.clone();
    let agent = Agent::start_on(&world.lab, [port], &["--xdp-mode", "generic"])?;
    talk(&world.lab, &world.blue, &world.green)?;
    ensure!(mode(&agent)? == "generic");
    ensure!(
        !agent.said()?.contains("refused"),
        "what was asked for is no fallback"
    );
    Ok(())
}

#[test]
fn another_mode_at_a_restart_is_taken_and_auto_keeps_what_is_there() -> Result<()> {
    let world = World::build(Lab::builder())?;
    let mut agent = Agent::start(&world.lab)?;
    ensure!(mode(&agent)? == "driver");
    for (asked, taken) in [
        ("generic", "generic"),
        ("auto", "generic"),
        ("driver", "driver"),
    ] {
        agent.kill()?;
        agent.restart_with(&["--xdp-mode", asked])?;
        ensure!(mode(&agent)? == taken, "{asked}: {}", mode(&agent)?);
    }
    talk(&world.lab, &world.blue, &world.green)
}

/// Puts a macvlan device with this address upon the gateway's port: its driver
/// has no native XDP.
pub(crate) fn add_macvlan(gateway: &Namespace, lower: &str, address: IpAddr) -> Result<()> {
    let lower = index_of(gateway, lower)?;
    let link = LinkMacVlan::new("mac0", lower, MacVlanMode::Bridge);
    rtnetlink(gateway, |handle| {
        handle.link().add(link.up().build()).execute()
    })?;
    let index = index_of(gateway, "mac0")?;
    rtnetlink(gateway, |handle| {
        handle.address().add(index, address, 24).execute()
    })
}

#[test]
fn a_driver_without_native_xdp_gets_generic_mode_and_a_line_that_says_what_it_costs() -> Result<()>
{
    let world = World::build(Lab::builder())?;
    let gateway = world.lab.gateway();
    let vtep: IpAddr = "172.16.0.9".parse()?;
    add_macvlan(gateway.namespace(), &gateway.port().interface, vtep)?;
    let agent = Agent::start_on(&world.lab, ["mac0".to_owned()], &[])?;
    for member in [&world.blue, &world.green] {
        let hypervisor = member.hypervisor();
        world.lab.steer_to(member.vpc(), hypervisor, vtep)?;
    }
    talk(&world.lab, &world.blue, &world.green)?;
    ensure!(mode(&agent)? == "generic");
    let said = agent.said()?;
    let lines: Vec<_> = said
        .lines()
        .filter(|line| line.contains("native"))
        .collect();
    let [line] = lines.as_slice() else {
        anyhow::bail!("{said}");
    };
    for part in ["macvlan", "generic", "several times fewer packets"] {
        ensure!(line.contains(part), "{part}: {line}");
    }
    Ok(())
}

#[test]
fn driver_mode_is_refused_by_such_a_driver_and_nothing_is_attached() -> Result<()> {
    let world = World::build(Lab::builder())?;
    let gateway = world.lab.gateway();
    let lower = &gateway.port().interface;
    add_macvlan(gateway.namespace(), lower, "172.16.0.9".parse()?)?;
    let more = ["--xdp-mode", "driver"];
    let agent = Agent::launch(&world.lab, ["mac0".to_owned()], &more)?;
    agent.says(&["ERROR", "mac0", "Driver mode", "not supported"])?;
    ensure!(agent.metric("isthmus_ports_attached")? == 0);
    let (status, reason) = agent.get("/readyz")?;
    ensure!(
        status == 503 && reason.contains("no port is attached"),
        "{status} {reason}"
    );
    Ok(())
}
