//! What the agent says on stderr: an operator finds there what is not in force,
//! and why.

use anyhow::{Context, Result, ensure};
use isthmus_lab::{Family, Lab, Peering};

use crate::agent::Agent;
use crate::world::{World, eventually, member, reaches};

#[test]
fn a_malformed_document_is_named_with_its_field_and_all_else_stays_in_force() -> Result<()> {
    let mut world = World::build(Lab::builder())?;
    let agent = Agent::start(&world.lab)?;
    // Green is the second member.
    let mac = format!("mac: \"{}\"", world.green.mac());
    let members = world.lab.manifests().members;
    ensure!(members.contains(&mac), "{members}");
    let file = agent.folder().join("members.yaml");
    std::fs::write(&file, members.replace(&mac, "mac: \"02:00:00\""))?;
    let green = format!("VpcMember lab/{}", world.green.name());
    let place = format!("{}, document 2", file.display());
    let line = agent.says(&[&place, &green, "spec.mac"])?;
    let (_, reason) = line.split_once("spec.mac: ").context("no reason")?;
    ensure!(reason.contains("02:00:00"), "{line}");
    ensure!(agent.metric("isthmus_manifests_in_error")? == 1);
    ensure!(reaches(&world.blue, &world.green, Family::V4)?);

    // Other files are followed meanwhile.
    let [blue, red] = [&world.blue, &world.red].map(|member| member.vpc().clone());
    world.lab.peer(Peering::between(&blue, &red));
    std::fs::write(
        agent.folder().join("peerings.yaml"),
        world.lab.manifests().peerings,
    )?;
    eventually("another peering is in force", || {
        reaches(&world.blue, &world.red, Family::V4)
    })?;
    ensure!(agent.metric("isthmus_manifests_in_error")? == 1);

    agent.apply(&world.lab)?;
    eventually("the error is gone", || {
        Ok(agent.metric("isthmus_manifests_in_error")? == 0)
    })?;
    ensure!(
        agent.said()?.matches(&place).count() == 1,
        "named more than once:\n{}",
        agent.said()?
    );
    Ok(())
}

#[test]
fn every_entry_that_does_not_fit_is_named_and_counted() -> Result<()> {
    let mut world = World::build(Lab::builder())?;
    let port = world.lab.gateway().port().interface.clone();
    let agent = Agent::start_on(&world.lab, [port], &["--max-members", "4"])?;
    let before = agent.entries("MEMBERS_V4")?;
    let red = world.red.vpc().clone();
    let crowd: Vec<_> = (10..20)
        .map(|host| member(&mut world.lab, &red, 1, host))
        .collect::<Result<_>>()?;
    agent.apply(&world.lab)?;
    eventually("entries are refused", || {
        Ok(agent.metric("isthmus_entries_refused")? > 0)
    })?;
    let said = agent.said()?;
    let named = crowd.iter().filter(|member| {
        let address = member.addresses()[0];
        said.lines().any(|line| {
            line.contains(&format!("member {address}/32 of VNI 3"))
                && line.contains("MEMBERS_V4 is full")
        })
    });
    let named = named.count() as u64;
    let written = agent.entries("MEMBERS_V4")? - before;
    ensure!(
        written + named == crowd.len() as u64,
        "{written} written, {named} named"
    );
    eventually("as many are counted as are named", || {
        Ok(agent.metric("isthmus_entries_refused")? == named)
    })
}
