//! A name that is used again is another object's.

use anyhow::{Result, ensure};
use isthmus_crds::{ForwardingSlice, PeeringSlice, Vpc};
use kube::ResourceExt as _;

use crate::scene::{Scene, eventually};

#[tokio::test]
async fn slices_of_a_vpc_that_is_made_again_are_of_the_new_uid() -> Result<()> {
    let (scene, _operator) = Scene::with_operator().await?;
    scene.vpc("team-a", "blue", 100).await?;
    scene.vpc("team-a", "green", 200).await?;
    scene.member(("team-a", "blue", 100), "web-1", 2).await?;
    scene
        .peering("team-a", "p", "blue", "{name: green}")
        .await?;
    let all_of = async |uid: &str| {
        eventually(&format!("slices of {uid}"), async || {
            let forwarding = scene.list::<ForwardingSlice>().await?;
            let [slice] = &forwarding[..] else {
                anyhow::bail!("{} slices", forwarding.len());
            };
            ensure!(slice.spec.vpc.uid == uid && slice.spec.members.len() == 1);
            ensure!(slice.name_any() == format!("vni-100-{}-0", &uid[..8]));
            let peering = scene.list::<PeeringSlice>().await?;
            ensure!(peering.len() == 2);
            for slice in peering {
                let route = &slice.spec.routes[0];
                let is_new = slice.spec.vpc.uid == uid || route.peer_uid == uid;
                ensure!(is_new, "{slice:?}");
            }
            Ok(())
        })
        .await
    };
    let mut before = String::new();
    for _ in 0..3 {
        let vpc: Vpc = scene.vpc("team-a", "blue", 100).await?;
        let uid = vpc.uid().unwrap_or_default();
        assert_ne!(uid, before);
        all_of(&uid).await?;
        scene
            .condition::<Vpc>(("team-a", "blue"), "Accepted", "True", "Accepted")
            .await?;
        // Deleted and made again at once.
        scene.delete::<Vpc>("team-a", "blue").await?;
        before = uid;
    }
    Ok(())
}
