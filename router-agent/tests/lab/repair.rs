//! What somebody else does to the tables, the program or the interface is found
//! and put right.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use isthmus_abi::MemberWord;
use isthmus_lab::{Family, Lab};
use isthmus_tables::{Attachment, RcuGrace, Tables, Writer};
use rtnetlink::{LinkUnspec, LinkVeth};

use crate::agent::Agent;
use crate::world::{World, eventually, index_of, reaches, rtnetlink};

const PINS: &str = "/sys/fs/bpf/isthmus";

fn start(world: &World, more: &[&str]) -> Result<Agent> {
    let ports = world
        .lab
        .gateway()
        .ports()
        .iter()
        .map(|port| port.interface.clone());
    let more: Vec<_> = ["--observe-every", "1"]
        .iter()
        .chain(more)
        .copied()
        .collect();
    Agent::start_on(&world.lab, ports, &more)
}

#[test]
fn entries_that_somebody_removes_or_adds_are_repaired_and_counted() -> Result<()> {
    let world = World::build(Lab::builder())?;
    let agent = start(&world, &[])?;
    let before = agent.metric("isthmus_repairs_total")?;
    let green = world.green.address(Family::V4).context("no address")?;
    let vni = world.green.vpc().vni();
    let mounts = world
        .lab
        .gateway()
        .namespace()
        .mounts()
        .context("no mounts")?;
    mounts.run(|| -> Result<()> {
        let tables = Arc::new(Tables::open(&Path::new(PINS).join("maps-1"))?);
        let (mut intruder, _) = Writer::take_over(tables, Box::new(RcuGrace::new()?))?;
        ensure!(
            intruder.remove_member(vni, green),
            "the member was not there"
        );
        let foreign = "10.2.0.99".parse()?;
        intruder.set_member(vni, foreign, MemberWord::new(0x0200_0000_0099, 1))?;
        Ok(())
    })??;
    eventually("both are repaired", || {
        Ok(agent.metric("isthmus_repairs_total")? >= before + 2)
    })?;
    ensure!(reaches(&world.blue, &world.green, Family::V4)?);
    ensure!(agent.entries("MEMBERS_V4")? == 3, "the foreign entry stays");
    Ok(())
}

#[test]
fn a_program_that_somebody_takes_off_is_put_back_and_counted() -> Result<()> {
    let world = World::build(Lab::builder())?;
    let agent = start(&world, &[])?;
    let before = agent.metric("isthmus_repairs_total")?;
    let mounts = world
        .lab
        .gateway()
        .namespace()
        .mounts()
        .context("no mounts")?;
    mounts.run(|| -> Result<()> {
        let link = Attachment::open(Path::new(PINS), "eth0")?.context("no link")?;
        Ok(link.detach()?)
    })??;
    eventually("the program is back", || {
        Ok(agent.metric("isthmus_repairs_total")? > before)
    })?;
    eventually("packets cross", || {
        reaches(&world.blue, &world.green, Family::V4)
    })
}

#[test]
fn an_interface_is_attached_when_it_appears_and_again_when_it_reappears() -> Result<()> {
    let world = World::build(Lab::builder())?;
    let vtep = world
        .lab
        .gateway()
        .port()
        .v4
        .context("no VTEP")?
        .to_string();
    let agent = start(&world, &["--interface", "wan0", "--vtep", &vtep])?;
    ensure!(agent.metric("isthmus_ports_attached")? == 1);
    for _ in 0..2 {
        change_links(&world, true)?;
        eventually("wan0 is attached", || {
            Ok(agent.metric("isthmus_ports_attached")? == 2)
        })?;
        change_links(&world, false)?;
        eventually("wan0 is gone", || {
            Ok(agent.metric("isthmus_ports_attached")? == 1)
        })?;
    }
    ensure!(reaches(&world.blue, &world.green, Family::V4)?);
    Ok(())
}

/// Makes the veth pair `wan0` and `wan1` in the gateway, or removes it.
fn change_links(world: &World, present: bool) -> Result<()> {
    let gateway = world.lab.gateway().namespace();
    if !present {
        let index = index_of(gateway, "wan0")?;
        return rtnetlink(gateway, |handle| handle.link().del(index).execute());
    }
    rtnetlink(gateway, |handle| async move {
        let pair = LinkVeth::new("wan0", "wan1").up().build();
        handle.link().add(pair).execute().await?;
        for end in ["wan0", "wan1"] {
            let up = LinkUnspec::new_with_name(end).up().build();
            handle.link().set(up).execute().await?;
        }
        Ok(())
    })
}
