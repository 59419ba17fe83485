//! From what people apply to slices.

use anyhow::{Result, ensure};
use isthmus_crds::labels::{MANAGED_BY_LABEL, OPERATOR, VNI_LABEL};
use isthmus_crds::{ForwardingSlice, PeeringSlice, Vpc, VpcMember, VpcPeering};
use kube::ResourceExt as _;

use crate::scene::{Scene, eventually, pools};

#[tokio::test]
async fn vpcs_members_and_a_peering_become_slices_and_statuses() -> Result<()> {
    let (scene, _operator) = Scene::with_operator().await?;
    scene.gateway("tgw-1", &["default"]).await?;
    let blue = scene.vpc("team-a", "blue", 100).await?;
    let green = scene.vpc("team-a", "green", 200).await?;
    scene.member(("team-a", "blue", 100), "web-1", 2).await?;
    scene.member(("team-a", "green", 200), "db-1", 2).await?;
    scene
        .peering("team-a", "blue-green", "blue", "{name: green}")
        .await?;

    let at = ("team-a", "blue-green");
    scene
        .condition::<VpcPeering>(at, "Accepted", "True", "Accepted")
        .await?;
    scene
        .condition::<VpcPeering>(at, "PeerAccepted", "True", "Accepted")
        .await?;
    let condition = scene
        .condition::<VpcPeering>(at, "Programmed", "False", "Pending")
        .await?;
    assert_eq!(condition.message, "0/1 gateways");

    let name = format!("vni-100-{}-0", &blue.uid().unwrap_or_default()[..8]);
    let slice = eventually("the slice", async || {
        scene.get::<ForwardingSlice>("", &name).await
    })
    .await?;
    assert_eq!(slice.spec.vpc.uid, blue.uid().unwrap_or_default());
    let [member] = &slice.spec.members[..] else {
        panic!("{slice:?}");
    };
    assert_eq!((&*member.name, member.addresses.len()), ("web-1", 1));
    assert_eq!(slice.labels()[VNI_LABEL], "100");
    assert_eq!(slice.labels()[MANAGED_BY_LABEL], OPERATOR);
    assert_eq!(pools(slice.labels()), ["default"]);
    let slice = eventually("the routes", async || {
        scene.get::<PeeringSlice>("", &name).await
    })
    .await?;
    let [route] = &slice.spec.routes[..] else {
        panic!("{slice:?}");
    };
    assert_eq!(route.prefix.to_string(), "10.200.0.0/16");
    assert_eq!(route.peer_uid, green.uid().unwrap_or_default());
    assert_eq!(route.peering.name, "blue-green");

    let condition = scene.programmed::<VpcPeering>("tgw-1", at).await?;
    assert_eq!(condition.message, "1/1 gateways");
    for name in ["web-1", "db-1"] {
        scene
            .programmed::<VpcMember>("tgw-1", ("team-a", name))
            .await?;
    }
    let peering: VpcPeering = scene.get("team-a", "blue-green").await?;
    let status = peering.status.unwrap_or_default();
    assert_eq!(status.exported_prefixes[0].to_string(), "10.100.0.0/16");
    assert_eq!(status.imported_prefixes[0].to_string(), "10.200.0.0/16");
    eventually("counts", async || {
        let vpc: Vpc = scene.get("team-a", "blue").await?;
        let status = vpc.status.unwrap_or_default();
        let counts = (status.members, status.peers, status.entries);
        ensure!(counts == (Some(1), Some(1), Some(1)), "{counts:?}");
        Ok(())
    })
    .await?;
    Ok(())
}
