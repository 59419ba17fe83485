//! An agent writes its own TransitGateway, and nobody else's.

use anyhow::{Context, Result};
use isthmus_chart_tests::{Cluster, Manifest, eventually, token_of_pod, unbound_token};
use kube::api::{DynamicObject, Patch, PatchParams, PostParams};
use serde_json::{Value, from_value, json};

use crate::installed::{Installed, NAMESPACE, gateway, refusal, slice};

pub(crate) const AGENT: (&str, &str) = (NAMESPACE, "isthmus-agent");

pub(crate) fn status_of(name: &str) -> Value {
    json!({
        "apiVersion": isthmus_crds::API_VERSION,
        "kind": "TransitGateway",
        "metadata": {"name": name},
        "status": {"synced": [
            {"pool": "default", "peeringSlices": "1", "forwardingSlices": "2"},
        ]},
    })
}

/// A cluster with agents on the nodes gateway-a and gateway-b, whose policy is
/// in force.
pub(crate) async fn two_agents() -> Result<(Installed, Cluster, Cluster)> {
    let installed = Installed::start().await?;
    let admin = installed.cluster.client();
    let a = installed.bearer(&token_of_pod(&admin, AGENT, "gateway-a").await?)?;
    let b = installed.bearer(&token_of_pod(&admin, AGENT, "gateway-b").await?)?;
    eventually("an agent has its rights", async || {
        anyhow::Ok(a.apply(gateway("gateway-a", &["default"])).await.is_ok())
    })
    .await?;
    eventually("the policy is in force", async || {
        anyhow::Ok(refusal(a.apply(gateway("probe", &["default"])).await).contains("alone"))
    })
    .await?;
    b.apply(gateway("gateway-b", &["default"])).await?;
    Ok((installed, a, b))
}

#[tokio::test]
async fn an_agent_of_node_a_cannot_write_gateway_b() -> Result<()> {
    let (_installed, a, b) = two_agents().await?;
    a.apply_status(status_of("gateway-a")).await?;
    b.apply_status(status_of("gateway-b")).await?;

    let sentence =
        "the agent of node gateway-a may write the TransitGateway gateway-a alone, not gateway-b";
    let applied = refusal(a.apply(gateway("gateway-b", &["default"])).await);
    assert!(
        applied.starts_with("403: ") && applied.contains(sentence),
        "{applied}"
    );
    let status = refusal(a.apply_status(status_of("gateway-b")).await);
    assert!(
        status.starts_with("403: ") && status.contains(sentence),
        "{status}"
    );

    // Neither by a plain POST, nor by one that leaves the name to the server.
    let manifest = Manifest(gateway("gateway-c", &["default"]));
    let api = a.api(&manifest).await?.context("TransitGateways")?;
    let mut object: DynamicObject = from_value(manifest.0)?;
    let posted = api
        .create(&PostParams::default(), &object)
        .await
        .unwrap_err()
        .to_string();
    assert!(
        posted.contains("gateway-a alone, not gateway-c"),
        "{posted}"
    );
    object.metadata.name = None;
    object.metadata.generate_name = Some("gateway-".into());
    let posted = api
        .create(&PostParams::default(), &object)
        .await
        .unwrap_err()
        .to_string();
    assert!(posted.contains("gateway-a alone, not gateway-"), "{posted}");
    Ok(())
}

#[tokio::test]
async fn an_agent_neither_drains_nor_serves_pools_that_are_not_its_releases() -> Result<()> {
    let (installed, a, _) = two_agents().await?;
    let mut draining = gateway("gateway-a", &["default"]);
    draining["spec"]["drain"] = true.into();
    let refused = refusal(a.apply(draining.clone()).await);
    assert!(
        refused.contains("spec.drain is an administrator's to set"),
        "{refused}"
    );
    let refused = refusal(a.apply(gateway("gateway-a", &["default", "other"])).await);
    assert!(
        refused.contains("serves the pools default alone"),
        "{refused}"
    );

    // The platform drains; the agent goes on reporting, and registering.
    installed
        .bind("pat", "isthmus-platform.isthmus-system", "")
        .await?;
    let platform = Cluster::new(installed.person("pat")?);
    let manifest = Manifest(gateway("gateway-a", &["default"]));
    let gateways = platform.api(&manifest).await?.context("TransitGateways")?;
    let drain = Patch::Merge(json!({"spec": {"drain": true}}));
    eventually("pat drains", async || {
        anyhow::Ok(
            gateways
                .patch("gateway-a", &PatchParams::default(), &drain)
                .await
                .is_ok(),
        )
    })
    .await?;
    a.apply_status(status_of("gateway-a")).await?;
    let registered = a.apply(gateway("gateway-a", &["default"])).await?;
    assert_eq!(registered.data["spec"]["drain"], true);
    // Nor does it end the draining.
    let mut serving = gateway("gateway-a", &["default"]);
    serving["spec"]["drain"] = false.into();
    let refused = refusal(a.apply(serving).await);
    assert!(
        refused.contains("spec.drain is an administrator's to set"),
        "{refused}"
    );
    Ok(())
}

#[tokio::test]
async fn a_token_that_names_no_node_writes_nothing_unless_that_is_allowed() -> Result<()> {
    let (installed, a, _) = two_agents().await?;
    let token = unbound_token(&installed.cluster.client(), AGENT).await?;
    let nobody = installed.bearer(&token)?;
    let refused = refusal(nobody.apply(gateway("gateway-a", &["default"])).await);
    assert!(refused.contains("this one names none"), "{refused}");

    installed.set("upgrade", "admission: {requireNodeName: false}")?;
    eventually("the weaker rule is in force", async || {
        anyhow::Ok(
            nobody
                .apply(gateway("gateway-b", &["default"]))
                .await
                .is_ok(),
        )
    })
    .await?;
    let refused = refusal(nobody.apply(gateway("gateway-b", &["other"])).await);
    assert!(
        refused.contains("serves the pools default alone"),
        "{refused}"
    );
    let mut draining = gateway("gateway-b", &["default"]);
    draining["spec"]["drain"] = true.into();
    let refused = refusal(nobody.apply(draining).await);
    assert!(refused.contains("administrator's"), "{refused}");
    // Whoever names a node keeps to it.
    let refused = refusal(a.apply(gateway("gateway-b", &["default"])).await);
    assert!(refused.contains("gateway-a alone"), "{refused}");
    Ok(())
}

#[tokio::test]
async fn an_agent_writes_no_slices() -> Result<()> {
    let (_installed, a, _) = two_agents().await?;
    for kind in ["PeeringSlice", "ForwardingSlice"] {
        let refused = refusal(a.apply(slice(kind, 100)).await);
        assert!(
            refused.starts_with("403: ") && refused.contains("cannot patch resource"),
            "{refused}"
        );
    }
    Ok(())
}
