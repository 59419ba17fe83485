//! A release from install to uninstall, and again.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use isthmus_chart_tests::{CHART, Cluster, Helm, Manifest, eventually};
use isthmus_lab_apiserver::ApiServer;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::installed::{refusal, vpc};

const RELEASE: (&str, &str) = ("isthmus", "isthmus-system");

fn of(api_version: &str, kind: &str, namespace: &str, name: &str) -> Manifest {
    Manifest(json!({
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {"name": name, "namespace": namespace},
    }))
}

async fn read(cluster: &Cluster, manifest: &Manifest) -> Result<Value> {
    let api = cluster.api(manifest).await?.context("its kind")?;
    Ok(serde_json::to_value(api.get(manifest.name()).await?)?)
}

/// The chart as an older version of it might be: a Vpc's CIDRs are not looked
/// at, and nothing is said of its members.
fn older_chart(folder: &TempDir) -> Result<PathBuf> {
    let chart = folder.path().join("isthmus");
    copy(Path::new(CHART), &chart)?;
    let path = chart.join("files/crds/vpcs.yaml");
    let mut crd: Value = serde_yaml::from_str(&fs::read_to_string(&path)?)?;
    let version = &mut crd["spec"]["versions"][0];
    let columns = version["additionalPrinterColumns"]
        .as_array_mut()
        .context("columns")?;
    columns.retain(|column| column["name"] != "Members");
    let cidrs = version
        .pointer_mut("/schema/openAPIV3Schema/properties/spec/properties/cidrs")
        .context("cidrs")?;
    *cidrs = json!({"type": "array", "items": {"type": "string"}});
    fs::write(&path, format!("# Older.\n{}", serde_yaml::to_string(&crd)?))?;
    Ok(chart)
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

#[tokio::test]
async fn definitions_are_upgraded_under_objects_that_an_older_one_took() -> Result<()> {
    let server = ApiServer::start().await?;
    let helm = Helm::of(&server)?;
    let cluster = Cluster::new(server.client()?);
    let folder = tempfile::tempdir()?;
    helm.release("install", RELEASE, &older_chart(&folder)?, "", &[])?;
    cluster.namespace("team-a", &[]).await?;
    let mut odd = vpc("team-a", "odd", 7);
    odd["spec"]["cidrs"] = json!(["10.104.0.0/20", "10.104.8.0/21"]);
    eventually("Vpcs are served", async || {
        anyhow::Ok(cluster.apply(odd.clone()).await.is_ok())
    })
    .await?;

    helm.release("upgrade", RELEASE, Path::new(CHART), "", &[])?;
    let crd = of(
        "apiextensions.k8s.io/v1",
        "CustomResourceDefinition",
        "",
        "vpcs.isthmus.dev",
    );
    let columns =
        read(&cluster, &crd).await?["spec"]["versions"][0]["additionalPrinterColumns"].to_string();
    assert!(columns.contains("\"Members\""), "{columns}");

    // What the new rules would refuse is refused anew ..
    let mut other = odd.clone();
    other["metadata"]["name"] = "other".into();
    other["spec"]["vni"] = 8.into();
    eventually("the new rules hold", async || {
        anyhow::Ok(refusal(cluster.apply(other.clone()).await).starts_with("422: "))
    })
    .await?;
    // .. but what is stored stays, and what it does not touch can be edited.
    odd["metadata"]["labels"] = json!({"edited": "yes"});
    let edited = cluster.apply(odd.clone()).await?;
    assert_eq!(edited.data["spec"]["cidrs"], odd["spec"]["cidrs"]);
    Ok(())
}

#[tokio::test]
async fn a_release_is_installed_changed_uninstalled_and_installed_again() -> Result<()> {
    let server = ApiServer::start().await?;
    let helm = Helm::of(&server)?;
    let cluster = Cluster::new(server.client()?);
    let chart = Path::new(CHART);
    let operator = of("apps/v1", "Deployment", RELEASE.1, "isthmus-operator");
    let core = of("apps/v1", "DaemonSet", RELEASE.1, "isthmus-agent-core");
    let edge = of("apps/v1", "DaemonSet", RELEASE.1, "isthmus-agent-edge");
    let budget = of(
        "policy/v1",
        "PodDisruptionBudget",
        RELEASE.1,
        "isthmus-operator",
    );
    let policy = of(
        "admissionregistration.k8s.io/v1",
        "ValidatingAdmissionPolicy",
        "",
        "isthmus-agents.isthmus-system",
    );
    let crd = of(
        "apiextensions.k8s.io/v1",
        "CustomResourceDefinition",
        "",
        "vpcs.isthmus.dev",
    );

    let said = helm.release("install", RELEASE, chart, "", &[])?;
    assert!(said.contains("It has no gateways yet"), "{said}");
    assert_eq!(read(&cluster, &operator).await?["spec"]["replicas"], 2);
    assert!(cluster.has(&budget).await?);
    assert!(!cluster.has(&policy).await?);

    let said = helm.release(
        "upgrade",
        RELEASE,
        chart,
        "{operator: {replicas: 1}, gatewayPools: [{name: core, interfaces: [eth1]}, {name: edge, interfaces: [eth2]}]}",
        &[],
    )?;
    assert!(
        said.contains("kubectl label node NODE isthmus.dev/gateway-pool=edge"),
        "{said}"
    );
    assert!(
        said.contains("`helm uninstall` leaves the gateways forwarding"),
        "{said}"
    );
    assert_eq!(read(&cluster, &operator).await?["spec"]["replicas"], 1);
    assert!(!cluster.has(&budget).await?);
    assert!(cluster.has(&core).await? && cluster.has(&edge).await? && cluster.has(&policy).await?);

    helm.release(
        "upgrade",
        RELEASE,
        chart,
        "gatewayPools: [{name: core, interfaces: [eth3]}]",
        &[],
    )?;
    assert!(
        !cluster.has(&edge).await?,
        "a pool that is not asked for any more"
    );
    assert!(
        read(&cluster, &core)
            .await?
            .to_string()
            .contains("--interface=eth3")
    );
    assert!(cluster.has(&budget).await?);

    cluster.namespace("team-a", &[]).await?;
    cluster.apply(vpc("team-a", "blue", 100)).await?;
    helm.uninstall(RELEASE)?;
    for gone in [&operator, &core, &budget, &policy] {
        assert!(!cluster.has(gone).await?, "{}", gone.title());
    }
    let blue = Manifest(vpc("team-a", "blue", 100));
    assert!(
        cluster.has(&crd).await? && cluster.has(&blue).await?,
        "kept"
    );

    helm.release("install", RELEASE, chart, "", &[])?;
    assert!(cluster.has(&operator).await? && cluster.has(&blue).await?);
    Ok(())
}

#[tokio::test]
async fn definitions_that_another_release_left_are_taken_over_when_asked() -> Result<()> {
    let server = ApiServer::start().await?;
    let helm = Helm::of(&server)?;
    let chart = Path::new(CHART);
    helm.release("install", RELEASE, chart, "", &[])?;
    helm.uninstall(RELEASE)?;
    let other = ("network", "network");
    let said = helm
        .release("install", other, chart, "", &[])
        .unwrap_err()
        .to_string();
    assert!(said.contains("invalid ownership metadata"), "{said}");
    helm.release("install", other, chart, "", &["--take-ownership"])?;
    let again = helm.release("upgrade", other, chart, "operator: {replicas: 3}", &[]);
    again.map(drop)
}

#[tokio::test]
async fn definitions_that_kubectl_applied_are_taken_over_when_asked() -> Result<()> {
    let server = ApiServer::start().await?;
    server.install_crds(&server.client()?).await?;
    let helm = Helm::of(&server)?;
    let chart = Path::new(CHART);
    let said = helm
        .release("install", RELEASE, chart, "", &[])
        .unwrap_err()
        .to_string();
    assert!(said.contains("invalid ownership metadata"), "{said}");
    helm.release("install", RELEASE, chart, "", &["--take-ownership"])?;
    Ok(())
}
