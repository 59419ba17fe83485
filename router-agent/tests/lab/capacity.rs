//! A table that is full, and files that are broken: what is in force stays.

use anyhow::{Result, ensure};
use isthmus_lab::{Family, Lab};

use crate::agent::Agent;
use crate::world::{World, eventually, member, reaches};

#[test]
fn what_does_not_fit_is_reported_and_what_is_in_place_stays() -> Result<()> {
    let mut world = World::build(Lab::builder())?;
    let ports = world
        .lab
        .gateway()
        .ports()
        .iter()
        .map(|port| port.interface.clone());
    // Three members are there already.
    let agent = Agent::start_on(&world.lab, ports, &["--max-members", "4"])?;
    let red = world.red.vpc().clone();
    let crowd: Vec<_> = (10..20)
        .map(|host| member(&mut world.lab, &red, 1, host))
        .collect::<Result<_>>()?;
    agent.apply(&world.lab)?;
    eventually("the agent is not ready any more", || {
        Ok(agent.get("/readyz")?.0 != 200)
    })?;
    let (_, reason) = agent.get("/readyz")?;
    ensure!(
        reason.contains("do not fit") && reason.contains("MEMBERS_V4"),
        "{reason}"
    );
    ensure!(agent.metric("isthmus_entries_refused")? > 0);
    ensure!(
        reaches(&world.blue, &world.green, Family::V4)?,
        "what was in place is gone"
    );

    for member in &crowd {
        world.lab.remove(member)?;
    }
    agent.apply(&world.lab)?;
    eventually("the agent is ready again", || {
        Ok(agent.get("/readyz")?.0 == 200)
    })?;
    ensure!(reaches(&world.blue, &world.green, Family::V4)?);
    Ok(())
}

#[test]
fn a_file_that_no_longer_parses_keeps_its_last_good_version_in_force() -> Result<()> {
    let world = World::build(Lab::builder())?;
    let agent = Agent::start(&world.lab)?;
    std::fs::write(agent.folder().join("peerings.yaml"), "spec: [never closed")?;
    eventually("the error is counted", || {
        Ok(agent.metric("isthmus_manifests_in_error")? == 1)
    })?;
    ensure!(
        reaches(&world.blue, &world.green, Family::V4)?,
        "the peering is gone"
    );
    agent.apply(&world.lab)?;
    eventually("the error is gone", || {
        Ok(agent.metric("isthmus_manifests_in_error")? == 0)
    })?;
    ensure!(reaches(&world.blue, &world.green, Family::V4)?);
    Ok(())
}

#[test]
fn a_file_that_is_broken_when_the_agent_starts_keeps_its_last_good_version_too() -> Result<()> {
    let world = World::build(Lab::builder())?;
    let mut agent = Agent::start(&world.lab)?;
    agent.kill()?;
    std::fs::write(agent.folder().join("peerings.yaml"), "spec: [never closed")?;
    agent.restart()?;
    ensure!(agent.metric("isthmus_manifests_in_error")? == 1);
    ensure!(
        reaches(&world.blue, &world.green, Family::V4)?,
        "the peering is gone"
    );
    // A file that went while no agent was there is no broken one.
    agent.kill()?;
    std::fs::remove_file(agent.folder().join("peerings.yaml"))?;
    agent.restart()?;
    ensure!(!reaches(&world.blue, &world.green, Family::V4)?);
    Ok(())
}
