//! From nothing to gateways that are ready, as README says; what is installed
//! stays for the parts of the suite that follow.

use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use isthmus_chart_tests::Helm;
use isthmus_kind_tests::{Cluster, Kubectl, Release};
use serde_json::Value;

const RELEASE: Release<'static> = Release::DOCUMENTED;
const BOUND: &str = "--timeout=180s";

fn install(cluster: &Cluster, kubectl: &Kubectl) -> Result<()> {
    let wanted = format!(
        "--namespace={} --selector=owner=helm,name={}",
        RELEASE.namespace, RELEASE.name
    );
    if !kubectl.names(&format!("secrets {wanted}"))?.is_empty() {
        return Ok(());
    }
    Release::install_as_documented(cluster).map(drop)
}

#[test]
fn the_readme_leads_from_an_empty_cluster_to_gateways_that_are_ready() -> Result<()> {
    let cluster = Cluster::of_environment()?;
    let kubectl = cluster.kubectl()?;
    let begun = Instant::now();
    install(&cluster, &kubectl)?;

    let namespace = format!("--namespace={}", RELEASE.namespace);
    kubectl.run(&format!(
        "rollout status {namespace} deployment/isthmus-operator {BOUND}"
    ))?;
    kubectl.run(&format!(
        "rollout status {namespace} daemonset/isthmus-agent-default {BOUND}"
    ))?;
    let nodes = kubectl.names("nodes --selector=isthmus.dev/gateway-pool=default")?;
    ensure!(!nodes.is_empty(), "no node is labelled as a gateway");
    for node in &nodes {
        kubectl.run(&format!("wait --for=create transitgateway/{node} {BOUND}"))?;
        kubectl.run(&format!(
            "wait --for=condition=Ready transitgateway/{node} {BOUND}"
        ))?;
        let gateway = kubectl.get(&format!("transitgateway {node}"))?;
        let interfaces = gateway
            .pointer("/status/interfaces")
            .and_then(Value::as_array);
        let interfaces = interfaces.context("interfaces")?;
        assert_eq!(interfaces.len(), 1, "{interfaces:?}");
        assert_eq!(interfaces[0]["name"], "eth1");
        assert_eq!(interfaces[0]["xdpMode"], "driver", "native XDP on {node}");
    }
    println!(
        "from helm install to {} gateways that are ready: {:.1} s",
        nodes.len(),
        begun.elapsed().as_secs_f32()
    );
    let tested = Helm::with(&cluster.kubeconfig)?.run([
        "test",
        RELEASE.name,
        "--namespace",
        RELEASE.namespace,
    ])?;
    assert!(tested.contains("Succeeded"), "{tested}");
    Ok(())
}
