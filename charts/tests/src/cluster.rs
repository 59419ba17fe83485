//! An API server as the chart meets it.

use std::collections::{BTreeMap, HashMap};

use anyhow::{Context, Result, bail};
use k8s_openapi::api::core::v1::Namespace;
use kube::api::{DynamicObject, Patch, PatchParams, PostParams, ValidationDirective};
use kube::core::{ApiResource, GroupVersionKind, Status};
use kube::discovery::{Scope, pinned_kind};
use kube::{Api, Client};
use serde_json::{from_value, json};
use tokio::sync::Mutex;

use crate::Manifest;

/// A client, and the kinds that it has asked the server for.
#[derive(Debug)]
pub struct Cluster {
    kinds: Mutex<HashMap<GroupVersionKind, Option<(ApiResource, bool)>>>,
    client: DebugClient,
}

/// `Client` says nothing of itself.
struct DebugClient(Client);

impl std::fmt::Debug for DebugClient {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Client")
    }
}

impl Cluster {
    /// By way of this client.
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self {
            kinds: Mutex::default(),
            client: DebugClient(client),
        }
    }

    /// The client.
    #[must_use]
    pub fn client(&self) -> Client {
        self.client.0.clone()
    }

    /// Makes a namespace with labels, unless it is there.
    ///
    /// # Errors
    ///
    /// The server's answer.
    pub async fn namespace(&self, name: &str, labels: &[(&str, &str)]) -> Result<()> {
        let labels: BTreeMap<_, _> = labels.iter().copied().collect();
        let namespace: Namespace = from_value(json!({
            "metadata": {"name": name, "labels": labels},
        }))?;
        let made = Api::all(self.client())
            .create(&PostParams::default(), &namespace)
            .await;
        match made {
            Err(kube::Error::Api(status)) if status.is_already_exists() => Ok(()),
            made => Ok(made.map(drop)?),
        }
    }

    /// Objects of a manifest's kind, in its namespace. `None` where the server
    /// has no such kind.
    ///
    /// # Errors
    ///
    /// No answer of the server.
    pub async fn api(&self, manifest: &Manifest) -> Result<Option<Api<DynamicObject>>> {
        let (group, version) = manifest.group_version();
        let kind = GroupVersionKind::gvk(group, version, manifest.kind());
        let mut kinds = self.kinds.lock().await;
        if !kinds.contains_key(&kind) {
            let found = match pinned_kind(&self.client(), &kind).await {
                Ok((resource, capabilities)) => {
                    Some((resource, capabilities.scope == Scope::Namespaced))
                }
                // A group that is not served has no Status to say so.
                Err(kube::Error::Api(status)) if status.code == 404 => None,
                Err(kube::Error::Discovery(_)) => None,
                Err(error) => return Err(error).with_context(|| format!("look {kind:?} up")),
            };
            kinds.insert(kind.clone(), found);
        }
        Ok(kinds[&kind].as_ref().map(|(resource, is_namespaced)| {
            if *is_namespaced {
                let namespace = manifest.text("/metadata/namespace");
                Api::namespaced_with(self.client(), namespace, resource)
            } else {
                Api::all_with(self.client(), resource)
            }
        }))
    }

    /// What the server says of a manifest in a dry run: `None` where it has no
    /// such kind.
    ///
    /// # Errors
    ///
    /// It refuses the manifest, by schema, admission or an unknown field.
    pub async fn validate(&self, manifest: &Manifest) -> Result<Option<()>> {
        let Some(api) = self.api(manifest).await? else {
            return Ok(None);
        };
        let params = PatchParams {
            dry_run: true,
            force: true,
            field_manager: Some("isthmus-chart-tests".into()),
            field_validation: Some(ValidationDirective::Strict),
        };
        api.patch(manifest.name(), &params, &Patch::Apply(&manifest.0))
            .await
            .with_context(|| manifest.title())?;
        Ok(Some(()))
    }

    /// Applies a manifest.
    ///
    /// # Errors
    ///
    /// The server's refusal; its sentence with it.
    pub async fn apply(&self, manifest: serde_json::Value) -> Result<DynamicObject> {
        let manifest = Manifest(manifest);
        let Some(api) = self.api(&manifest).await? else {
            bail!("no such kind: {}", manifest.title());
        };
        let params = PatchParams::apply("isthmus-chart-tests").force();
        let applied = api
            .patch(manifest.name(), &params, &Patch::Apply(&manifest.0))
            .await;
        applied.map_err(said)
    }

    /// Applies a manifest's status.
    ///
    /// # Errors
    ///
    /// The server's refusal; its sentence with it.
    pub async fn apply_status(&self, manifest: serde_json::Value) -> Result<DynamicObject> {
        let manifest = Manifest(manifest);
        let Some(api) = self.api(&manifest).await? else {
            bail!("no such kind: {}", manifest.title());
        };
        let params = PatchParams::apply("isthmus-chart-tests").force();
        let applied = api
            .patch_status(manifest.name(), &params, &Patch::Apply(&manifest.0))
            .await;
        applied.map_err(said)
    }

    /// Whether the server has the object.
    ///
    /// # Errors
    ///
    /// No answer of the server.
    pub async fn has(&self, manifest: &Manifest) -> Result<bool> {
        match self.api(manifest).await? {
            Some(api) => Ok(api.get_opt(manifest.name()).await?.is_some()),
            None => Ok(false),
        }
    }
}

/// The server's sentence.
fn said(error: kube::Error) -> anyhow::Error {
    match error {
        kube::Error::Api(status) => {
            let Status { code, message, .. } = *status;
            anyhow::anyhow!("{code}: {message}")
        }
        error => error.into(),
    }
}
