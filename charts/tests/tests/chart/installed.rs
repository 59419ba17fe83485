//! A cluster with the chart on it, for tests that ask who may do what.

use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use isthmus_chart_tests::{CHART, Cluster, Helm, aggregate_roles};
use isthmus_lab_apiserver::ApiServer;
use kube::Client;
use serde_json::{Value, json};

/// Where it is installed.
pub(crate) const NAMESPACE: &str = "isthmus-system";

/// A release `isthmus`, and nothing else.
pub(crate) struct Installed {
    pub(crate) helm: Helm,
    pub(crate) cluster: Cluster,
    pub(crate) server: Arc<ApiServer>,
}

impl Installed {
    /// With one gateway pool `default`, and the roles that Kubernetes'
    /// controllers would have made of ours.
    pub(crate) async fn start() -> Result<Self> {
        let server = Arc::new(ApiServer::start().await?);
        let helm = Helm::of(&server)?;
        let this = Self {
            helm,
            cluster: Cluster::new(server.client()?),
            server,
        };
        this.set("install", "")?;
        aggregate_roles(&this.cluster.client()).await?;
        Ok(this)
    }

    /// Installs or upgrades with further values.
    pub(crate) fn set(&self, verb: &str, values: &str) -> Result<()> {
        let values = format!("gatewayPools: [{{name: default, interfaces: [eth1]}}]\n{values}");
        let chart = Path::new(CHART);
        self.helm
            .release(verb, ("isthmus", NAMESPACE), chart, &values, &[])?;
        Ok(())
    }

    /// Somebody, by impersonation.
    pub(crate) fn person(&self, name: &str) -> Result<Client> {
        Ok(self.server.client_as(name, &["system:authenticated"])?)
    }

    /// Somebody with a token.
    pub(crate) fn bearer(&self, token: &str) -> Result<Cluster> {
        Ok(Cluster::new(self.server.client_with_token(token)?))
    }

    /// Gives somebody a ClusterRole, in a namespace or, where it is empty, in
    /// all.
    pub(crate) async fn bind(&self, person: &str, role: &str, namespace: &str) -> Result<()> {
        let mut binding = json!({
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": if namespace.is_empty() { "ClusterRoleBinding" } else { "RoleBinding" },
            "metadata": {"name": format!("{person}-{role}")},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
            "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": person}],
        });
        if !namespace.is_empty() {
            binding["metadata"]["namespace"] = namespace.into();
        }
        self.cluster.apply(binding).await?;
        Ok(())
    }
}

/// An object of ours.
pub(crate) fn object(kind: &str, namespace: &str, name: &str, spec: &Value) -> Value {
    let mut object = json!({
        "apiVersion": isthmus_crds::API_VERSION,
        "kind": kind,
        "metadata": {"name": name},
        "spec": spec,
    });
    if !namespace.is_empty() {
        object["metadata"]["namespace"] = namespace.into();
    }
    object
}

/// A VPC.
pub(crate) fn vpc(namespace: &str, name: &str, vni: u32) -> Value {
    object(
        "Vpc",
        namespace,
        name,
        &json!({"vni": vni, "cidrs": ["10.104.0.0/20"]}),
    )
}

/// A gateway.
pub(crate) fn gateway(name: &str, pools: &[&str]) -> Value {
    object(
        "TransitGateway",
        "",
        name,
        &json!({"vteps": ["192.0.2.1"], "pools": pools}),
    )
}

/// A slice of a VNI.
pub(crate) fn slice(kind: &str, vni: u32) -> Value {
    let vpc = json!({"namespace": "team-a", "name": "blue", "uid": "3f2a9c1b-0000"});
    object(
        kind,
        "",
        &format!("vni-{vni}-3f2a9c1b-0"),
        &json!({"vni": vni, "vpc": vpc}),
    )
}

/// What a refusal says.
pub(crate) fn refusal<T>(result: Result<T>) -> String {
    match result {
        Ok(_) => "accepted".to_owned(),
        Err(error) => error.to_string(),
    }
}
