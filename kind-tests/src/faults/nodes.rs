//! Nodes that go.

use anyhow::Result;

use crate::Kubectl;

/// Takes a node out of service, as before its maintenance.
///
/// # Errors
///
/// A pod that may not go, or the API server's answer.
pub fn cordon_and_drain(kubectl: &Kubectl, node: &str) -> Result<()> {
    let how = "--ignore-daemonsets --delete-emptydir-data --timeout=120s";
    kubectl.run(&format!("drain {node} {how}")).map(drop)
}

/// Puts a node back into service.
///
/// # Errors
///
/// The API server's answer.
pub fn uncordon(kubectl: &Kubectl, node: &str) -> Result<()> {
    kubectl.run(&format!("uncordon {node}")).map(drop)
}
