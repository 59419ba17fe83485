//! A packet that is dropped is explained.

use anyhow::{Result, ensure};

use isthmus_kind_tests::manifests::{peering, vpc};
use isthmus_kind_tests::world::World;

const TEAM: &str = "traffic-drops";

#[test]
fn a_dropped_packet_is_counted_under_its_name() -> Result<()> {
    let mut world = World::peaceful()?;
    let [first, second] = [0, 1].map(|at| world.vtep(at));
    let peered = vpc(31, TEAM, first) + &vpc(32, TEAM, second) + &peering((31, TEAM), (32, TEAM));
    world.apply(&(peered + &vpc(33, TEAM, second)))?;
    let [one, two, three] = [31, 32, 33].map(|number| format!("{TEAM}/member-{number}"));
    world.reaches(&one, &two)?;

    let dropped = r#"isthmus_packets_total{verdict="drop",reason="NoRoute"}"#;
    let before = world.metric(0, dropped)?;
    ensure!(!world.pings(&one, &three)?, "VPCs without a peering talk");
    let after = world.metric(0, dropped)?;
    ensure!(
        after >= before + 2,
        "{before} packets dropped, then {after}"
    );

    // The same from the kernel alone, as operations.md tells it.
    let agent = world.agent(0)?;
    let status = world.kubectl.run(&format!(
        "exec -n isthmus-system {agent} -- /usr/local/bin/router-agent status"
    ))?;
    let counted = status.lines().any(|line| line.contains("NoRoute"));
    ensure!(counted, "{status}");

    // What a peering carried is counted by its name.
    let carried = format!(
        r#"isthmus_peering_packets_total{{peering="{TEAM}/to-32",from_vni="1031",to_vni="1032"}}"#
    );
    ensure!(world.metric(0, &carried)? > 0, "{carried} is not counted");
    Ok(())
}
