//! What the operator tells beside statuses: Events, metrics, health.

use anyhow::{Result, ensure};
use isthmus_crds::{TransitGateway, VpcMember, VpcPeering};
use k8s_openapi::api::events::v1::Event;
use kube::Api;
use kube::api::ListParams;

use crate::scene::{Scene, eventually};

/// Action and reason of each Event on a peering, in order of their times.
async fn events(scene: &Scene, peering: &str) -> Result<Vec<(String, String)>> {
    let api: Api<Event> = Api::namespaced(scene.client.clone(), "team-a");
    let mut events = api.list(&ListParams::default()).await?.items;
    events.retain(|event| {
        let regarding = event.regarding.clone().unwrap_or_default();
        regarding.kind.as_deref() == Some("VpcPeering")
            && regarding.name.as_deref() == Some(peering)
    });
    events.sort_by_key(|event| event.event_time.clone().map(|time| time.0));
    let rows = events.into_iter();
    Ok(rows
        .map(|event| {
            (
                event.action.unwrap_or_default(),
                event.reason.unwrap_or_default(),
            )
        })
        .collect())
}

#[tokio::test]
async fn a_peerings_changes_of_state_are_events_on_it() -> Result<()> {
    let (scene, _operator) = Scene::with_operator().await?;
    scene.gateway("tgw-1", &["default"]).await?;
    scene.vpc("team-a", "blue", 100).await?;
    scene
        .peering("team-a", "p", "blue", "{name: green}")
        .await?;
    let at = ("team-a", "p");
    scene
        .condition::<VpcPeering>(at, "Accepted", "False", "PeerNotFound")
        .await?;
    scene.vpc("team-a", "green", 200).await?;
    scene.programmed::<VpcPeering>("tgw-1", at).await?;
    scene.delete::<TransitGateway>("", "tgw-1").await?;
    let wanted = [
        ("Accepted", "PeerNotFound"),
        ("Accepted", "Accepted"),
        ("Programmed", "Programmed"),
        ("Programmed", "NoGateways"),
    ];
    let wanted = wanted.map(|(action, reason)| (action.to_owned(), reason.to_owned()));
    eventually("events", async || {
        let events = events(&scene, "p").await?;
        ensure!(events == wanted, "{events:?}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn metrics_count_objects_by_verdict_and_writes_by_result() -> Result<()> {
    let (scene, operator) = Scene::with_operator().await?;
    scene.vpc("team-a", "blue", 100).await?;
    scene.member(("team-a", "blue", 100), "web-1", 2).await?;
    scene.next_second().await?;
    scene.member(("team-a", "blue", 100), "web-2", 2).await?;
    let at = ("team-a", "web-2");
    scene
        .condition::<VpcMember>(at, "Accepted", "False", "AddressTaken")
        .await?;
    let metric = |name: &str| operator.metric(&format!("isthmus_operator_{name}"));
    eventually("counts", async || {
        let of = |verdict| {
            metric(&format!(
                "objects{{kind=\"VpcMember\",verdict=\"{verdict}\"}}"
            ))
        };
        ensure!(of("Accepted")? == 1.0 && of("Rejected")? == 1.0);
        let written = "slice_writes_total{kind=\"ForwardingSlice\",result=\"written\"}";
        ensure!(metric(written)? == 1.0);
        ensure!(metric("status_writes_total{result=\"written\"}")? >= 3.0);
        ensure!(metric("lag_seconds_count")? == 1.0);
        ensure!(metric("leader")? == 1.0 && metric("terms_total")? == 1.0);
        Ok(())
    })
    .await?;
    assert_eq!(operator.get("/healthz")?, (200, "ok\n".to_owned()));
    assert_eq!(operator.get("/readyz")?, (200, "ready\n".to_owned()));
    Ok(())
}

#[tokio::test]
async fn an_operator_without_kinds_is_alive_and_says_what_it_waits_for() -> Result<()> {
    let server = isthmus_lab_apiserver::ApiServer::start().await?;
    let operator = crate::operator::Operator::start(server.kubeconfig(), "one", 3)?;
    eventually("it is not ready", async || {
        let (code, text) = operator.get("/readyz")?;
        ensure!(code == 503 && text.contains("listed"), "{code} {text}");
        Ok(())
    })
    .await?;
    server.install_crds(&server.client()?).await?;
    crate::scene::leads(&operator).await
}
