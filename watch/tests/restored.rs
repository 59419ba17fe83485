//! A watch on a cluster that is restored from a backup.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use isthmus_crds::Vpc;
use isthmus_lab_apiserver::ApiServer;
use isthmus_watch::{Told, Watch};
use kube::api::{DeleteParams, Patch, PatchParams};
use kube::runtime::watcher::{Config, Event};
use kube::{Api, ResourceExt as _};
use serde_json::json;
use tokio::time::timeout;

const BOUND: Duration = Duration::from_secs(60);

async fn put(api: &Api<Vpc>, name: &str, vni: u32) -> Result<()> {
    let vpc = json!({
        "apiVersion": isthmus_crds::API_VERSION, "kind": "Vpc",
        "metadata": {"name": name},
        "spec": {"vni": vni, "cidrs": ["10.0.0.0/16"]},
    });
    api.patch(name, &PatchParams::apply("test"), &Patch::Apply(vpc))
        .await?;
    Ok(())
}

/// What is told up to an event that is asked for: `Restored`, and names with what
/// happened to them.
async fn told(watch: &mut Watch<Vpc>, last: &str) -> Result<Vec<String>> {
    let mut all = Vec::new();
    let wait = async {
        loop {
            // A watch that breaks is taken up again.
            let Ok(told) = watch.next().await else {
                continue;
            };
            let text = match told {
                Told::Restored => "restored".to_owned(),
                Told::Event(Event::Init) => "list".to_owned(),
                Told::Event(Event::InitApply(vpc)) => format!("listed {}", vpc.name_any()),
                Told::Event(Event::InitDone) => "complete".to_owned(),
                Told::Event(Event::Apply(vpc)) => format!("applied {}", vpc.name_any()),
                Told::Event(Event::Delete(vpc)) => format!("gone {}", vpc.name_any()),
            };
            all.push(text.clone());
            if text == last {
                return;
            }
        }
    };
    match timeout(BOUND, wait).await {
        Ok(()) => Ok(all),
        Err(_) => bail!("not in {BOUND:?}: {last}; but {all:?}"),
    }
}

#[tokio::test]
async fn a_restored_cluster_is_listed_anew_and_a_restarted_one_is_not() -> Result<()> {
    let server = ApiServer::start().await?;
    let client = server.client()?;
    server.install_crds(&client).await?;
    let api: Api<Vpc> = Api::default_namespaced(client.clone());
    let config = Config::default().any_semantic().streaming_lists();
    let mut watch = Watch::new(api.clone(), config);
    let first = told(&mut watch, "complete").await?;
    assert_eq!(first, ["list", "complete"]);
    // Only now: a first list may be from before what was just written.
    put(&api, "blue", 1).await?;
    told(&mut watch, "applied blue").await?;

    // Begun here, the versions that follow are none of the backup's.
    let backup = server.back_up().await?;
    put(&api, "green", 2).await?;
    let after = told(&mut watch, "applied green").await?;
    assert!(!after.contains(&"restored".to_owned()), "{after:?}");

    for vni in 3..20 {
        put(&api, "red", vni).await?;
        api.delete("red", &DeleteParams::default()).await?;
    }
    told(&mut watch, "gone red").await?;
    let (restored, after) = tokio::join!(server.restore(&backup), told(&mut watch, "complete"));
    restored?;
    let after = after?;
    let begin = after.iter().position(|it| it == "restored");
    let after = &after[begin.context("not seen to be restored")?..];
    assert_eq!(after, ["restored", "list", "listed blue", "complete"]);

    put(&api, "green", 2).await?;
    told(&mut watch, "applied green").await?;
    Ok(())
}
