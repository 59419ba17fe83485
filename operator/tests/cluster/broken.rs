//! Statuses and slices that no version of Isthmus would have written.

use anyhow::Result;
use isthmus_crds::{ForwardingSlice, PeeringSlice, TransitGateway, Vpc, VpcMember, VpcPeering};
use isthmus_lab_apiserver::variants;
use kube::Api;
use kube::api::{ApiResource, DynamicObject, Patch, PatchParams};
use kube::core::GroupVersionKind;
use serde_json::{Value, json};

use crate::scene::{Kind, Scene, eventually, leads};

/// What the status of some object may have become.
fn wrecks() -> [Value; 3] {
    [
        json!({"conditions": 7, "observedGeneration": "old"}),
        json!({"conditions": [{"type": "Accepted"}], "members": [], "exportedPrefixes": ["all"]}),
        json!({"synced": "yes", "entries": 4, "conditions": {"Ready": true}}),
    ]
}

/// Puts a status in place, whatever the types say of it.
async fn wreck<K: Kind>(scene: &Scene, (namespace, name): (&str, &str), to: &Value) -> Result<()> {
    let kind = GroupVersionKind::gvk(isthmus_crds::GROUP, isthmus_crds::VERSION, &K::kind(&()));
    let resource = ApiResource::from_gvk_with_plural(&kind, &K::plural(&()));
    let client = scene.client.clone();
    let api: Api<DynamicObject> = if namespace.is_empty() {
        Api::all_with(client, &resource)
    } else {
        Api::namespaced_with(client, namespace, &resource)
    };
    let patch = Patch::Merge(json!({"status": to}));
    api.patch_status(name, &PatchParams::default(), &patch)
        .await?;
    Ok(())
}

/// Blue and green with a member, peered, with a gateway.
async fn objects(scene: &Scene) -> Result<()> {
    scene.gateway("tgw-1", &["default"]).await?;
    scene.vpc("team-a", "blue", 100).await?;
    scene.vpc("team-a", "green", 200).await?;
    scene.member(("team-a", "blue", 100), "web-1", 2).await?;
    scene
        .peering("team-a", "p", "blue", "{name: green}")
        .await?;
    Ok(())
}

/// Breaks every status.
async fn wreckage(scene: &Scene, to: &Value) -> Result<()> {
    wreck::<Vpc>(scene, ("team-a", "blue"), to).await?;
    wreck::<VpcMember>(scene, ("team-a", "web-1"), to).await?;
    wreck::<VpcPeering>(scene, ("team-a", "p"), to).await?;
    wreck::<TransitGateway>(scene, ("", "tgw-1"), to).await?;
    Ok(())
}

#[tokio::test]
async fn broken_statuses_are_put_right_and_a_broken_gateway_stops_nobody() -> Result<()> {
    let scene = Scene::bare().await?;
    scene.server.install_crds(&scene.client).await?;
    objects(&scene).await?;
    let mut operator = None;
    for to in wrecks() {
        scene
            .server
            .install_crds_as(&scene.client, variants::careless)
            .await?;
        wreckage(&scene, &to).await?;
        // Found by a new operator in the first round, then by one that runs.
        scene.server.install_crds(&scene.client).await?;
        if operator.is_none() {
            operator = Some(scene.operator("one")?);
        }
        if let Some(operator) = &operator {
            leads(operator).await?;
        }
        let accepted = ("Accepted", "True", "Accepted");
        let (kind, status, reason) = accepted;
        scene
            .condition::<Vpc>(("team-a", "blue"), kind, status, reason)
            .await?;
        scene
            .condition::<VpcMember>(("team-a", "web-1"), kind, status, reason)
            .await?;
        scene
            .condition::<VpcPeering>(("team-a", "p"), kind, status, reason)
            .await?;
        // The gateway counts, and counts as one that has nothing yet.
        scene
            .condition::<VpcPeering>(("team-a", "p"), "Programmed", "False", "Pending")
            .await?;
    }
    // Its agent's next report puts the gateway's own right.
    wreck::<TransitGateway>(&scene, ("", "tgw-1"), &Value::Null).await?;
    scene
        .programmed::<VpcPeering>("tgw-1", ("team-a", "p"))
        .await?;
    Ok(())
}

#[tokio::test]
async fn slices_that_nobody_could_read_are_written_anew_or_deleted() -> Result<()> {
    let (scene, operator) = Scene::with_operator().await?;
    objects(&scene).await?;
    let name = eventually("both kinds of slices", async || {
        let forwarding = scene.list::<ForwardingSlice>().await?;
        let peering = scene.list::<PeeringSlice>().await?;
        anyhow::ensure!(forwarding.len() == 1 && peering.len() == 2);
        Ok(forwarding[0].metadata.name.clone().unwrap_or_default())
    })
    .await?;
    let before = (scene.members(100).await?, scene.routes(200).await?);
    scene
        .server
        .install_crds_as(&scene.client, variants::careless)
        .await?;
    for kind in ["ForwardingSlice", "PeeringSlice"] {
        let kind = GroupVersionKind::gvk(isthmus_crds::GROUP, isthmus_crds::VERSION, kind);
        let api: Api<DynamicObject> =
            Api::all_with(scene.client.clone(), &ApiResource::from_gvk(&kind));
        let patch = json!({"spec": {"vni": "many", "members": 3, "routes": {"to": "all"}}});
        api.patch(&name, &PatchParams::default(), &Patch::Merge(patch))
            .await?;
        let mut stray = DynamicObject::new("stray", &ApiResource::from_gvk(&kind));
        stray.data = json!({"spec": {"vni": []}});
        api.create(&kube::api::PostParams::default(), &stray)
            .await?;
    }
    eventually("the slices as they were, and no others", async || {
        let now = (scene.members(100).await?, scene.routes(200).await?);
        anyhow::ensure!(now == before, "{now:?}");
        anyhow::ensure!(scene.list::<ForwardingSlice>().await?.len() == 1);
        Ok(())
    })
    .await?;
    assert_eq!(operator.get("/healthz")?.0, 200);
    Ok(())
}
