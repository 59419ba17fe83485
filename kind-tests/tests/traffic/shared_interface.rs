//! Gateways on the interface that kubelet and API server are reached by.

use anyhow::{Result, ensure};
use isthmus_chart_tests::{CHART, Helm};
use isthmus_kind_tests::Cluster;
use isthmus_lab::wait_until;

use isthmus_kind_tests::manifests::{peering, vpc};
use isthmus_kind_tests::world::{PATIENCE, World, ready_gateways};

const TEAM: &str = "traffic-shared";

/// Puts gateways on another interface by an upgrade of the release.
fn move_to(cluster: &Cluster, interface: &str) -> Result<()> {
    let kubectl = cluster.kubectl()?;
    let before = ready_gateways(&kubectl)?;
    let values = format!("gatewayPools: [{{name: default, interfaces: [{interface}]}}]");
    let helm = Helm::with(&cluster.kubeconfig)?;
    let release = ("isthmus", "isthmus-system");
    helm.release(
        "upgrade",
        release,
        CHART.as_ref(),
        &values,
        &["--reuse-values"],
    )?;
    wait_until("gateways have moved", PATIENCE, || {
        let now = ready_gateways(&kubectl)?;
        Ok(now
            .iter()
            .zip(&before)
            .all(|(now, before)| now.1 != before.1))
    })
}

/// Puts them back when dropped.
struct Moved(Cluster);

impl Drop for Moved {
    fn drop(&mut self) {
        if let Err(error) = move_to(&self.0, "eth1") {
            eprintln!("the gateways stay on eth0: {error:#}");
        }
    }
}

#[test]
#[ignore = "moves every gateway, and back"]
fn a_router_on_the_interface_of_the_cluster_disturbs_nothing_of_it() -> Result<()> {
    let mut moved = None;
    let mut world = World::alone_on("eth0", |cluster| {
        moved = Some(Moved(cluster.clone()));
        move_to(cluster, "eth0")
    })?;
    let [first, second] = [0, 1].map(|at| world.vtep(at));
    let both = vpc(91, TEAM, first) + &vpc(92, TEAM, second);
    world.apply(&(both + &peering((91, TEAM), (92, TEAM))))?;
    let [one, two] = [91, 92].map(|number| format!("{TEAM}/member-{number}"));
    let stream = world.stream(&one, &two)?;
    world.transfers(&one, &two, 1 << 20)?;

    // The API server reaches every agent by way of its kubelet, much and often.
    for gateway in 0..world.gateways.len() {
        let agent = world.agent(gateway)?;
        for _ in 0..20 {
            let log = world
                .kubectl
                .run(&format!("logs {agent} -n isthmus-system"))?;
            ensure!(!log.is_empty(), "an agent without a log");
            let read = "-- /usr/local/bin/router-agent status";
            world
                .kubectl
                .run(&format!("exec {agent} -n isthmus-system {read}"))?;
        }
        let node = world.gateways[gateway].0.clone();
        world.condition(&format!("node {node}"), "Ready", "True")?;
    }
    world.stop_perfect(stream)?;
    drop(world);
    drop(moved);
    Ok(())
}
