//! A Kubernetes cluster as the source of what is wanted.
//!
//! [`watch`] brings the slices of the gateway's pools, [`received`] makes entries
//! of them and knows how far they go, [`report`] says how the gateway stands and
//! [`registration`] writes that into the gateway's own `TransitGateway`. Only
//! [`client`], [`watch`] and [`registration`] talk to the API server.

pub mod received;
pub mod registration;
pub mod report;
pub mod watch;

use std::path::{Path, PathBuf};

use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};

/// No access to a cluster.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// A kubeconfig that cannot be used.
    #[error("--kubeconfig {}: {source}", path.display())]
    Kubeconfig {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: kube::config::KubeconfigError,
    },
    /// Neither a folder nor a cluster.
    #[error(
        "no --manifests, and no access to a cluster ({0}); give one of --manifests and --kubeconfig"
    )]
    Inferred(kube::config::InferConfigError),
    /// Access that no client can be made of.
    #[error("access to the cluster cannot be used: {0}")]
    Client(kube::Error),
}

/// A client of the cluster of this kubeconfig, else of the one that the
/// process runs in or that its user has chosen. Whether the API server answers
/// is not asked.
///
/// # Errors
///
/// See [`AccessError`].
pub async fn client(kubeconfig: Option<&Path>) -> Result<Client, AccessError> {
    let config = match kubeconfig {
        Some(path) => {
            let failed = |source| AccessError::Kubeconfig {
                path: path.to_owned(),
                source,
            };
            let kubeconfig = Kubeconfig::read_from(path).map_err(failed)?;
            let options = KubeConfigOptions::default();
            Config::from_custom_kubeconfig(kubeconfig, &options)
                .await
                .map_err(failed)?
        }
        None => Config::infer().await.map_err(AccessError::Inferred)?,
    };
    Client::try_from(config).map_err(AccessError::Client)
}
