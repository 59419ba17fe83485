//! Operator and agent of the images, with the rights and capabilities that the
//! chart gives them and no more: from manifests to a ping.

use std::fs::{File, read_to_string};
use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, Result};
use isthmus_chart_tests::{
    CHART, Cluster, Helm, Manifest, eventually, token_of_pod, unbound_token,
};
use isthmus_image_tests::{Image, Root, built};
use isthmus_lab::{Lab, Peering};
use isthmus_lab_apiserver::ApiServer;
use serde_json::json;
use tokio::runtime::Runtime;

use crate::capabilities::{Confined, Running, capabilities_of_the_chart, pings};
use crate::rights::{NAMESPACE, condition, operate};

const NODE: &str = "gateway-0";
const PEERING: &str = "blue-green";

/// A cluster with the chart on it, and kubeconfigs of operator and agent.
async fn installed(lab: &Lab) -> Result<(ApiServer, Cluster, [std::path::PathBuf; 2])> {
    let server = ApiServer::start().await?;
    let cluster = Cluster::new(server.client()?);
    let values = "gatewayPools: [{name: default, interfaces: [any]}]";
    let release = ("isthmus", NAMESPACE);
    Helm::of(&server)?.release("install", release, Path::new(CHART), values, &[])?;
    cluster.namespace(isthmus_lab::NAMESPACE, &[]).await?;
    for manifest in Manifest::read_all(&lab.manifests().all())? {
        eventually("our kinds are served", async || {
            anyhow::Ok(cluster.apply(manifest.0.clone()).await.is_ok())
        })
        .await?;
    }
    let admin = cluster.client();
    let operator = unbound_token(&admin, (NAMESPACE, "isthmus-operator")).await?;
    let agent = token_of_pod(&admin, (NAMESPACE, "isthmus-agent"), NODE).await?;
    let kubeconfigs = [
        server.kubeconfig_with_token("operator", &operator)?,
        server.kubeconfig_with_token("agent", &agent)?,
    ];
    Ok((server, cluster, kubeconfigs))
}

#[test]
fn with_the_charts_rights_alone_a_peering_is_programmed_and_carries_packets() -> Result<()> {
    isthmus_lab::check_machine()?;
    let operator_root = Root::of(&Image::open(&built("operator")?)?)?;
    let agent_root = Root::of(&Image::open(&built("agent")?)?)?;
    let mut lab = Lab::builder().build()?;
    let blue = lab.vpc(1, ["10.1.0.0/24".parse()?]);
    let green = lab.vpc(2, ["10.2.0.0/24".parse()?]);
    let blue_1 = lab.member(&blue, 0, ["10.1.0.2".parse()?])?;
    let green_1 = lab.member(&green, 1, ["10.2.0.2".parse()?])?;
    let peering = Peering {
        name: PEERING.to_owned(),
        ..Peering::between(&blue, &green)
    };
    lab.peer(peering);

    let runtime = Runtime::new()?;
    let (server, cluster, [operator, agent]) = runtime.block_on(installed(&lab))?;
    let url = runtime.block_on(async { server.config() })?.cluster_url;
    let gateway = lab.gateway();
    gateway
        .namespace()
        .forward_loopback(url.port_u16().context("a port")?)?;

    let folder = tempfile::tempdir()?;
    let [operator_said, agent_said] = ["operator", "agent"].map(|name| folder.path().join(name));
    let logs = || {
        let [operator, agent] = [&operator_said, &agent_said].map(read_to_string);
        format!(
            "{}\n{}",
            operator.unwrap_or_default(),
            agent.unwrap_or_default()
        )
    };
    let _operator = operate(&operator_root, &operator, &operator_said)?;
    let confined = Confined::new(&lab, agent_root.entrypoint(), &capabilities_of_the_chart()?);
    let kubeconfig = agent.to_str().context("a path in UTF-8")?;
    let interface = &gateway.port().address_interface;
    let mut command = confined.command(&[
        "run",
        "--node-name",
        NODE,
        "--kubeconfig",
        kubeconfig,
        "--interface",
        interface,
    ]);
    command
        .stdout(Stdio::null())
        .stderr(File::create(&agent_said)?);
    let _agent = Running(command.spawn()?);

    let peering = json!({
        "apiVersion": "isthmus.dev/v1alpha1",
        "kind": "VpcPeering",
        "metadata": {"name": PEERING, "namespace": isthmus_lab::NAMESPACE},
    });
    let gateway = json!({
        "apiVersion": "isthmus.dev/v1alpha1",
        "kind": "TransitGateway",
        "metadata": {"name": NODE},
    });
    runtime.block_on(async {
        for (object, kind) in [
            (&gateway, "Synced"),
            (&peering, "Programmed"),
            (&gateway, "Ready"),
        ] {
            eventually(kind, async || {
                anyhow::Ok(condition(&cluster, object, kind).await.unwrap_or_default() == "True")
            })
            .await
            .with_context(logs)?;
        }
        anyhow::Ok(())
    })?;
    assert!(pings(&blue_1, &green_1)?, "{}", logs());
    assert!(!logs().to_lowercase().contains("forbidden"), "{}", logs());
    Ok(())
}
