//! The control plane is away, and packets flow.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use isthmus_kind_tests::faults::{Backup, Stopped, kill_control_plane};

use isthmus_kind_tests::manifests::{peering, vpc};
use isthmus_kind_tests::world::World;

const TEAM: &str = "traffic-outage";
/// How long it is away. The kubelet leaves an API server that does not answer
/// for longer in peace.
const AWAY: Duration = Duration::from_secs(60);

#[test]
#[ignore = "takes more than a minute"]
fn a_control_plane_that_is_away_for_a_minute_costs_no_packet() -> Result<()> {
    let mut world = World::alone()?;
    let plane = world.plane()?;
    let [first, second] = [0, 1].map(|at| world.vtep(at));
    let two = vpc(71, TEAM, first) + &vpc(72, TEAM, second);
    let three = two + &vpc(73, TEAM, second);
    world.apply(&(three + &peering((71, TEAM), (72, TEAM))))?;
    let [one, two, three] = [71, 72, 73].map(|number| format!("{TEAM}/member-{number}"));
    let stream = world.stream(&one, &two)?;

    let away = Stopped::now(&world.cluster, &plane)?;
    ensure!(!world.plane_answers(), "the control plane answers");
    let since = Instant::now();
    while since.elapsed() < AWAY {
        world.breathe(&stream)?;
    }
    drop(away);
    // All goes on from where it was.
    world.wait_for_the_plane()?;
    world.apply(&peering((71, TEAM), (73, TEAM)))?;
    world.reaches(&one, &three)?;
    world.stop_perfect(stream)
}

#[test]
#[ignore = "kills the control plane"]
fn a_control_plane_that_is_killed_costs_no_packet_and_no_change() -> Result<()> {
    let mut world = World::alone()?;
    let plane = world.plane()?;
    let [first, second] = [0, 1].map(|at| world.vtep(at));
    let two = vpc(74, TEAM, first) + &vpc(75, TEAM, second);
    let three = two + &vpc(76, TEAM, second);
    world.apply(&(three + &peering((74, TEAM), (75, TEAM))))?;
    let [one, two, three] = [74, 75, 76].map(|number| format!("{TEAM}/member-{number}"));
    let stream = world.stream(&one, &two)?;

    kill_control_plane(&world.cluster, &plane)?;
    world.wait_for_the_plane()?;
    world.apply(&peering((74, TEAM), (76, TEAM)))?;
    world.reaches(&one, &three)?;
    world.stop_perfect(stream)
}

#[test]
#[ignore = "restores etcd"]
fn gateways_follow_an_etcd_that_was_restored_and_forward_nothing_that_it_lacks() -> Result<()> {
    let mut world = World::alone()?;
    let plane = world.plane()?;
    let [first, second] = [0, 1].map(|at| world.vtep(at));
    let two = vpc(77, TEAM, first) + &vpc(78, TEAM, second);
    let three = two + &vpc(79, TEAM, second);
    let both = peering((78, TEAM), (77, TEAM)) + &peering((79, TEAM), (78, TEAM));
    world.apply(&(three + &both))?;
    let [one, two, three] = [77, 78, 79].map(|number| format!("{TEAM}/member-{number}"));
    let stream = world.stream(&one, &two)?;
    world.reaches(&two, &three)?;

    let nodes = world.kubectl.names("nodes")?;
    let backup = Backup::take(&world.cluster, &plane)?;
    world.let_pass(1_000)?;
    world.apply(&peering((77, TEAM), (79, TEAM)))?;
    world.reaches(&one, &three)?;
    let deletion = format!("delete vpcpeering to-78 -n {TEAM}");
    world.kubectl.run(&deletion)?;
    world.loses(&two, &three)?;

    backup.restore(&nodes)?;
    world.wait_for_the_plane()?;
    // Nobody deletes the one, and nobody applies the other again.
    world.loses(&one, &three)?;
    world.reaches(&two, &three)?;
    world.stop_perfect(stream)
}
