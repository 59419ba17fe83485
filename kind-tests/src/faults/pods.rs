//! Pods that go.

use std::path::Path;

use anyhow::{Result, ensure};
use isthmus_chart_tests::{CHART, Helm};
use serde_json::json;

use super::AGENTS;
use crate::{Cluster, ClusterError, Kubectl, Release};

/// Takes all memory away from the agent's control group, of either version: the
/// next page that it asks for is one too many.
const STARVE: &str = r#"
pid=$(pgrep -o -x router-agent)
group=$(sed -n 's/^0:://p' "/proc/$pid/cgroup")
if [ -e "/sys/fs/cgroup$group/memory.max" ]; then
  echo 0 >"/sys/fs/cgroup$group/memory.max"
else
  group=/sys/fs/cgroup/memory$(sed -n 's/^[0-9]*:memory://p' "/proc/$pid/cgroup")
  cat "$group/memory.usage_in_bytes" >"$group/memory.limit_in_bytes"
fi
"#;

/// The agent's pod on a node; one that is being deleted does not count.
///
/// # Errors
///
/// There is none, or more than one.
pub fn agent_on(kubectl: &Kubectl, node: &str) -> Result<String> {
    let on = format!("--field-selector=spec.nodeName={node}");
    let pods = kubectl.get(&format!("pods {AGENTS} {on}"))?;
    let pods = pods["items"].as_array().into_iter().flatten();
    let pods = pods.map(|pod| &pod["metadata"]);
    let there = pods.filter(|metadata| metadata["deletionTimestamp"].is_null());
    let names: Vec<_> = there
        .filter_map(|metadata| metadata["name"].as_str())
        .collect();
    ensure!(names.len() == 1, "agents of {node}: {names:?}");
    Ok(names[0].to_owned())
}

/// Deletes pods that a selector finds, and does not wait.
///
/// # Errors
///
/// The API server's answer.
pub fn delete_pods(kubectl: &Kubectl, which: &str) -> Result<()> {
    let deletion = format!("delete pods {which} --wait=false");
    kubectl.run(&deletion).map(drop)
}

/// Evicts a pod, as a node that is drained or runs short does.
///
/// # Errors
///
/// The API server's answer, such as that of a PodDisruptionBudget.
pub fn evict(kubectl: &Kubectl, pod: &str) -> Result<()> {
    let eviction = json!({
        "apiVersion": "policy/v1", "kind": "Eviction",
        "metadata": {"name": pod, "namespace": "isthmus-system"},
    });
    let path = format!("/api/v1/namespaces/isthmus-system/pods/{pod}/eviction");
    let create = format!("create --raw {path} --filename=-");
    kubectl.run_with(&create, &eviction.to_string()).map(drop)
}

/// Kills a node's agent.
///
/// # Errors
///
/// None runs there.
pub fn kill_agent(cluster: &Cluster, node: &str) -> Result<(), ClusterError> {
    let kill = ["pkill", "-KILL", "-x", "router-agent"];
    cluster.run_on_node(node, kill).map(drop)
}

/// Leaves a node's agent no more memory than it has now. The kernel kills it when
/// it asks for more, which it may not do at once: to be repeated.
///
/// # Errors
///
/// None runs there, or its control group cannot be found.
pub fn run_out_of_memory(cluster: &Cluster, node: &str) -> Result<(), ClusterError> {
    let starve = ["sh", "-e", "-c", STARVE];
    cluster.run_on_node(node, starve).map(drop)
}

/// Upgrades the documented release to other values of this chart, in YAML; the
/// others stay.
///
/// # Errors
///
/// What helm or the API server refused.
pub fn upgrade(cluster: &Cluster, chart: Option<&Path>, values: &str) -> Result<String> {
    let Release { name, namespace } = Release::DOCUMENTED;
    let chart = chart.unwrap_or(Path::new(CHART));
    let flags = ["--reuse-values"];
    Helm::with(&cluster.kubeconfig)?.release("upgrade", (name, namespace), chart, values, &flags)
}
