//! Deletes clusters, and what they stood on.

use std::fs;

use anyhow::Result;

use crate::command::run;
use crate::docker::Docker;
use crate::places::Places;
use crate::up::program;

/// Deletes these clusters, then a Docker daemon of ours that has nothing else to
/// do. What is not there any more is no error.
pub(crate) async fn down(all: &[Places]) -> Result<()> {
    if let Some(docker) = Docker::find_or_revive().await? {
        for places in all {
            delete(&docker, places).await?;
        }
        docker.stop_unless_used().await?;
    }
    for places in all {
        if places.folder().exists() {
            fs::remove_dir_all(places.folder())?;
        }
    }
    Ok(())
}

async fn delete(docker: &Docker, places: &Places) -> Result<()> {
    let mut delete = docker.program(program("kind", "kind").await?);
    delete
        .args(["delete", "cluster", "--name", &places.name, "--kubeconfig"])
        .arg(places.kubeconfig());
    run(delete).await?;
    let network = places.underlay();
    let exists = run(docker.command(["network", "inspect", &network])).await;
    if exists.is_ok() {
        run(docker.command(["network", "rm", &network])).await?;
    }
    Ok(())
}
