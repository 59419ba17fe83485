//! A peering across namespaces needs both halves.

use anyhow::{Result, ensure};
use isthmus_crds::{Vpc, VpcPeering};

use crate::scene::{Scene, eventually};

const OURS: (&str, &str) = ("team-a", "to-green");
const THEIRS: (&str, &str) = ("team-b", "to-blue");

async fn state_half(scene: &Scene, half: (&str, &str)) -> Result<()> {
    if half == OURS {
        let peer = "{name: green, namespace: team-b}";
        scene.peering(half.0, half.1, "blue", peer).await?;
    } else {
        let peer = "{name: blue, namespace: team-a}";
        scene.peering(half.0, half.1, "green", peer).await?;
    }
    Ok(())
}

async fn routes_are(scene: &Scene, count: usize) -> Result<()> {
    eventually(&format!("{count} routes each way"), async || {
        for vni in [100, 200] {
            let routes = scene.routes(vni).await?;
            ensure!(routes.len() == count, "{vni}: {routes:?}");
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn halves_in_either_order_peer_and_either_ends_it() -> Result<()> {
    let (scene, _operator) = Scene::with_operator().await?;
    scene.vpc("team-a", "blue", 100).await?;
    scene.vpc("team-b", "green", 200).await?;
    for [first, second] in [[OURS, THEIRS], [THEIRS, OURS]] {
        for ends in [first, second] {
            state_half(&scene, first).await?;
            scene
                .condition::<VpcPeering>(first, "Accepted", "False", "WaitingForPeer")
                .await?;
            routes_are(&scene, 0).await?;
            state_half(&scene, second).await?;
            for half in [first, second] {
                scene
                    .condition::<VpcPeering>(half, "Accepted", "True", "Accepted")
                    .await?;
                scene
                    .condition::<VpcPeering>(half, "PeerAccepted", "True", "Accepted")
                    .await?;
            }
            routes_are(&scene, 1).await?;

            scene.delete::<VpcPeering>(ends.0, ends.1).await?;
            routes_are(&scene, 0).await?;
            let stays = if ends == first { second } else { first };
            scene
                .condition::<VpcPeering>(stays, "Accepted", "False", "WaitingForPeer")
                .await?;
            scene.delete::<VpcPeering>(stays.0, stays.1).await?;
        }
    }
    Ok(())
}

#[tokio::test]
async fn halves_may_come_before_the_vpcs_that_they_name() -> Result<()> {
    let (scene, _operator) = Scene::with_operator().await?;
    state_half(&scene, OURS).await?;
    scene
        .condition::<VpcPeering>(OURS, "Accepted", "False", "VpcNotFound")
        .await?;
    state_half(&scene, THEIRS).await?;
    scene.vpc("team-a", "blue", 100).await?;
    scene
        .condition::<VpcPeering>(OURS, "Accepted", "False", "PeerNotFound")
        .await?;
    scene.vpc("team-b", "green", 200).await?;
    routes_are(&scene, 1).await?;
    scene.delete::<Vpc>("team-b", "green").await?;
    routes_are(&scene, 0).await?;
    scene
        .condition::<VpcPeering>(OURS, "Accepted", "False", "PeerNotFound")
        .await?;
    Ok(())
}

#[tokio::test]
async fn a_half_that_is_being_deleted_has_ended_though_a_finalizer_holds_it() -> Result<()> {
    let (scene, _operator) = Scene::with_operator().await?;
    scene.vpc("team-a", "blue", 100).await?;
    scene.vpc("team-b", "green", 200).await?;
    state_half(&scene, THEIRS).await?;
    let half = |finalizers: &str| {
        format!(
            "{{apiVersion: isthmus.dev/v1alpha1, kind: VpcPeering,
              metadata: {{name: to-green, namespace: team-a, finalizers: [{finalizers}]}},
              spec: {{vpc: blue, peer: {{name: green, namespace: team-b}}}}}}"
        )
    };
    scene
        .apply::<VpcPeering>(&half("example.com/audit"))
        .await?;
    routes_are(&scene, 1).await?;
    scene.delete::<VpcPeering>("team-a", "to-green").await?;
    routes_are(&scene, 0).await?;
    scene.apply::<VpcPeering>(&half("")).await?;
    Ok(())
}
