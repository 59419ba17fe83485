//! Nobody but the operator writes slices: what others do is undone.

use anyhow::{Context as _, Result, ensure};
use isthmus_crds::{ForwardingSlice, PeeringSlice, VpcMember};
use kube::api::{Patch, PatchParams};
use kube::{Api, ResourceExt as _};
use serde_json::{Value, json};

use crate::operator::Operator;
use crate::scene::{Kind, Scene, eventually};

/// What slices say, by name.
type Contents = Vec<(String, Value, Value)>;

async fn contents(scene: &Scene) -> Result<Contents> {
    let row = |name: String, labels: Value, spec: Value| (name, labels, spec);
    let mut all = Vec::new();
    for slice in scene.list::<ForwardingSlice>().await? {
        all.push(row(
            slice.name_any(),
            json!(slice.labels()),
            json!(slice.spec),
        ));
    }
    for slice in scene.list::<PeeringSlice>().await? {
        all.push(row(
            slice.name_any(),
            json!(slice.labels()),
            json!(slice.spec),
        ));
    }
    Ok(all)
}

async fn peered() -> Result<(Scene, Operator, Contents)> {
    let (scene, operator) = Scene::with_operator().await?;
    scene.vpc("team-a", "blue", 100).await?;
    scene.vpc("team-a", "green", 200).await?;
    scene.member(("team-a", "blue", 100), "web-1", 2).await?;
    scene
        .peering("team-a", "p", "blue", "{name: green}")
        .await?;
    let before = eventually("slices", async || {
        let all = contents(&scene).await?;
        ensure!(all.len() == 3);
        Ok(all)
    })
    .await?;
    Ok((scene, operator, before))
}

async fn becomes(scene: &Scene, wanted: &Contents) -> Result<()> {
    eventually("what it was", async || {
        let now = contents(scene).await?;
        ensure!(now == *wanted, "{now:#?}");
        Ok(())
    })
    .await
}

async fn first<K: Kind>(scene: &Scene) -> Result<String> {
    let all = scene.list::<K>().await?;
    Ok(all.first().context("a slice")?.name_any())
}

#[tokio::test]
async fn a_slice_that_is_edited_by_hand_is_put_right() -> Result<()> {
    let (scene, _operator, before) = peered().await?;
    let forwarding: Api<ForwardingSlice> = Api::all(scene.client.clone());
    let peering: Api<PeeringSlice> = Api::all(scene.client.clone());
    let params = PatchParams::default();
    let name = first::<ForwardingSlice>(&scene).await?;
    for patch in [
        json!({"spec": {"members": []}}),
        json!({"spec": {"vni": 7}}),
        json!({"metadata": {"labels": {"isthmus.dev/vni": "7", "pool.isthmus.dev/big": ""}}}),
        json!({"metadata": {"labels": null}}),
    ] {
        forwarding
            .patch(&name, &params, &Patch::Merge(&patch))
            .await?;
        becomes(&scene, &before).await?;
    }
    let name = first::<PeeringSlice>(&scene).await?;
    let patch = json!({"spec": {"routes": [{
        "prefix": "0.0.0.0/0", "peerVni": 200, "peerUid": "u",
        "peering": {"namespace": "team-a", "name": "p"},
    }]}});
    peering.patch(&name, &params, &Patch::Merge(&patch)).await?;
    becomes(&scene, &before).await
}

#[tokio::test]
async fn slices_that_are_deleted_by_hand_come_back_and_strays_go() -> Result<()> {
    let (scene, _operator, before) = peered().await?;
    scene
        .delete::<ForwardingSlice>("", &first::<ForwardingSlice>(&scene).await?)
        .await?;
    scene
        .delete::<PeeringSlice>("", &first::<PeeringSlice>(&scene).await?)
        .await?;
    becomes(&scene, &before).await?;
    scene
        .apply_value::<ForwardingSlice>(&json!({
            "apiVersion": isthmus_crds::API_VERSION, "kind": "ForwardingSlice",
            "metadata": {"name": "stray"},
            "spec": {
                "vni": 100, "vpc": {"namespace": "team-a", "name": "blue", "uid": "u"},
                "members": [],
            },
        }))
        .await?;
    becomes(&scene, &before).await
}

#[tokio::test]
async fn what_happened_while_no_operator_ran_is_made_up_for() -> Result<()> {
    let (scene, mut operator, before) = peered().await?;
    operator.kill()?;
    scene
        .delete::<ForwardingSlice>("", &first::<ForwardingSlice>(&scene).await?)
        .await?;
    scene.delete::<VpcMember>("team-a", "web-1").await?;
    scene.member(("team-a", "blue", 100), "web-1", 2).await?;
    let _operator = scene.operator("two")?;
    becomes(&scene, &before).await
}
