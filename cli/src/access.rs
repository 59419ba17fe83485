//! Access to a cluster, found as kubectl finds it.

use std::env;
use std::path::PathBuf;

use kube::config::{InClusterError, KubeConfigOptions, Kubeconfig, KubeconfigError};
use kube::{Client, Config};

use crate::arguments::ConnectionArgs;

/// Namespace where neither the user nor a kubeconfig names one.
const DEFAULT_NAMESPACE: &str = "default";

/// No access to a cluster.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// The file that was named cannot be used.
    #[error("--kubeconfig {}: {source}", path.display())]
    Named {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: KubeconfigError,
    },
    /// What `$KUBECONFIG` or `~/.kube/config` says cannot be used.
    #[error("the kubeconfig ($KUBECONFIG or ~/.kube/config): {0}")]
    Default(KubeconfigError),
    /// Neither a kubeconfig nor a pod's service account.
    #[error("no cluster to talk to: {kubeconfig}; nor inside a pod: {pod}")]
    None {
        /// What is wrong with the kubeconfig.
        kubeconfig: KubeconfigError,
        /// What is missing of a pod.
        pod: InClusterError,
    },
    /// Groups of nobody.
    #[error("--as-group needs --as: groups are those of a user")]
    GroupsOfNobody,
    /// No client can be made.
    #[error("access to the cluster cannot be used: {0}")]
    Client(kube::Error),
}

/// A cluster, and the namespace that is meant.
#[derive(Clone)]
pub struct Access {
    /// Client of the cluster.
    pub client: Client,
    /// The namespace that was given, else the context's.
    pub namespace: String,
}

/// Access as the arguments say. Whether the API server answers is not asked.
///
/// # Errors
///
/// See [`AccessError`].
pub async fn connect(args: &ConnectionArgs) -> Result<Access, AccessError> {
    let mut config = configuration(args).await?;
    if args.impersonate.is_some() {
        let who = &mut config.auth_info;
        who.impersonate.clone_from(&args.impersonate);
        who.impersonate_groups = Some(args.impersonate_groups.clone());
    } else if !args.impersonate_groups.is_empty() {
        return Err(AccessError::GroupsOfNobody);
    }
    if let Some(time) = args.request_timeout.0 {
        config.read_timeout = Some(time);
        config.connect_timeout = Some(config.connect_timeout.map_or(time, |it| it.min(time)));
    }
    let namespace = args.namespace.clone();
    let namespace = namespace.unwrap_or_else(|| config.default_namespace.clone());
    let client = Client::try_from(config).map_err(AccessError::Client)?;
    Ok(Access { client, namespace })
}

/// The namespace that is meant where no cluster is needed: the one that was
/// given, else the context's, else `default`.
///
/// # Errors
///
/// The kubeconfig that was named, or its context, cannot be used.
pub async fn namespace(args: &ConnectionArgs) -> Result<String, AccessError> {
    if let Some(namespace) = &args.namespace {
        return Ok(namespace.clone());
    }
    match configuration(args).await {
        Ok(config) => Ok(config.default_namespace),
        Err(AccessError::Default(_) | AccessError::None { .. }) => Ok(DEFAULT_NAMESPACE.to_owned()),
        Err(error) => Err(error),
    }
}

async fn configuration(args: &ConnectionArgs) -> Result<Config, AccessError> {
    let options = KubeConfigOptions {
        context: args.context.clone(),
        cluster: args.cluster.clone(),
        user: args.user.clone(),
    };
    if let Some(path) = &args.kubeconfig {
        let failed = |source| AccessError::Named {
            path: path.clone(),
            source,
        };
        let kubeconfig = Kubeconfig::read_from(path).map_err(failed)?;
        let config = Config::from_custom_kubeconfig(kubeconfig, &options).await;
        return config.map_err(failed);
    }
    match discovered() {
        Ok(kubeconfig) => {
            let config = Config::from_custom_kubeconfig(kubeconfig, &options).await;
            config.map_err(AccessError::Default)
        }
        // Those of a pod have no contexts to choose from.
        Err(error)
            if options
                .context
                .or(options.cluster)
                .or(options.user)
                .is_some() =>
        {
            Err(AccessError::Default(error))
        }
        Err(kubeconfig) => Config::incluster().map_err(|pod| AccessError::None { kubeconfig, pod }),
    }
}

/// The kubeconfig of the environment: of several files those that are there,
/// since kubectl passes over the others.
fn discovered() -> Result<Kubeconfig, KubeconfigError> {
    let Some(paths) = env::var_os("KUBECONFIG").filter(|paths| !paths.is_empty()) else {
        return Kubeconfig::read();
    };
    env::split_paths(&paths)
        .filter(|path| path.exists())
        .try_fold(Kubeconfig::default(), |merged, path| {
            merged.merge(Kubeconfig::read_from(path)?)
        })
}
