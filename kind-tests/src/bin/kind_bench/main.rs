//! Measures Isthmus on a cluster on which it is not installed yet
//! (`ISTHMUS_CLUSTER`); rows go to `target/bench/kind.json`.

mod scale;

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use isthmus_benchmark::Row;
use isthmus_kind_tests::faults::{Stopped, upgrade};
use isthmus_kind_tests::manifests::{peering, vpc};
use isthmus_kind_tests::world::World;
use isthmus_kind_tests::{Cluster, ProgrammedWatch, Release, RunningStream};

const TEAM: &str = "bench";
const CHANGED: &str = "bench-changes";
/// Peerings that are applied one after the other.
const CHANGES: u8 = 50;
/// How long the control plane is away.
const AWAY: Duration = Duration::from_secs(60);

fn main() -> Result<()> {
    let cluster = Cluster::of_environment()?;
    let mut rows = Vec::new();
    let mut world = first_ping(&cluster, &mut rows)?;
    changes(&mut world, &mut rows)?;
    let stream = world.stream(&member(1), &member(2))?;
    roll_out(&mut world, &stream)?;
    lost(&mut world, stream, "roll-out", &mut rows)?;
    let stream = world.stream(&member(1), &member(2))?;
    away(&mut world, &stream)?;
    lost(&mut world, stream, "control-plane-away", &mut rows)?;
    scale::measure(&mut world, &mut rows)?;
    for row in &rows {
        let p99 = row
            .p99
            .map(|p99| format!(", p99 {p99:.0}"))
            .unwrap_or_default();
        let Row {
            cell,
            subject,
            median,
            unit,
            ..
        } = row;
        println!("{cell:>22}  {subject:<32} {median:>10.1} {unit}{p99}");
    }
    let path = isthmus_benchmark::write("kind", &rows)?;
    println!("written to {}", path.display());
    Ok(())
}

fn member(number: u8) -> String {
    format!("{TEAM}/member-{number}")
}

/// From `helm install` on an empty cluster to a ping through a peering.
fn first_ping(cluster: &Cluster, rows: &mut Vec<Row>) -> Result<World> {
    let begun = Instant::now();
    Release::install_as_documented(cluster)?;
    let mut world = World::alone()?;
    let [first, second] = [0, 1].map(|at| world.vtep(at));
    let both = vpc(1, TEAM, first) + &vpc(2, TEAM, second) + &peering((1, TEAM), (2, TEAM));
    world.apply(&both)?;
    world.reaches(&member(1), &member(2))?;
    let seconds = begun.elapsed().as_secs_f64();
    rows.push(Row::of("install", "to first ping", "s", &[seconds]));
    Ok(world)
}

/// From a peering's creation to `Programmed` on every gateway, one at a time.
fn changes(world: &mut World, rows: &mut Vec<Row>) -> Result<()> {
    let (hub, spokes) = (3, 4..4 + CHANGES);
    let vtep = world.vtep(1);
    let spokes_and_hub = spokes.clone().chain([hub]);
    let vpcs: String = spokes_and_hub
        .map(|number| vpc(number, CHANGED, vtep))
        .collect();
    world.declare(&vpcs)?;
    let watch = ProgrammedWatch::start(&world.kubectl, "vpcpeerings", CHANGED)?;
    for spoke in spokes {
        world.declare(&peering((hub, CHANGED), (spoke, CHANGED)))?;
    }
    let taken = watch.finish(usize::from(CHANGES), Duration::from_secs(60))?;
    rows.push(Row::with_p99(
        "change",
        "created to programmed",
        "ms",
        &taken,
    ));
    Ok(())
}

/// Every agent is exchanged, one node after the other.
fn roll_out(world: &mut World, stream: &RunningStream) -> Result<()> {
    let old = world.ready_agent(0)?.context("no agent")?;
    upgrade(&world.cluster, None, "agent: {logLevel: debug}")?;
    world.another_agent(0, &old)?;
    world.rolled_out()?;
    world.breathe(stream)
}

fn away(world: &mut World, stream: &RunningStream) -> Result<()> {
    let plane = world.plane()?;
    let stopped = Stopped::now(&world.cluster, &plane)?;
    let since = Instant::now();
    while since.elapsed() < AWAY {
        world.breathe(stream)?;
    }
    drop(stopped);
    world.wait_for_the_plane()?;
    world.breathe(stream)
}

fn lost(world: &mut World, stream: RunningStream, cell: &str, rows: &mut Vec<Row>) -> Result<()> {
    let counts = world.stop(stream)?.counts;
    rows.push(Row::of(cell, "sent", "packets", &[counts.sent as f64]));
    rows.push(Row::of(cell, "lost", "packets", &[counts.lost as f64]));
    Ok(())
}
