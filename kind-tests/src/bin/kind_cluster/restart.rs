//! Boots a node anew.

use anyhow::{Context as _, Result};
use isthmus_kind_tests::{Cluster, prepare_far_ends};

use crate::command::run;
use crate::docker::Docker;
use crate::places::Places;

/// Restarts the container that stands for a node, and prepares its new interfaces.
///
/// # Errors
///
/// There is no such node.
pub(crate) async fn restart(places: &Places, node: &str) -> Result<()> {
    let docker = Docker::find().await?.context("Docker does not run")?;
    run(docker.command(["restart", node])).await?;
    let (cluster, node) = (Cluster::read(&places.cluster())?, node.to_owned());
    let prepare = move || prepare_far_ends(&cluster, &node, &["eth0", "eth1"]);
    tokio::task::spawn_blocking(prepare).await?
}
