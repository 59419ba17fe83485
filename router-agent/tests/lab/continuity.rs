//! Nothing that happens to the agent or to others costs a packet.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use isthmus_lab::traffic::{FrameSocket, Stream, StreamConfig};
use isthmus_lab::{Family, Lab, Member, Peering};

use crate::agent::Agent;
use crate::world::{PATIENCE, World, eventually, member, vpc};

/// Packets that must have arrived between two events: a quarter of a second.
const BREATH: u64 = 5_000;

/// Blue sends to green, 20,000 packets a second; red must get none of them.
fn stream(world: &World, family: Family) -> Result<Stream> {
    let [blue, green, red] = [&world.blue, &world.green, &world.red].map(|it| it.at(family));
    let stream = Stream::start(
        &blue.context("no address")?,
        &green.context("no address")?,
        StreamConfig::default(),
    )?;
    stream.never_at(&red.context("no address")?)?;
    stream.wait_for(BREATH, PATIENCE)?;
    Ok(stream)
}

fn ends_perfect(stream: Stream) -> Result<()> {
    stream.wait_for(BREATH, PATIENCE)?;
    let report = stream.stop()?;
    ensure!(report.is_perfect(), "{report:?}");
    Ok(())
}

#[test]
fn the_agent_is_killed_and_restarted_without_a_packet_lost() -> Result<()> {
    let world = World::build(Lab::builder())?;
    let mut agent = Agent::start(&world.lab)?;
    let stream = stream(&world, Family::V4)?;
    for _ in 0..3 {
        agent.kill()?;
        stream.wait_for(BREATH, PATIENCE)?;
        agent.restart()?;
        stream.wait_for(BREATH, PATIENCE)?;
    }
    ends_perfect(stream)
}

#[test]
fn the_program_is_replaced_and_the_tables_resized_without_a_packet_lost() -> Result<()> {
    let world = World::build(Lab::builder())?;
    let mut agent = Agent::start(&world.lab)?;
    let stream = stream(&world, Family::V6)?;
    for size in ["5000", "70000"] {
        agent.kill()?;
        agent.restart_with(&["--max-members", size])?;
        stream.wait_for(BREATH, PATIENCE)?;
    }
    ends_perfect(stream)
}

#[test]
fn a_member_moves_to_another_hypervisor_and_back_without_a_packet_lost() -> Result<()> {
    let mut world = World::build(Lab::builder())?;
    let agent = Agent::start(&world.lab)?;
    let stream = stream(&world, Family::V4)?;
    let mut here = world.green.clone();
    for hypervisor in [0, 1] {
        let there = world.lab.twin(&here, hypervisor)?;
        stream.also_at(&there.at(Family::V4).context("no address")?)?;
        world.lab.redirect(&there)?;
        agent.apply(&world.lab)?;
        let arriving = FrameSocket::open(there.namespace(), Member::INTERFACE)?;
        arriving.expect("a packet at the new place", PATIENCE, |frame| {
            frame[12..14] == [0x08, 0]
        })?;
        stream.wait_for(BREATH, PATIENCE)?;
        world.lab.remove(&here)?;
        here = there;
    }
    ends_perfect(stream)
}

#[test]
fn unrelated_peerings_come_and_go_two_hundred_times_without_a_packet_lost() -> Result<()> {
    let mut world = World::build(Lab::builder())?;
    let others: Vec<_> = (10..14).map(|vni| vpc(&mut world.lab, vni)).collect();
    for vpc in &others {
        member(&mut world.lab, vpc, 0, 2)?;
    }
    let agent = Agent::start(&world.lab)?;
    let directions = agent.entries("PEERINGS")?;
    let stream = stream(&world, Family::V4)?;
    for round in 0..200 {
        let peering = Peering::between(&others[round % 2], &others[2 + round % 2]);
        world.lab.peer(peering.clone());
        agent.apply(&world.lab)?;
        eventually("the peering is in force", || {
            Ok(agent.entries("PEERINGS")? == directions + 2)
        })?;
        world.lab.unpeer(&peering);
        agent.apply(&world.lab)?;
        eventually("the peering is gone", || {
            Ok(agent.entries("PEERINGS")? == directions)
        })?;
    }
    ends_perfect(stream)
}

#[test]
fn an_agent_told_to_stop_leaves_the_router_and_detach_takes_it_off() -> Result<()> {
    let world = World::build(Lab::builder())?;
    let mut agent = Agent::start(&world.lab)?;
    let stream = stream(&world, Family::V4)?;
    agent.terminate()?;
    stream.wait_for(BREATH, PATIENCE)?;
    ends_perfect(stream)?;

    let output = agent.command(&["detach"]).output()?;
    ensure!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let after = self::stream(&world, Family::V4);
    ensure!(after.is_err(), "packets still cross");
    let left = agent.command(&["status"]).output()?;
    ensure!(
        !left.status.success(),
        "something is left: {}",
        String::from_utf8_lossy(&left.stdout)
    );
    Ok(())
}

#[test]
fn a_deleted_peering_carries_nothing_more() -> Result<()> {
    let mut world = World::build(Lab::builder())?;
    let agent = Agent::start(&world.lab)?;
    let stream = stream(&world, Family::V4)?;
    let peering = Peering::between(world.blue.vpc(), world.green.vpc());
    world.lab.unpeer(&peering);
    agent.apply(&world.lab)?;
    eventually("the routes are gone", || Ok(agent.entries("VPCS")? == 0))?;
    let (_, at_once) = stream.progress();
    // What was under way when the routes went may still arrive, nothing later.
    let more = stream.wait_for(BREATH, Duration::from_secs(1));
    ensure!(more.is_err(), "packets go on crossing after {at_once}");
    ensure!(agent.dropped("NoRoute")? > 0);
    Ok(())
}
