//! The operator of the image, with the rights that the chart gives it and no
//! more, against a real API server.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use isthmus_chart_tests::{CHART, Cluster, Helm, Manifest, eventually, unbound_token};
use isthmus_image_tests::{Image, Root, built};
use isthmus_lab_apiserver::ApiServer;
use kube::api::ListParams;
use serde_json::{Value, json};

use crate::capabilities::Running;

pub(crate) const NAMESPACE: &str = "isthmus-system";

fn object(kind: &str, name: &str, spec: &Value) -> Value {
    json!({
        "apiVersion": "isthmus.dev/v1alpha1",
        "kind": kind,
        "metadata": {"name": name, "namespace": "team-a"},
        "spec": spec,
    })
}

/// Two VPCs with a member each, and their peering.
fn world() -> Vec<Value> {
    let mut objects = Vec::new();
    for (vni, name) in [(1, "blue"), (2, "green")] {
        let cidrs = [format!("10.{vni}.0.0/24")];
        objects.push(object("Vpc", name, &json!({"vni": vni, "cidrs": cidrs})));
        let member = json!({
            "vpc": name,
            "addresses": [format!("10.{vni}.0.2")],
            "mac": format!("02:00:00:00:0{vni}:02"),
            "hypervisor": format!("172.16.0.1{vni}"),
        });
        objects.push(object("VpcMember", &format!("{name}-1"), &member));
    }
    let peering = json!({"vpc": "blue", "peer": {"name": "green"}});
    objects.push(object("VpcPeering", "blue-green", &peering));
    objects
}

/// The status of a condition.
pub(crate) async fn condition(cluster: &Cluster, object: &Value, kind: &str) -> Result<String> {
    let manifest = Manifest(object.clone());
    let api = cluster.api(&manifest).await?.context("its kind")?;
    let found = api.get(manifest.name()).await?;
    let conditions = found.data["status"]["conditions"].as_array().cloned();
    let of_kind = conditions
        .unwrap_or_default()
        .into_iter()
        .find(|it| it["type"] == kind);
    let status = of_kind.and_then(|it| it["status"].as_str().map(str::to_owned));
    Ok(status.unwrap_or_default())
}

/// How many objects of a cluster-scoped kind there are, or of a namespaced one
/// in a namespace.
async fn count(cluster: &Cluster, api_version: &str, kind: &str, namespace: &str) -> Result<usize> {
    let manifest = Manifest(json!({
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {"name": "", "namespace": namespace},
    }));
    let api = cluster.api(&manifest).await?.context("its kind")?;
    Ok(api.list(&ListParams::default()).await?.items.len())
}

/// Starts the operator as the chart does, but for where it finds the API server.
pub(crate) fn operate(root: &Root, kubeconfig: &Path, said: &Path) -> Result<Running> {
    let mut operator = Command::new(root.entrypoint());
    operator
        .args(["run", "--metrics-addr=127.0.0.1:0", "--identity=one"])
        .args([
            "--lease-namespace",
            NAMESPACE,
            "--lease-name=isthmus-operator",
        ])
        .arg("--kubeconfig")
        .arg(kubeconfig)
        .stdout(Stdio::null())
        .stderr(File::create(said)?);
    Ok(Running(operator.spawn()?))
}

#[tokio::test]
async fn the_operator_needs_no_right_that_the_chart_does_not_give_it() -> Result<()> {
    let root = Root::of(&Image::open(&built("operator")?)?)?;
    let server = ApiServer::start().await?;
    let admin = Cluster::new(server.client()?);
    let helm = Helm::of(&server)?;
    let release = ("isthmus", NAMESPACE);
    helm.release("install", release, Path::new(CHART), "", &[])?;
    admin.namespace("team-a", &[]).await?;
    let token = unbound_token(&admin.client(), (NAMESPACE, "isthmus-operator")).await?;
    let kubeconfig = server.kubeconfig_with_token("operator", &token)?;

    let folder = tempfile::tempdir()?;
    let said = folder.path().join("said");
    let log = || std::fs::read_to_string(&said).unwrap_or_default();
    let _operator = operate(&root, &kubeconfig, &said)?;

    let objects = world();
    for object in &objects {
        eventually("our kinds are served", async || {
            anyhow::Ok(admin.apply(object.clone()).await.is_ok())
        })
        .await?;
    }
    for object in &objects {
        eventually(
            &format!("{} is accepted", object["metadata"]["name"]),
            async || anyhow::Ok(condition(&admin, object, "Accepted").await? == "True"),
        )
        .await
        .with_context(log)?;
    }
    for (api_version, kind, namespace) in [
        ("isthmus.dev/v1alpha1", "ForwardingSlice", ""),
        ("isthmus.dev/v1alpha1", "PeeringSlice", ""),
        ("coordination.k8s.io/v1", "Lease", NAMESPACE),
        ("events.k8s.io/v1", "Event", "team-a"),
    ] {
        eventually(&format!("there is a {kind}"), async || {
            anyhow::Ok(count(&admin, api_version, kind, namespace).await? > 0)
        })
        .await
        .with_context(log)?;
    }
    // Deleting is a right of its own.
    for object in &objects {
        let manifest = Manifest(object.clone());
        let api = admin.api(&manifest).await?.context("its kind")?;
        api.delete(manifest.name(), &Default::default()).await?;
    }
    eventually("no slice is left", async || {
        let forwarding = count(&admin, "isthmus.dev/v1alpha1", "ForwardingSlice", "").await?;
        let peering = count(&admin, "isthmus.dev/v1alpha1", "PeeringSlice", "").await?;
        anyhow::Ok(forwarding + peering == 0)
    })
    .await
    .with_context(log)?;
    assert!(!log().to_lowercase().contains("forbidden"), "{}", log());
    Ok(())
}
