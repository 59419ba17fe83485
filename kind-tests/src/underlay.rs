//! What a gateway's interface needs where the node is a container.

use anyhow::{Context as _, Result};
use isthmus_lab::pass_natively;

use crate::Cluster;

/// Puts a native XDP program that passes everything on the far ends of a node's
/// interfaces, which are in the present network namespace: a veth delivers what
/// a router sends back (`XDP_TX`) only to a peer with a native program of its
/// own. It stays as long as the interface, which is as long as the node runs.
///
/// Nodes with network cards need nothing of it.
///
/// # Errors
///
/// The node has no such interface, or it is no veth.
pub fn prepare_far_ends(cluster: &Cluster, node: &str, interfaces: &[&str]) -> Result<()> {
    for interface in interfaces {
        let file = format!("/sys/class/net/{interface}/iflink");
        let peer = cluster.run_on_node(node, ["cat", &file])?;
        let peer = peer.trim().parse();
        let index = peer.with_context(|| format!("the far end of {interface} of {node}"))?;
        let prepared = pass_natively(index);
        prepared.with_context(|| format!("the far end of {interface} of {node}"))?;
    }
    Ok(())
}
