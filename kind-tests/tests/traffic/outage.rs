//! The control plane is away, and packets flow.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use isthmus_kind_tests::Cluster;

use crate::manifests::{peering, vpc};
use crate::world::World;

const TEAM: &str = "traffic-outage";
/// How long it is away. The kubelet leaves an API server that does not answer
/// for longer in peace.
const AWAY: Duration = Duration::from_secs(60);

/// A stopped API server and etcd, which go on when this is dropped.
struct Away {
    cluster: Cluster,
    node: String,
}

impl Away {
    fn start(cluster: &Cluster, node: &str) -> Result<Self> {
        let away = Self {
            cluster: cluster.clone(),
            node: node.to_owned(),
        };
        away.signal("STOP")?;
        Ok(away)
    }

    fn signal(&self, signal: &str) -> Result<()> {
        let script = format!("pkill -{signal} -x kube-apiserver && pkill -{signal} -x etcd");
        self.cluster
            .run_on_node(&self.node, ["sh", "-c", &script])?;
        Ok(())
    }
}

impl Drop for Away {
    fn drop(&mut self) {
        if let Err(error) = self.signal("CONT") {
            eprintln!("the control plane stays away: {error}");
        }
    }
}

#[test]
#[ignore = "takes more than a minute"]
fn a_control_plane_that_is_away_for_a_minute_costs_no_packet() -> Result<()> {
    let mut world = World::alone()?;
    let planes = world
        .kubectl
        .names("nodes -l node-role.kubernetes.io/control-plane")?;
    let plane = planes.first().context("no node has the control plane")?;
    let [first, second] = [0, 1].map(|at| world.vtep(at));
    let two = vpc(71, TEAM, first) + &vpc(72, TEAM, second);
    let three = two + &vpc(73, TEAM, second);
    world.apply(&(three + &peering((71, TEAM), (72, TEAM))))?;
    let [one, two, three] = [71, 72, 73].map(|number| format!("{TEAM}/member-{number}"));
    let stream = world.stream(&one, &two)?;

    let away = Away::start(&world.cluster, plane)?;
    let asked = world.kubectl.run("get --raw /readyz --request-timeout=2s");
    ensure!(asked.is_err(), "the control plane answers");
    let since = Instant::now();
    while since.elapsed() < AWAY {
        world.breathe(&stream)?;
    }
    drop(away);
    // All goes on from where it was.
    isthmus_lab::wait_until("the control plane answers", AWAY, || {
        anyhow::Ok(
            world
                .kubectl
                .run("get --raw /readyz --request-timeout=2s")
                .is_ok(),
        )
    })?;
    world.apply(&peering((71, TEAM), (73, TEAM)))?;
    world.reaches(&one, &three)?;
    world.stop_perfect(stream)
}
