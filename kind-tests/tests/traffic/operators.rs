//! Operators come and go, and packets flow.

use anyhow::{Result, ensure};
use isthmus_kind_tests::faults::{self, OPERATORS};

use isthmus_kind_tests::manifests::{peering, vpc};
use isthmus_kind_tests::world::World;

const TEAM: &str = "traffic-operators";

#[test]
fn operators_that_are_deleted_both_at_once_cost_no_packet_and_no_change() -> Result<()> {
    let mut world = World::alone()?;
    let [first, second] = [0, 1].map(|at| world.vtep(at));
    let two = vpc(61, TEAM, first) + &vpc(62, TEAM, second);
    let three = two + &vpc(63, TEAM, second);
    world.apply(&(three + &peering((61, TEAM), (62, TEAM))))?;
    let [one, two, three] = [61, 62, 63].map(|number| format!("{TEAM}/member-{number}"));
    let stream = world.stream(&one, &two)?;

    let old = world.kubectl.names(&format!("pods {OPERATORS}"))?;
    ensure!(old.len() == 2, "{old:?}");
    faults::delete_pods(&world.kubectl, OPERATORS)?;
    // What is asked for while there is none comes about when there is one.
    world.apply(&peering((61, TEAM), (63, TEAM)))?;
    world.reaches(&one, &three)?;
    let new = world.kubectl.names(&format!("pods {OPERATORS}"))?;
    ensure!(new != old, "{new:?}");
    let ready = format!("rollout status deployment {OPERATORS} --timeout=120s");
    world.kubectl.run(&ready)?;
    world.stop_perfect(stream)
}
