//! A control plane that goes, or that goes back in time.

use crate::{Cluster, ClusterError};

/// Copies etcd's data as they are at one moment; it goes on from them as after a
/// loss of power.
const BACK_UP: &str = "rm -rf /var/lib/etcd.backup
pkill -STOP -x etcd
trap 'pkill -CONT -x etcd' EXIT
cp -a /var/lib/etcd /var/lib/etcd.backup";

/// Puts the copy in the place of the data, with API server and etcd down; the
/// kubelet starts both anew.
const RESTORE: &str = "systemctl stop kubelet
trap 'systemctl start kubelet' EXIT
pkill -KILL -x kube-apiserver
pkill -KILL -x etcd
while pgrep -x etcd >/dev/null; do :; done
rm -rf /var/lib/etcd
cp -a /var/lib/etcd.backup /var/lib/etcd";

/// Starts anew what Kubernetes itself has on a node: after etcd is restored, none of
/// it may go on from versions that are not yet, as Kubernetes tells whoever restores
/// one. The kubelet starts what is killed. Names of processes have 15 characters.
/// A kube-proxy that finds its table there may leave it without services.
const REFRESH: &str = "systemctl restart kubelet
nft delete table ip kube-proxy || true
for name in kube-controller kube-scheduler kube-proxy coredns; do
    pkill -KILL -x \"$name\" || true
done";

/// API server and etcd that were stopped, and go on when this is dropped.
#[derive(Debug)]
#[must_use = "dropped, they go on"]
pub struct Stopped {
    cluster: Cluster,
    node: String,
}

impl Stopped {
    /// Stops the control plane of a node.
    ///
    /// # Errors
    ///
    /// It does not run there.
    pub fn now(cluster: &Cluster, node: &str) -> Result<Self, ClusterError> {
        let stopped = Self {
            cluster: cluster.clone(),
            node: node.to_owned(),
        };
        signal(cluster, node, "STOP")?;
        Ok(stopped)
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        if let Err(error) = signal(&self.cluster, &self.node, "CONT") {
            eprintln!("the control plane stays away: {error}");
        }
    }
}

/// Kills API server and etcd of a node; its kubelet starts them again.
///
/// # Errors
///
/// They do not run there.
pub fn kill_control_plane(cluster: &Cluster, node: &str) -> Result<(), ClusterError> {
    signal(cluster, node, "KILL")
}

/// A copy of etcd's data, which is deleted when this is dropped.
#[derive(Debug)]
pub struct Backup {
    cluster: Cluster,
    node: String,
}

impl Backup {
    /// Copies the data of a node's etcd.
    ///
    /// # Errors
    ///
    /// None runs there.
    pub fn take(cluster: &Cluster, node: &str) -> Result<Self, ClusterError> {
        cluster.run_on_node(node, ["sh", "-e", "-c", BACK_UP])?;
        Ok(Self {
            cluster: cluster.clone(),
            node: node.to_owned(),
        })
    }

    /// Has etcd and the API server start anew from the copy, and after them what
    /// Kubernetes has on all its `nodes`.
    ///
    /// # Errors
    ///
    /// A node's answer.
    pub fn restore(&self, nodes: &[String]) -> Result<(), ClusterError> {
        let restore = ["sh", "-e", "-c", RESTORE];
        self.cluster.run_on_node(&self.node, restore)?;
        for node in nodes {
            self.cluster
                .run_on_node(node, ["sh", "-e", "-c", REFRESH])?;
        }
        Ok(())
    }
}

impl Drop for Backup {
    fn drop(&mut self) {
        let remove = ["rm", "-rf", "/var/lib/etcd.backup"];
        if let Err(error) = self.cluster.run_on_node(&self.node, remove) {
            eprintln!("{error}");
        }
    }
}

fn signal(cluster: &Cluster, node: &str, signal: &str) -> Result<(), ClusterError> {
    let script = format!("pkill -{signal} -x kube-apiserver && pkill -{signal} -x etcd");
    cluster.run_on_node(node, ["sh", "-c", &script]).map(drop)
}
