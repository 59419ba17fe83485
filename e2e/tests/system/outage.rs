//! The control plane is away, and packets flow.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use isthmus_e2e::PATIENCE;

use crate::world::World;

/// How long the API server is away.
const AWAY: Duration = Duration::from_secs(60);
/// Packets that must arrive again and again: half a second.
const BREATH: u64 = 10_000;

#[test]
fn an_api_server_that_is_away_for_a_minute_costs_no_packet() -> Result<()> {
    let mut world = World::build()?;
    let manifest = world.peering();
    world.cluster.apply(&manifest)?;
    let waiting = world.stream()?;
    waiting.wait_for(BREATH, PATIENCE)?;
    drop(waiting);
    let stream = world.stream()?;
    world.cluster.kill_api_server()?;
    let since = Instant::now();
    while since.elapsed() < AWAY {
        stream.wait_for(BREATH, PATIENCE)?;
        // The agent and the operator come to nothing, and that is all.
        world.gateway.process().check()?;
        world.cluster.operator()?.check()?;
    }
    world.cluster.restart_api_server()?;
    stream.wait_for(BREATH, PATIENCE)?;
    let report = stream.stop()?;
    ensure!(report.is_perfect(), "{report:?}");
    Ok(())
}
