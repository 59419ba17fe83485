//! Agents come and go, and packets flow.

use anyhow::{Context as _, Result, ensure};
use isthmus_kind_tests::RunningStream;
use isthmus_kind_tests::faults::{self, AGENTS};
use isthmus_lab::wait_until;
use serde_json::Value;

use isthmus_kind_tests::manifests::{peering, vpc};
use isthmus_kind_tests::world::{PATIENCE, World};

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

#[test]
fn an_agent_whose_pod_is_deleted_costs_no_packet() -> Result<()> {
    let (mut world, stream) = flowing()?;
    let old = world.ready_agent(0)?.context("no agent")?;
    let node = &world.gateways[0].0;
    let of_node = format!("{AGENTS} --field-selector=spec.nodeName={node}");
    faults::delete_pods(&world.kubectl, &of_node)?;
    world.another_agent(0, &old)?;
    world.stop_perfect(stream)
}

#[test]
fn an_agent_that_is_killed_costs_no_packet() -> Result<()> {
    let (mut world, stream) = flowing()?;
    let old = world.ready_agent(0)?.context("no agent")?;
    faults::kill_agent(&world.cluster, &world.gateways[0].0)?;
    world.another_agent(0, &old)?;
    world.stop_perfect(stream)
}

#[test]
#[ignore = "waits for a second start"]
fn an_agent_that_is_evicted_costs_no_packet() -> Result<()> {
    let (mut world, stream) = flowing()?;
    let old = world.ready_agent(0)?.context("no agent")?;
    faults::evict(&world.kubectl, &world.agent(0)?)?;
    world.another_agent(0, &old)?;
    world.stop_perfect(stream)
}

#[test]
#[ignore = "waits for a second start"]
fn an_agent_that_runs_out_of_memory_costs_no_packet() -> Result<()> {
    let (mut world, stream) = flowing()?;
    let old = world.ready_agent(0)?.context("no agent")?;
    let node = world.gateways[0].0.clone();
    let of = |pod: &Value| pod["status"]["containerStatuses"][0].clone();
    let starts = of(&old)["restartCount"].clone();
    let mut last = Value::Null;
    wait_until("the kernel kills the agent", PATIENCE, || {
        // Either fails once it is gone.
        let _starved = faults::run_out_of_memory(&world.cluster, &node);
        let _asked = world.metric(0, "isthmus_liveness");
        let name = world.agent(0)?;
        let pod = world
            .kubectl
            .get(&format!("pod {name} -n isthmus-system"))?;
        last = of(&pod)["lastState"]["terminated"].clone();
        anyhow::Ok(of(&pod)["restartCount"] != starts)
    })?;
    ensure!(last["reason"] == "OOMKilled", "{last}");
    world.another_agent(0, &old)?;
    world.stop_perfect(stream)
}

#[test]
fn agents_that_are_rolled_by_an_upgrade_cost_no_packet() -> Result<()> {
    let (mut world, stream) = flowing()?;
    let old = world.ready_agent(0)?.context("no agent")?;
    let levels = old["spec"]["containers"][0]["env"].as_array();
    let level = levels
        .into_iter()
        .flatten()
        .find(|it| it["name"] == "RUST_LOG");
    let level = match level.and_then(|it| it["value"].as_str()) {
        Some("debug") => "info",
        _ => "debug",
    };
    let values = format!("agent: {{logLevel: {level}}}");
    faults::upgrade(&world.cluster, None, &values)?;
    world.another_agent(0, &old)?;
    world.rolled_out()?;
    let now = world.ready_agent(0)?.context("no agent")?;
    ensure!(now["metadata"]["uid"] != old["metadata"]["uid"]);
    world.stop_perfect(stream)
}
