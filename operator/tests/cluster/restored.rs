//! A cluster that is restored from a backup while the operator runs.

use anyhow::{Result, ensure};
use isthmus_crds::{ForwardingSlice, PeeringSlice, Vpc, VpcMember, VpcPeering};
use kube::ResourceExt as _;

use crate::operator::Operator;
use crate::scene::{Scene, eventually, leads};

/// What slices say of VNI 100: members, and prefixes of routes.
async fn says(scene: &Scene, members: &[&str], routes: usize) -> Result<()> {
    eventually(&format!("slices with {members:?}"), async || {
        let slices = scene.members(100).await?;
        let mut found: Vec<&str> = slices.values().flatten().map(String::as_str).collect();
        found.sort_unstable();
        ensure!(found == members, "{found:?}");
        let found = scene.routes(100).await?;
        ensure!(found.len() == routes, "{found:?}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn an_operator_notices_and_what_the_backup_lacks_is_gone() -> Result<()> {
    let scene = Scene::new().await?;
    // Its lease outlives the restoration: it does not begin anew for want of it.
    let operator = Operator::start(scene.server.kubeconfig(), "one", 300)?;
    leads(&operator).await?;
    let blue = ("team-a", "blue", 100);
    scene.gateway("tgw-1", &["default"]).await?;
    scene.vpc("team-a", "blue", 100).await?;
    scene.vpc("team-a", "green", 200).await?;
    for (name, host) in [("web-1", 1), ("web-2", 2), ("web-3", 3)] {
        scene.member(blue, name, 16 + host).await?;
    }
    scene
        .peering("team-a", "p", "blue", "{name: green}")
        .await?;
    says(&scene, &["web-1", "web-2", "web-3"], 1).await?;
    scene
        .programmed::<VpcPeering>("tgw-1", ("team-a", "p"))
        .await?;
    let backup = scene.server.back_up().await?;

    // All that the backup does not have: slices that are newer, older, there and
    // not there, a Vpc of another UID, statuses.
    scene.delete::<VpcMember>("team-a", "web-1").await?;
    scene.member(blue, "web-4", 20).await?;
    scene.member(blue, "web-2", 21).await?;
    scene.delete::<VpcPeering>("team-a", "p").await?;
    scene.vpc("team-a", "red", 150).await?;
    scene.member(("team-a", "red", 150), "web-9", 9).await?;
    let old: Vpc = scene.get("team-a", "green").await?;
    scene.delete::<Vpc>("team-a", "green").await?;
    let new = scene.vpc("team-a", "green", 200).await?;
    assert_ne!(old.uid(), new.uid());
    says(&scene, &["web-2", "web-3", "web-4"], 0).await?;
    scene
        .condition::<VpcMember>(("team-a", "web-9"), "Accepted", "True", "Accepted")
        .await?;
    let before = scene.version::<VpcMember>().await?;

    scene.server.restore(&backup).await?;
    assert!(scene.version::<VpcMember>().await? < before);
    says(&scene, &["web-1", "web-2", "web-3"], 1).await?;
    eventually("nothing of what came later is left", async || {
        let forwarding = scene.list::<ForwardingSlice>().await?;
        ensure!(forwarding.iter().all(|slice| slice.spec.vni.get() == 100));
        let member = forwarding.iter().flat_map(|slice| &slice.spec.members);
        let mut web_2 = member.filter(|member| member.name == "web-2");
        ensure!(web_2.all(|member| member.addresses[0].to_string() == "10.100.0.18"));
        let routes = scene.list::<PeeringSlice>().await?;
        let mut routes = routes.iter().flat_map(|slice| &slice.spec.routes);
        ensure!(routes.all(|route| Some(&route.peer_uid) != new.uid().as_ref()));
        Ok(())
    })
    .await?;

    // It goes on where the backup ends, and counts from there.
    scene.member(blue, "web-5", 22).await?;
    says(&scene, &["web-1", "web-2", "web-3", "web-5"], 1).await?;
    for name in ["web-1", "web-5"] {
        scene
            .programmed::<VpcMember>("tgw-1", ("team-a", name))
            .await?;
    }
    scene
        .programmed::<VpcPeering>("tgw-1", ("team-a", "p"))
        .await?;
    assert!(operator.log().contains("the cluster was restored"));
    assert_eq!(operator.get("/healthz")?.0, 200);
    Ok(())
}
