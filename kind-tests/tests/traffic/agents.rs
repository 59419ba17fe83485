//! Agents come and go, and packets flow.

use anyhow::{Context as _, Result, ensure};
use isthmus_chart_tests::{CHART, Helm};
use isthmus_kind_tests::RunningStream;
use isthmus_lab::wait_until;
use serde_json::Value;

use crate::manifests::{peering, vpc};
use crate::world::{PATIENCE, World};

const TEAM: &str = "traffic-agents";

/// A stream through the first gateway.
fn flowing() -> Result<(World, RunningStream)> {
    let mut world = World::alone()?;
    let [first, second] = [0, 1].map(|at| world.vtep(at));
    let both = vpc(51, TEAM, first) + &vpc(52, TEAM, second);
    world.apply(&(both + &peering((51, TEAM), (52, TEAM))))?;
    let [one, two] = [51, 52].map(|number| format!("{TEAM}/member-{number}"));
    let stream = world.stream(&one, &two)?;
    Ok((world, stream))
}

impl World {
    /// The first gateway's agent, if there is one that is ready.
    fn ready_agent(&self) -> Result<Option<Value>> {
        let Ok(name) = self.agent(0) else {
            return Ok(None);
        };
        let pod = self.kubectl.get(&format!("pod {name} -n isthmus-system"))?;
        let is_ready = pod["status"]["containerStatuses"][0]["ready"] == true;
        Ok(Some(pod).filter(|_| is_ready))
    }

    /// Waits until an agent is ready that is not this one as it was.
    fn another_agent(&self, old: &Value) -> Result<()> {
        let of = |pod: &Value| {
            let container = &pod["status"]["containerStatuses"][0];
            (
                pod["metadata"]["uid"].clone(),
                container["restartCount"].clone(),
            )
        };
        wait_until("another agent is ready", PATIENCE, || {
            let now = self.ready_agent()?;
            Ok(now.is_some_and(|now| of(&now) != of(old)))
        })
    }
}

#[test]
fn an_agent_whose_pod_is_deleted_costs_no_packet() -> Result<()> {
    let (mut world, stream) = flowing()?;
    let old = world.ready_agent()?.context("no agent")?;
    let name = world.agent(0)?;
    world
        .kubectl
        .run(&format!("delete pod {name} -n isthmus-system --wait=false"))?;
    world.another_agent(&old)?;
    world.stop_perfect(stream)
}

#[test]
fn an_agent_that_is_killed_costs_no_packet() -> Result<()> {
    let (mut world, stream) = flowing()?;
    let old = world.ready_agent()?.context("no agent")?;
    let node = world.gateways[0].0.clone();
    // As the kernel does where memory runs out.
    world
        .cluster
        .run_on_node(&node, ["pkill", "-KILL", "-x", "router-agent"])?;
    world.another_agent(&old)?;
    world.stop_perfect(stream)
}

#[test]
fn agents_that_are_rolled_by_an_upgrade_cost_no_packet() -> Result<()> {
    let (mut world, stream) = flowing()?;
    let old = world.ready_agent()?.context("no agent")?;
    let levels = old["spec"]["containers"][0]["env"].as_array();
    let level = levels
        .into_iter()
        .flatten()
        .find(|it| it["name"] == "RUST_LOG");
    let level = match level.and_then(|it| it["value"].as_str()) {
        Some("debug") => "info",
        _ => "debug",
    };
    let helm = Helm::with(&world.cluster.kubeconfig)?;
    let release = ("isthmus", "isthmus-system");
    let values = format!("agent: {{logLevel: {level}}}");
    helm.release(
        "upgrade",
        release,
        CHART.as_ref(),
        &values,
        &["--reuse-values"],
    )?;
    world.another_agent(&old)?;
    let rolled = "rollout status daemonset -n isthmus-system --timeout=120s";
    world
        .kubectl
        .run(&format!("{rolled} -l app.kubernetes.io/component=agent"))?;
    let now = world.ready_agent()?.context("no agent")?;
    ensure!(now["metadata"]["uid"] != old["metadata"]["uid"]);
    world.stop_perfect(stream)
}
