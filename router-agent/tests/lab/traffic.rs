//! What a peering carries.

use anyhow::{Context, Result, ensure};
use isthmus_lab::traffic::{Ping, ping};
use isthmus_lab::{Family, Lab, LabError, MemberSpec, Peering, Underlay};

use crate::agent::Agent;
use crate::world::{World, eventually, member, reaches, talk, vpc};

#[test]
fn icmp_udp_and_tcp_cross_a_peering_both_ways_in_both_families() -> Result<()> {
    let world = World::build(Lab::builder())?;
    let _agent = Agent::start(&world.lab)?;
    talk(&world.lab, &world.blue, &world.green)
}

#[test]
fn the_underlay_may_be_ipv6() -> Result<()> {
    let world = World::build(Lab::builder().underlay(Underlay::V6))?;
    let _agent = Agent::start(&world.lab)?;
    talk(&world.lab, &world.blue, &world.green)
}

#[test]
fn outer_udp_checksums_are_kept_right() -> Result<()> {
    let world = World::build(Lab::builder().outer_checksums(true))?;
    let _agent = Agent::start(&world.lab)?;
    talk(&world.lab, &world.blue, &world.green)
}

#[test]
fn a_flooding_hub_may_be_the_underlay() -> Result<()> {
    let world = World::build(Lab::builder().hub(true).hypervisors(3))?;
    let agent = Agent::start(&world.lab)?;
    talk(&world.lab, &world.blue, &world.green)?;
    ensure!(agent.dropped("NoRoute")? == 0);
    Ok(())
}

#[test]
fn the_underlay_may_be_tagged() -> Result<()> {
    // The decisions on tags are fixtures of the harness; this is the whole way.
    let world = match World::build(Lab::builder().vlan(100)) {
        Err(error) if matches!(error.downcast_ref(), Some(LabError::Missing(_))) => {
            println!("not shown here: {error}");
            return Ok(());
        }
        world => world?,
    };
    let _agent = Agent::start(&world.lab)?;
    talk(&world.lab, &world.blue, &world.green)
}

#[test]
fn jumbo_frames_cross_with_and_without_fragments() -> Result<()> {
    for mtu in [3498, 9000] {
        let world = World::build(Lab::builder().mtu(mtu))?;
        let _agent = Agent::start(&world.lab)?;
        talk(&world.lab, &world.blue, &world.green).with_context(|| format!("MTU {mtu}"))?;
    }
    Ok(())
}

#[test]
fn pods_behind_a_member_are_reached_and_reach() -> Result<()> {
    let mut world = World::build(Lab::builder())?;
    let green = world.green.vpc().clone();
    let pods = ["10.2.0.130", "fd00:2::100:1"].map(|pod| pod.parse().expect("an address"));
    let spec =
        MemberSpec::new(["10.2.0.9", "fd00:2::9"].map(|own| own.parse().expect("an address")))
            .prefix("10.2.0.128/25".parse()?, [pods[0]])
            .prefix("fd00:2::100:0/112".parse()?, [pods[1]]);
    let node = world.lab.member(&green, 1, spec)?;
    let _agent = Agent::start(&world.lab)?;
    for pod in pods {
        let inner = node.endpoint(pod);
        let outer = world.blue.at(Family::of(pod)).context("no address")?;
        ensure!(
            ping(&outer, &inner, Ping::default())?,
            "{pod} is not reached"
        );
        ensure!(
            ping(&inner, &outer, Ping::default())?,
            "{pod} does not reach"
        );
    }
    Ok(())
}

#[test]
fn two_members_on_one_hypervisor_talk() -> Result<()> {
    let mut world = World::build(Lab::builder())?;
    let green = world.green.vpc().clone();
    let near = member(&mut world.lab, &green, 0, 7)?;
    let _agent = Agent::start(&world.lab)?;
    talk(&world.lab, &world.blue, &near)
}

#[test]
fn a_peering_comes_and_goes_with_its_manifest() -> Result<()> {
    let mut world = World::build(Lab::builder())?;
    let peering = Peering::between(world.blue.vpc(), world.green.vpc());
    world.lab.unpeer(&peering);
    let agent = Agent::start(&world.lab)?;
    ensure!(!reaches(&world.blue, &world.green, Family::V4)?);
    ensure!(agent.dropped("NoRoute")? > 0);

    world.lab.peer(peering.clone());
    agent.apply(&world.lab)?;
    eventually("the peering carries", || {
        reaches(&world.blue, &world.green, Family::V4)
    })?;
    talk(&world.lab, &world.blue, &world.green)?;

    world.lab.unpeer(&peering);
    agent.apply(&world.lab)?;
    eventually("the peering is gone", || {
        Ok(!reaches(&world.blue, &world.green, Family::V4)?)
    })?;
    ensure!(!reaches(&world.green, &world.blue, Family::V6)?);
    Ok(())
}

#[test]
fn a_peering_carries_no_more_than_it_exports() -> Result<()> {
    let mut world = World::build(Lab::builder())?;
    let green = world.green.vpc().clone();
    let hidden = member(&mut world.lab, &green, 1, 200)?;
    let mut peering = Peering::between(world.green.vpc(), world.blue.vpc());
    peering.name = "vpc-1-vpc-2".to_owned();
    peering.export_prefixes = vec!["10.2.0.0/25".parse()?];
    world.lab.peer(peering);
    let agent = Agent::start(&world.lab)?;
    ensure!(reaches(&world.blue, &world.green, Family::V4)?);
    ensure!(
        !reaches(&world.blue, &hidden, Family::V4)?,
        "a hidden member is reached"
    );
    ensure!(agent.dropped("NoRoute")? > 0);
    ensure!(
        !reaches(&hidden, &world.blue, Family::V4)?,
        "a hidden member sends"
    );
    ensure!(agent.dropped("SourceNotExported")? > 0);
    Ok(())
}

#[test]
fn two_ports_route_each_for_its_own_vtep() -> Result<()> {
    let mut lab = Lab::builder().gateway_ports(2).build()?;
    let [blue_vpc, green_vpc] = [1, 2].map(|vni| vpc(&mut lab, vni));
    let blue = member(&mut lab, &blue_vpc, 0, 2)?;
    let green = member(&mut lab, &green_vpc, 1, 2)?;
    lab.peer(Peering::between(&blue_vpc, &green_vpc));
    lab.steer(&green_vpc, 1, 1)?;
    let _agent = Agent::start(&lab)?;
    talk(&lab, &blue, &green)
}
