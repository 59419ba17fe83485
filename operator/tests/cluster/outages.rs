//! The API server and etcd come and go under load.

use anyhow::{Result, ensure};
use isthmus_crds::{VpcMember, VpcPeering};
use isthmus_lab_apiserver::Part;

use crate::operator::Operator;
use crate::scene::{Scene, eventually, leads};

/// Applies a member until the API server takes it.
async fn insist(scene: &Scene, host: u32) -> Result<()> {
    let name = format!("web-{host}");
    eventually("a member is taken", async || {
        scene.member(("team-a", "blue", 100), &name, host).await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn everything_is_written_though_api_server_and_etcd_are_killed_under_load() -> Result<()> {
    let (scene, operator) = Scene::with_operator().await?;
    scene.vpc("team-a", "blue", 100).await?;
    for (round, part) in [Part::ApiServer, Part::Etcd, Part::ApiServer]
        .into_iter()
        .enumerate()
    {
        let first = 2 + 40 * u32::try_from(round)?;
        let load = async {
            for host in first..first + 40 {
                insist(&scene, host).await?;
            }
            anyhow::Ok(())
        };
        let outage = async {
            eventually("half of the load", async || {
                let name = format!("web-{}", first + 20);
                scene.get::<VpcMember>("team-a", &name).await.map(drop)
            })
            .await?;
            scene.server.kill(part)?;
            scene.server.restart(part).await?;
            anyhow::Ok(())
        };
        tokio::try_join!(load, outage)?;
    }
    eventually("every member is in a slice", async || {
        let members = scene.members(100).await?;
        let count: usize = members.values().map(Vec::len).sum();
        ensure!(count == 120, "{count}");
        ensure!(members.values().all(|members| members.len() <= 4));
        Ok(())
    })
    .await?;
    for host in [2, 60, 121] {
        let name = format!("web-{host}");
        scene
            .condition::<VpcMember>(("team-a", &name), "Accepted", "True", "Accepted")
            .await?;
    }
    assert_eq!(operator.get("/healthz")?.0, 200);
    Ok(())
}

#[tokio::test]
async fn a_paused_api_server_only_delays() -> Result<()> {
    let (scene, _operator) = Scene::with_operator().await?;
    scene.vpc("team-a", "blue", 100).await?;
    scene.server.pause(Part::ApiServer)?;
    let late = scene.member(("team-a", "blue", 100), "web-1", 2);
    let resume = async {
        tokio::task::yield_now().await;
        scene.server.resume(Part::ApiServer)?;
        anyhow::Ok(())
    };
    let (member, resumed) = tokio::join!(late, resume);
    resumed?;
    member?;
    let at = ("team-a", "web-1");
    scene
        .condition::<VpcMember>(at, "Accepted", "True", "Accepted")
        .await?;
    Ok(())
}

#[tokio::test]
async fn a_watch_that_fell_behind_lists_anew_and_misses_no_deletion() -> Result<()> {
    let scene = Scene::new().await?;
    // Its lease outlives the pause.
    let operator = Operator::start(scene.server.kubeconfig(), "one", 300)?;
    leads(&operator).await?;
    scene.vpc("team-a", "blue", 100).await?;
    scene.vpc("team-a", "green", 200).await?;
    for host in 2..8 {
        let name = format!("web-{host}");
        scene.member(("team-a", "blue", 100), &name, host).await?;
    }
    scene
        .peering("team-a", "p", "blue", "{name: green}")
        .await?;
    let says = async |members: usize, routes: usize| {
        eventually("slices", async || {
            let found = scene
                .members(100)
                .await?
                .values()
                .map(Vec::len)
                .sum::<usize>();
            ensure!(found == members, "{found} members");
            ensure!(scene.routes(200).await?.len() == routes);
            Ok(())
        })
        .await
    };
    says(6, 1).await?;

    operator.signal(libc::SIGSTOP)?;
    // Its connections end here, so that nothing of what follows waits in them;
    // and a new API server has no events of the time before it.
    scene.server.restart(Part::ApiServer).await?;
    scene.delete::<VpcMember>("team-a", "web-2").await?;
    scene.delete::<VpcMember>("team-a", "web-7").await?;
    scene.delete::<VpcPeering>("team-a", "p").await?;
    scene.member(("team-a", "blue", 100), "web-9", 9).await?;
    scene.server.restart(Part::ApiServer).await?;
    operator.signal(libc::SIGCONT)?;
    says(5, 0).await?;
    let log = operator.log();
    let lists = log.matches("listed kind=\"VpcMember\"").count();
    assert!(lists > 1, "{log}");
    Ok(())
}
