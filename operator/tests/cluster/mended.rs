//! What is rejected says why, holds nothing, and is taken once it is mended.

use anyhow::{Result, ensure};
use isthmus_crds::{Vpc, VpcMember, VpcPeering};
use serde_json::json;

use crate::scene::{Scene, eventually};

#[tokio::test]
async fn a_rejected_member_is_taken_once_its_address_is_free() -> Result<()> {
    let (scene, _operator) = Scene::with_operator().await?;
    scene.vpc("team-a", "blue", 100).await?;
    scene.member(("team-a", "blue", 100), "web-1", 2).await?;
    scene
        .condition::<VpcMember>(("team-a", "web-1"), "Accepted", "True", "Accepted")
        .await?;
    scene.next_second().await?;
    let late = ("team-a", "web-2");
    scene.member(("team-a", "blue", 100), "web-2", 2).await?;
    let found = scene
        .condition::<VpcMember>(late, "Accepted", "False", "AddressTaken")
        .await?;
    assert!(
        found.message.contains("held by VpcMember team-a/web-1"),
        "{}",
        found.message
    );
    scene
        .condition::<VpcMember>(late, "Programmed", "False", "NotAccepted")
        .await?;

    scene.member(("team-a", "blue", 100), "web-2", 3).await?;
    scene
        .condition::<VpcMember>(late, "Accepted", "True", "Accepted")
        .await?;
    eventually("both", async || {
        let members = scene.members(100).await?;
        ensure!(members["0"] == ["web-1", "web-2"], "{members:?}");
        Ok(())
    })
    .await?;

    scene.member(("team-a", "blue", 100), "web-3", 2).await?;
    scene
        .condition::<VpcMember>(("team-a", "web-3"), "Accepted", "False", "AddressTaken")
        .await?;
    scene.delete::<VpcMember>("team-a", "web-1").await?;
    scene
        .condition::<VpcMember>(("team-a", "web-3"), "Accepted", "True", "Accepted")
        .await?;
    Ok(())
}

#[tokio::test]
async fn a_vpc_whose_vni_is_taken_learns_not_by_whom_elsewhere_and_gets_it_later() -> Result<()> {
    let (scene, _operator) = Scene::with_operator().await?;
    scene.vpc("team-b", "secret", 100).await?;
    scene
        .condition::<Vpc>(("team-b", "secret"), "Accepted", "True", "Accepted")
        .await?;
    scene.next_second().await?;
    scene.vpc("team-a", "blue", 100).await?;
    let at = ("team-a", "blue");
    let found = scene
        .condition::<Vpc>(at, "Accepted", "False", "VniTaken")
        .await?;
    assert!(!found.message.contains("secret"), "{}", found.message);
    scene.delete::<Vpc>("team-b", "secret").await?;
    scene
        .condition::<Vpc>(at, "Accepted", "True", "Accepted")
        .await?;
    Ok(())
}

#[tokio::test]
async fn a_peering_with_a_foreign_export_is_taken_once_it_is_narrowed() -> Result<()> {
    let (scene, _operator) = Scene::with_operator().await?;
    scene.vpc("team-a", "blue", 100).await?;
    scene.vpc("team-a", "green", 200).await?;
    let peering = |prefix: &str| {
        json!({
            "apiVersion": isthmus_crds::API_VERSION, "kind": "VpcPeering",
            "metadata": {"name": "p", "namespace": "team-a"},
            "spec": {"vpc": "blue", "peer": {"name": "green"}, "exportPrefixes": [prefix]},
        })
    };
    let at = ("team-a", "p");
    scene
        .apply_value::<VpcPeering>(&peering("10.99.0.0/24"))
        .await?;
    scene
        .condition::<VpcPeering>(at, "Accepted", "False", "ExportNotOwned")
        .await?;
    assert!(scene.routes(200).await?.is_empty());
    scene
        .apply_value::<VpcPeering>(&peering("10.100.7.0/24"))
        .await?;
    scene
        .condition::<VpcPeering>(at, "Accepted", "True", "Accepted")
        .await?;
    eventually("the route", async || {
        let routes = scene.routes(200).await?;
        ensure!(
            routes == [("10.100.7.0/24".to_owned(), 100)].into(),
            "{routes:?}"
        );
        Ok(())
    })
    .await?;
    Ok(())
}
