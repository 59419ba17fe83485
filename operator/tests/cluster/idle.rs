//! Idle means idle.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Result, ensure};
use isthmus_crds::{ForwardingSlice, PeeringSlice, TransitGateway, Vpc, VpcMember, VpcPeering};
use isthmus_lab_apiserver::Part;
use kube::ResourceExt as _;
use tokio::time::{Instant, sleep};

use crate::operator::Operator;
use crate::scene::{Kind, Scene, eventually, leads};

/// How long nothing must happen.
const QUIET: Duration = Duration::from_secs(4);

async fn versions<K: Kind>(scene: &Scene, all: &mut BTreeMap<String, String>) -> Result<()> {
    for object in scene.list::<K>().await? {
        let name = format!(
            "{} {}/{}",
            K::kind(&()),
            object.namespace().unwrap_or_default(),
            object.name_any()
        );
        all.insert(name, object.resource_version().unwrap_or_default());
    }
    Ok(())
}

async fn everything(scene: &Scene) -> Result<BTreeMap<String, String>> {
    let mut all = BTreeMap::new();
    versions::<Vpc>(scene, &mut all).await?;
    versions::<VpcMember>(scene, &mut all).await?;
    versions::<VpcPeering>(scene, &mut all).await?;
    versions::<TransitGateway>(scene, &mut all).await?;
    versions::<PeeringSlice>(scene, &mut all).await?;
    versions::<ForwardingSlice>(scene, &mut all).await?;
    Ok(all)
}

async fn is_quiet(scene: &Scene, operator: &Operator) -> Result<()> {
    // The last statuses may wait for their round.
    eventually("nothing waits", async || {
        let depth = operator.metric("isthmus_operator_queue_depth")?;
        ensure!(depth == 0.0, "{depth}");
        Ok(())
    })
    .await?;
    let before = everything(scene).await?;
    let used = operator.processor_time()?;
    let until = Instant::now() + QUIET;
    while Instant::now() < until {
        sleep(QUIET / 8).await;
        assert_eq!(everything(scene).await?, before);
    }
    let used = operator.processor_time()? - used;
    assert!(used < QUIET / 10, "{used:?} of processor time");
    Ok(())
}

#[tokio::test]
async fn nothing_is_written_while_nothing_changes_nor_by_another_operator() -> Result<()> {
    let (scene, operator) = Scene::with_operator().await?;
    scene.gateway("tgw-1", &["default"]).await?;
    scene.vpc("team-a", "blue", 100).await?;
    scene.vpc("team-a", "green", 200).await?;
    for host in 2..30 {
        let name = format!("web-{host}");
        scene.member(("team-a", "blue", 100), &name, host).await?;
    }
    scene.member(("team-a", "blue", 100), "twin", 2).await?;
    scene
        .peering("team-a", "p", "blue", "{name: green}")
        .await?;
    eventually("members are written", async || {
        let count = scene
            .members(100)
            .await?
            .values()
            .map(Vec::len)
            .sum::<usize>();
        ensure!(count == 28, "{count}");
        Ok(())
    })
    .await?;
    scene
        .programmed::<VpcPeering>("tgw-1", ("team-a", "p"))
        .await?;
    scene
        .programmed::<VpcMember>("tgw-1", ("team-a", "web-29"))
        .await?;
    is_quiet(&scene, &operator).await?;

    let before = everything(&scene).await?;
    drop(operator);
    let operator = scene.operator("two")?;
    leads(&operator).await?;
    is_quiet(&scene, &operator).await?;
    assert_eq!(everything(&scene).await?, before);
    Ok(())
}

#[tokio::test]
async fn without_an_api_server_it_waits_and_does_not_spin() -> Result<()> {
    let (scene, operator) = Scene::with_operator().await?;
    scene.vpc("team-a", "blue", 100).await?;
    for host in 2..40 {
        let name = format!("web-{host}");
        scene.member(("team-a", "blue", 100), &name, host).await?;
    }
    // Much of it is still to be written.
    scene.server.kill(Part::ApiServer)?;
    eventually("it notices", async || {
        ensure!(operator.log().contains("cannot watch"));
        Ok(())
    })
    .await?;
    let used = operator.processor_time()?;
    sleep(QUIET).await;
    let used = operator.processor_time()? - used;
    assert!(used < QUIET / 4, "{used:?} of processor time");
    scene.server.restart(Part::ApiServer).await?;
    eventually("every member is in a slice", async || {
        let count = scene
            .members(100)
            .await?
            .values()
            .map(Vec::len)
            .sum::<usize>();
        ensure!(count == 38, "{count}");
        Ok(())
    })
    .await
}
