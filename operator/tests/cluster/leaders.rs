//! Of several operators one writes.

use anyhow::{Result, ensure};
use isthmus_crds::{ForwardingSlice, VpcMember};
use k8s_openapi::api::coordination::v1::Lease;
use kube::Api;

use crate::operator::Operator;
use crate::scene::{Scene, eventually, leads};

/// A standby knows everything.
pub(crate) async fn ready(standby: &Operator) -> Result<()> {
    eventually("the standby knows everything", async || {
        let (code, text) = standby.get("/readyz")?;
        ensure!(code == 200, "{text}");
        Ok(())
    })
    .await
}

async fn two() -> Result<(Scene, Operator, Operator)> {
    let (scene, first) = Scene::with_operator().await?;
    let second = scene.operator("two")?;
    ready(&second).await?;
    scene.vpc("team-a", "blue", 100).await?;
    scene.member(("team-a", "blue", 100), "web-1", 2).await?;
    let at = ("team-a", "web-1");
    scene
        .condition::<VpcMember>(at, "Programmed", "False", "NoGateways")
        .await?;
    assert_eq!(second.metric("isthmus_operator_leader")?, 0.0);
    Ok((scene, first, second))
}

pub(crate) async fn works(scene: &Scene, name: &str, host: u32) -> Result<()> {
    scene.member(("team-a", "blue", 100), name, host).await?;
    eventually("a member in a slice", async || {
        let members = scene.members(100).await?;
        ensure!(
            members.values().flatten().any(|member| member == name),
            "{members:?}"
        );
        Ok(())
    })
    .await?;
    let at = ("team-a", name);
    scene
        .condition::<VpcMember>(at, "Programmed", "False", "NoGateways")
        .await?;
    Ok(())
}

pub(crate) async fn holder(scene: &Scene) -> Result<String> {
    let leases: Api<Lease> = Api::namespaced(scene.client.clone(), "default");
    let lease = leases.get("isthmus-operator").await?;
    Ok(lease
        .spec
        .and_then(|spec| spec.holder_identity)
        .unwrap_or_default())
}

#[tokio::test]
async fn the_standby_takes_over_from_a_leader_that_is_killed() -> Result<()> {
    let (scene, mut first, second) = two().await?;
    first.kill()?;
    leads(&second).await?;
    works(&scene, "web-2", 3).await?;
    assert!(holder(&scene).await?.starts_with("two_"));
    Ok(())
}

#[tokio::test]
async fn a_leader_that_is_told_to_stop_gives_the_lease_back() -> Result<()> {
    let (scene, mut first, second) = two().await?;
    first.signal(libc::SIGTERM)?;
    eventually("it ends", async || {
        ensure!(first.ended()? == Some(true));
        Ok(())
    })
    .await?;
    assert!(first.log().contains("released the lease"));
    leads(&second).await?;
    works(&scene, "web-2", 3).await
}

#[tokio::test]
async fn a_leader_that_was_paused_past_its_lease_writes_nothing_more() -> Result<()> {
    let (scene, first, second) = two().await?;
    first.signal(libc::SIGSTOP)?;
    leads(&second).await?;
    works(&scene, "web-2", 3).await?;
    // What the paused one does not know of, it would undo.
    scene.delete::<VpcMember>("team-a", "web-1").await?;
    works(&scene, "web-3", 4).await?;
    let before = scene.list::<ForwardingSlice>().await?;
    first.signal(libc::SIGCONT)?;
    eventually("it stands by, and knows everything", async || {
        ensure!(first.log().contains("leads no more") || first.log().contains("the lease ran out"));
        ensure!(first.metric("isthmus_operator_leader")? == 0.0);
        ensure!(first.get("/readyz")?.0 == 200);
        Ok(())
    })
    .await?;
    assert_eq!(scene.list::<ForwardingSlice>().await?, before);
    works(&scene, "web-4", 5).await?;
    assert!(holder(&scene).await?.starts_with("two_"));

    // It takes over again, with what the other one did.
    drop(second);
    leads(&first).await?;
    works(&scene, "web-5", 6).await
}
