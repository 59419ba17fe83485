//! `kubectl apply` of a peering, and its deletion, as packets see them.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use isthmus_e2e::{PATIENCE, eventually};
use isthmus_lab::NAMESPACE;

use crate::world::World;

/// Nothing more comes when nothing came for this long.
const QUIET: Duration = Duration::from_millis(500);

#[test]
fn a_peering_that_is_applied_carries_packets_and_one_that_is_deleted_none() -> Result<()> {
    let mut world = World::build()?;
    let stream = world.stream()?;
    let manifest = world.peering();

    let since = Instant::now();
    world.cluster.apply(&manifest)?;
    let applied = since.elapsed();
    stream.wait_for(1, PATIENCE)?;
    println!(
        "from kubectl apply to the first packet through the peering: {:.0} ms, of which kubectl took {:.0}",
        since.elapsed().as_secs_f64() * 1e3,
        applied.as_secs_f64() * 1e3,
    );
    let (name, namespace) = ("vpcpeering", NAMESPACE);
    let object = world
        .cluster
        .kubectl(&["get", name, "-n", namespace, "-o", "name"], "")?;
    let object = object.trim();
    for condition in ["Accepted", "PeerAccepted", "Programmed"] {
        eventually(condition, || {
            Ok(world.cluster.condition(object, namespace, condition)? == "True")
        })?;
    }
    println!(
        "to Programmed in its status: {:.0} ms",
        since.elapsed().as_secs_f64() * 1e3
    );

    let since = Instant::now();
    world
        .cluster
        .kubectl(&["delete", object, "-n", namespace, "--wait=false"], "")?;
    let deleted = since.elapsed();
    let (mut received, mut last) = (stream.progress().1, Instant::now());
    while last.elapsed() < QUIET {
        ensure!(since.elapsed() < PATIENCE, "packets go on crossing");
        let now = stream.progress().1;
        if now != received {
            (received, last) = (now, Instant::now());
        }
        thread::park_timeout(Duration::from_micros(200));
    }
    println!(
        "from kubectl delete to the last packet: {:.0} ms, of which kubectl took {:.0}",
        last.duration_since(since).as_secs_f64() * 1e3,
        deleted.as_secs_f64() * 1e3,
    );
    eventually("the packets are counted", || {
        let dropped = "isthmus_packets_total{verdict=\"drop\",reason=\"NoRoute\"}";
        Ok(world.gateway.metric(dropped)? > 0)
    })?;
    ensure!(stream.stop()?.misdelivered == 0);
    Ok(())
}
