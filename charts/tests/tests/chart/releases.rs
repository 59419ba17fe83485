//! Several releases on a cluster.

use std::path::Path;

use anyhow::Result;
use isthmus_chart_tests::{CHART, Cluster, Helm, Manifest};
use isthmus_lab_apiserver::ApiServer;
use serde_json::json;

const GATEWAYS: &str = "
operator: {enabled: false}
crds: {install: false}
gatewayPools: [{name: edge, interfaces: [eth1]}]";

fn daemon_set(namespace: &str, name: &str) -> Manifest {
    Manifest(json!({
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": name, "namespace": namespace},
    }))
}

#[tokio::test]
async fn releases_of_gateways_stand_beside_the_one_with_the_operator() -> Result<()> {
    let server = ApiServer::start().await?;
    let helm = Helm::of(&server)?;
    let cluster = Cluster::new(server.client()?);
    let chart = Path::new(CHART);
    let whole = "gatewayPools: [{name: default, interfaces: [eth1]}]";
    helm.release("install", ("isthmus", "isthmus-system"), chart, whole, &[])?;
    // The same name in another namespace, and another name beside the first.
    helm.release("install", ("isthmus", "edge"), chart, GATEWAYS, &[])?;
    helm.release("install", ("edge", "isthmus-system"), chart, GATEWAYS, &[])?;

    let agents = [
        daemon_set("isthmus-system", "isthmus-agent-default"),
        daemon_set("edge", "isthmus-agent-edge"),
        daemon_set("isthmus-system", "edge-isthmus-agent-edge"),
    ];
    for agent in &agents {
        assert!(cluster.has(agent).await?, "{}", agent.title());
    }
    helm.uninstall(("edge", "isthmus-system"))?;
    assert!(!cluster.has(&agents[2]).await?);
    for agent in &agents[..2] {
        assert!(cluster.has(agent).await?, "{}", agent.title());
    }
    let policy = Manifest(json!({
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": "isthmus-agents.edge"},
    }));
    assert!(cluster.has(&policy).await?);
    Ok(())
}

#[tokio::test]
async fn a_second_operator_is_refused_with_the_first_ones_name() -> Result<()> {
    let server = ApiServer::start().await?;
    let helm = Helm::of(&server)?;
    let chart = Path::new(CHART);
    helm.release("install", ("isthmus", "isthmus-system"), chart, "", &[])?;
    let second = helm.release(
        "install",
        ("second", "other"),
        chart,
        "crds: {install: false}",
        &[],
    );
    let said = second.unwrap_err().to_string();
    assert!(
        said.contains(
            "the release isthmus-system/isthmus already runs this cluster's operator: \
             set operator.enabled=false and crds.install=false to add gateways alone"
        ),
        "{said}"
    );
    // Nothing keeps it from moving.
    helm.uninstall(("isthmus", "isthmus-system"))?;
    helm.release(
        "install",
        ("second", "other"),
        chart,
        "crds: {install: false}",
        &[],
    )?;
    Ok(())
}
