//! Minutes of faults at random, under traffic through every gateway.
//!
//! `CHAOS_SEED` replays; `CHAOS_MINUTES` says for how long.

use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context as _, Result, ensure};
use isthmus_kind_tests::RunningStream;
use isthmus_kind_tests::chaos::{Fault, Happened, Report, Schedule, Stream};
use isthmus_kind_tests::faults::{self, AGENTS, OPERATORS, Stopped};
use isthmus_kind_tests::manifests::{peering, vpc};
use isthmus_kind_tests::world::{World, ready_gateways};

const TEAM: &str = "traffic-chaos";
/// The first VPC; each gateway has two.
const FIRST: u8 = 121;
/// How long a control plane stands still.
const STILL: Duration = Duration::from_secs(10);

fn setting(name: &str, default: u64) -> Result<u64> {
    let text = std::env::var(name).ok();
    text.map_or(Ok(default), |text| text.parse())
        .with_context(|| name.to_owned())
}

fn member(number: u8) -> String {
    format!("{TEAM}/member-{number}")
}

/// The two VPCs whose peering is carried by a gateway.
fn pair(gateway: usize) -> Result<(u8, u8)> {
    let first = FIRST + 2 * u8::try_from(gateway)?;
    Ok((first, first + 1))
}

#[test]
#[ignore = "takes minutes"]
fn random_faults_cost_no_packet_but_what_the_table_of_failures_allows() -> Result<()> {
    let seed = setting("CHAOS_SEED", fastrand::u64(..))?;
    let duration = Duration::from_secs(60 * setting("CHAOS_MINUTES", 5)?);
    println!("CHAOS_SEED={seed}");
    let mut world = World::alone()?;
    let streams = begin(&mut world)?;

    let (begun, clock) = (Instant::now(), SystemTime::now());
    let mut happened = Vec::new();
    let mut schedule = Schedule::new(seed, world.gateways.len());
    while begun.elapsed() < duration {
        let fault = schedule.next().context("a fault")?;
        let from = begun.elapsed().as_secs_f64();
        come(&mut world, fault, &streams).with_context(|| fault.to_string())?;
        let to = begun.elapsed().as_secs_f64();
        println!("{from:6.1} to {to:6.1} s: {fault}");
        happened.push(Happened { fault, from, to });
        isolated(&mut world)?;
    }
    let mut through = Vec::new();
    for (gateway, stream) in streams.into_iter().enumerate() {
        let report = world.stop(stream)?;
        let sent = report.counts.sent;
        ensure!(report.counts.misdelivered == 0, "{report:?}");
        through.push(Stream::new(gateway, sent, &report.losses, clock));
    }
    let report = Report {
        seed,
        seconds: begun.elapsed().as_secs_f64(),
        faults: happened,
        streams: through,
    };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/kind-chaos");
    println!("see {}", report.write(&folder)?.display());
    let unexplained = report.unexplained();
    ensure!(unexplained.is_empty(), "{unexplained:#?}");

    // Every gateway carries every peering, and nothing else.
    for gateway in 0..world.gateways.len() {
        world.steer(gateway)?;
        for pair in (0..world.gateways.len()).map(pair) {
            let (one, two) = pair?;
            world.reaches(&member(one), &member(two))?;
            world.reaches(&member(two), &member(one))?;
        }
        isolated(&mut world)?;
    }
    Ok(())
}

/// A pair of VPCs for each gateway, and a stream through it.
fn begin(world: &mut World) -> Result<Vec<RunningStream>> {
    let vteps = [0, 1].map(|at| world.vtep(at));
    let mut streams = Vec::new();
    for gateway in 0..world.gateways.len() {
        let (one, two) = pair(gateway)?;
        let both = vpc(one, TEAM, vteps[0]) + &vpc(two, TEAM, vteps[1]);
        world.apply(&(both + &peering((one, TEAM), (two, TEAM))))?;
        for number in [one, two] {
            world.steer_one(&member(number), gateway)?;
        }
        streams.push(world.stream(&member(one), &member(two))?);
    }
    Ok(streams)
}

/// Nothing passes between VPCs of different pairs.
fn isolated(world: &mut World) -> Result<()> {
    for gateway in 1..world.gateways.len() {
        let (one, two) = (pair(0)?.0, pair(gateway)?.1);
        let talks = world.pings(&member(one), &member(two))?;
        ensure!(!talks, "VPCs {one} and {two} talk without a peering");
    }
    Ok(())
}

/// Has a fault come, and waits until all is well again.
fn come(world: &mut World, fault: Fault, streams: &[RunningStream]) -> Result<()> {
    let (cluster, kubectl) = (world.cluster.clone(), world.kubectl.clone());
    let node = |gateway: usize| world.gateways[gateway].0.clone();
    match fault {
        Fault::AgentDeleted(gateway) => {
            let of_node = format!("{AGENTS} --field-selector=spec.nodeName={}", node(gateway));
            replaced(world, gateway, || faults::delete_pods(&kubectl, &of_node))?;
        }
        Fault::AgentKilled(gateway) => {
            let node = node(gateway);
            replaced(world, gateway, || Ok(faults::kill_agent(&cluster, &node)?))?;
        }
        Fault::AgentEvicted(gateway) => {
            let agent = world.agent(gateway)?;
            replaced(world, gateway, || faults::evict(&kubectl, &agent))?;
        }
        Fault::RolledOut => {
            kubectl.run(&format!("rollout restart daemonset {AGENTS}"))?;
            world.rolled_out()?;
        }
        Fault::OperatorsDeleted => {
            faults::delete_pods(&kubectl, OPERATORS)?;
            let status = format!("rollout status deployment {OPERATORS} --timeout=120s");
            kubectl.run(&status)?;
        }
        Fault::NodeDrained(gateway) => {
            let node = node(gateway);
            let drained = faults::cordon_and_drain(&kubectl, &node);
            faults::uncordon(&kubectl, &node)?;
            drained?;
        }
        Fault::NodeRestarted(gateway) => {
            let node = node(gateway);
            replaced(world, gateway, || Ok(cluster.restart_node(&node)?))?;
            let (one, two) = pair(gateway)?;
            world.reaches(&member(one), &member(two))?;
        }
        Fault::ControlPlaneStopped => {
            let stopped = Stopped::now(&cluster, &world.plane()?)?;
            let since = Instant::now();
            while since.elapsed() < STILL {
                world.breathe(&streams[0])?;
            }
            drop(stopped);
            world.wait_for_the_plane()?;
        }
        Fault::ControlPlaneKilled => {
            faults::kill_control_plane(&cluster, &world.plane()?)?;
            world.wait_for_the_plane()?;
        }
    }
    let gateways = ready_gateways(&kubectl)?;
    ensure!(gateways == world.gateways, "{gateways:?}");
    Ok(())
}

/// Does something to a gateway's agent, and waits until another one is ready.
fn replaced(world: &World, gateway: usize, what: impl FnOnce() -> Result<()>) -> Result<()> {
    let old = world.ready_agent(gateway)?.context("no agent")?;
    what()?;
    world.another_agent(gateway, &old)
}
