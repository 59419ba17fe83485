//! What becomes of the system when its pods go.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use isthmus_kind_tests::{Cluster, Kubectl};
use isthmus_lab::wait_until;
use serde_json::Value;

use crate::world::{BOUND, Namespaces, own_name};

const NAMESPACE: &str = "--namespace=isthmus-system";
const PATIENCE: Duration = Duration::from_secs(120);

/// Pods of a component: names and UIDs.
fn pods(kubectl: &Kubectl, component: &str) -> Result<Vec<(String, String)>> {
    let of = format!(
        "--selector=app.kubernetes.io/part-of=isthmus,app.kubernetes.io/component={component}"
    );
    let list = kubectl.get(&format!("pods {NAMESPACE} {of}"))?;
    let items = list["items"].as_array().context("a list")?;
    let text = |pod: &Value, field: &str| {
        let value = pod["metadata"][field].as_str();
        value.unwrap_or_default().to_owned()
    };
    let named = items
        .iter()
        .map(|pod| (text(pod, "name"), text(pod, "uid")));
    Ok(named.collect())
}

/// Deletes pods as if their node had gone, and waits until others are ready.
fn replace(kubectl: &Kubectl, victims: &[(String, String)], workload: &str) -> Result<()> {
    let names: Vec<_> = victims.iter().map(|(name, _)| name.as_str()).collect();
    let names = names.join(" ");
    kubectl.run(&format!(
        "delete pod {NAMESPACE} --grace-period=0 --force {names}"
    ))?;
    kubectl.run(&format!("rollout status {NAMESPACE} {workload} {BOUND}"))?;
    Ok(())
}

/// Two VPCs of a namespace, of these names and of this VNI and the next, and
/// their peering.
fn pair(namespace: &str, (one, two): (&str, &str), first: u32) -> String {
    let vpc = |name: &str, vni: u32| {
        format!(
            "apiVersion: isthmus.dev/v1alpha1
kind: Vpc
metadata: {{name: {name}, namespace: {namespace}}}
spec: {{vni: {vni}, cidrs: [10.9.{}.0/24]}}
---
",
            vni % 250
        )
    };
    let peering = format!(
        "apiVersion: isthmus.dev/v1alpha1
kind: VpcPeering
metadata: {{name: {one}-{two}, namespace: {namespace}}}
spec: {{vpc: {one}, peer: {{name: {two}}}}}
"
    );
    [vpc(one, first), vpc(two, first + 1), peering].concat()
}

fn is_programmed(kubectl: &Kubectl, namespace: &str, peering: &str) -> Result<()> {
    let of = format!("--namespace={namespace} vpcpeering/{peering}");
    kubectl.run(&format!("wait --for=condition=Programmed {of} {BOUND}"))?;
    Ok(())
}

#[test]
fn an_agent_that_is_deleted_comes_back_and_learns_what_it_missed() -> Result<()> {
    let cluster = Cluster::of_environment()?;
    let kubectl = cluster.kubectl()?;
    let mut namespaces = Namespaces::new(&kubectl);
    let namespace = own_name("agents");
    namespaces.make(&namespace)?;

    let victim = pods(&kubectl, "agent")?
        .into_iter()
        .next()
        .context("an agent")?;
    let of_victim = format!("pod {NAMESPACE} {}", victim.0);
    let node = kubectl.get(&of_victim)?["spec"]["nodeName"].clone();
    let node = node.as_str().context("its node")?.to_owned();
    let registered = kubectl.get(&format!("transitgateway {node}"))?["metadata"]["uid"].clone();

    replace(
        &kubectl,
        std::slice::from_ref(&victim),
        "daemonset/isthmus-agent-default",
    )?;
    kubectl.apply(&pair(&namespace, ("a", "b"), 7010))?;
    is_programmed(&kubectl, &namespace, "a-b")?;

    let now: Vec<_> = pods(&kubectl, "agent")?;
    ensure!(now.iter().all(|(_, uid)| *uid != victim.1), "{now:?}");
    let gateway = kubectl.get(&format!("transitgateway {node}"))?;
    assert_eq!(
        gateway["metadata"]["uid"], registered,
        "it is the same gateway"
    );
    kubectl.run(&format!(
        "wait --for=condition=Ready transitgateway/{node} {BOUND}"
    ))?;
    Ok(())
}

#[test]
fn without_any_operator_nothing_changes_and_the_next_ones_go_on() -> Result<()> {
    let cluster = Cluster::of_environment()?;
    let kubectl = cluster.kubectl()?;
    let mut namespaces = Namespaces::new(&kubectl);
    let namespace = own_name("operators");
    namespaces.make(&namespace)?;
    kubectl.apply(&pair(&namespace, ("a", "b"), 7020))?;
    is_programmed(&kubectl, &namespace, "a-b")?;
    let slices = "peeringslices --selector=isthmus.dev/vni=7020";
    let before = kubectl.get(slices)?;

    let victims = pods(&kubectl, "operator")?;
    assert!(victims.len() >= 2, "{victims:?}");
    replace(&kubectl, &victims, "deployment/isthmus-operator")?;
    leads_anew(&kubectl, &victims)?;

    // Whoever leads now takes up what is new and leaves alone what is as it should be.
    kubectl.apply(&pair(&namespace, ("c", "d"), 7022))?;
    is_programmed(&kubectl, &namespace, "c-d")?;
    let after = kubectl.get(slices)?;
    let version = |list: &Value| list["items"][0]["metadata"]["resourceVersion"].clone();
    assert_eq!(version(&before), version(&after));
    Ok(())
}

/// Waits until a pod that is none of these holds the Lease.
fn leads_anew(kubectl: &Kubectl, victims: &[(String, String)]) -> Result<()> {
    wait_until("another operator leads", PATIENCE, || {
        let path = "--output=jsonpath={.spec.holderIdentity}";
        let holder = kubectl.run(&format!("get lease {NAMESPACE} isthmus-operator {path}"))?;
        let is_old = victims
            .iter()
            .any(|(name, _)| holder.starts_with(name.as_str()));
        anyhow::Ok(!holder.is_empty() && !is_old)
    })
}
