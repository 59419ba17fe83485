//! A cluster with objects and statuses that a test writes, and the plugin on it.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use anyhow::{Context, Result};
use isthmus_lab_apiserver::{ApiServer, Binaries};
use k8s_openapi::api::core::v1::Namespace;
use kube::api::{ApiResource, DynamicObject, Patch, PatchParams, PostParams};
use kube::core::GroupVersionKind;
use kube::{Api, Client, ResourceExt};
use serde_json::{Value, json};

/// The shared API server.
pub(crate) struct World {
    pub(crate) client: Client,
    server: Arc<ApiServer>,
}

/// What the plugin has said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl World {
    pub(crate) async fn make() -> Result<Self> {
        Self::on(ApiServer::shared().await?)
    }

    /// On an API server of its own.
    pub(crate) async fn alone() -> Result<Self> {
        let server = ApiServer::start().await?;
        server.install_crds(&server.client()?).await?;
        Self::on(Arc::new(server))
    }

    fn on(server: Arc<ApiServer>) -> Result<Self> {
        let client = server.client()?;
        Ok(Self { client, server })
    }

    /// Makes a namespace of this name.
    pub(crate) async fn namespace(&self, name: &str) -> Result<()> {
        let namespace: Namespace = serde_json::from_value(json!({"metadata": {"name": name}}))?;
        let api = Api::all(self.client.clone());
        api.create(&PostParams::default(), &namespace).await?;
        Ok(())
    }

    /// Applies every document, with its status where it has one. Gives the
    /// resourceVersions that they have then.
    pub(crate) async fn put(&self, documents: &str) -> Result<Vec<String>> {
        let mut versions = Vec::new();
        for document in documents.split("\n---\n") {
            let mut object: DynamicObject = serde_yaml::from_str(document).context("a document")?;
            let status = object
                .data
                .as_object_mut()
                .and_then(|data| data.remove("status"));
            let api = self.api(&object)?;
            let name = object.name_any();
            let params = PatchParams::apply("test").force();
            let mut now = api.patch(&name, &params, &Patch::Apply(&object)).await?;
            if let Some(status) = status {
                object.data = json!({ "status": status });
                now = api
                    .patch_status(&name, &params, &Patch::Apply(&object))
                    .await?;
            }
            versions.push(now.metadata.resource_version.context("a version")?);
        }
        Ok(versions)
    }

    fn api(&self, object: &DynamicObject) -> Result<Api<DynamicObject>> {
        let kind = &object.types.as_ref().context("a kind")?.kind;
        let definitions = isthmus_crds::definitions();
        let crd = (definitions.iter().map(|definition| &definition.crd))
            .find(|crd| crd.spec.names.kind == *kind)
            .context("a kind of ours")?;
        let kind = GroupVersionKind::gvk(isthmus_crds::GROUP, isthmus_crds::VERSION, kind);
        let resource = ApiResource::from_gvk_with_plural(&kind, &crd.spec.names.plural);
        let client = self.client.clone();
        Ok(match object.namespace() {
            Some(namespace) => Api::namespaced_with(client, &namespace, &resource),
            None => Api::all_with(client, &resource),
        })
    }

    /// `kubectl isthmus ARGUMENTS`, as the administrator.
    pub(crate) fn isthmus(&self, arguments: &[&str]) -> Result<Said> {
        run(self.command()?.args(arguments))
    }

    /// The same, for those who want more of it.
    pub(crate) fn command(&self) -> Result<Command> {
        let mut command = plugin()?;
        command.env("KUBECONFIG", self.kubeconfig());
        Ok(command)
    }

    pub(crate) fn kubeconfig(&self) -> &Path {
        self.server.kubeconfig()
    }
}

/// `kubectl isthmus`, found on the `PATH` as kubectl finds plugins, without
/// access to a cluster.
pub(crate) fn plugin() -> Result<Command> {
    let mut command = Command::new(Binaries::find()?.kubectl()?);
    command.arg("isthmus").env("PATH", folder());
    command
        .env_remove("KUBECONFIG")
        .env("HOME", "/nonexistent")
        .env_remove("NO_COLOR");
    Ok(command)
}

/// The folder that the plugin is in.
pub(crate) fn folder() -> PathBuf {
    let binary = Path::new(env!("CARGO_BIN_EXE_kubectl-isthmus"));
    binary.parent().expect("a folder").to_owned()
}

pub(crate) fn run(command: &mut Command) -> Result<Said> {
    let output = command.output().with_context(|| format!("{command:?}"))?;
    Ok(Said {
        code: output.status.code().context("an exit code")?,
        out: String::from_utf8(output.stdout)?,
        err: String::from_utf8(output.stderr)?,
    })
}

impl Said {
    /// The words of the line that begins with a word.
    pub(crate) fn line(&self, first: &str) -> Vec<&str> {
        let lines = self
            .out
            .lines()
            .map(|line| line.split_whitespace().collect::<Vec<_>>());
        let mut lines = lines.filter(|words| words.first() == Some(&first));
        lines
            .next()
            .unwrap_or_else(|| panic!("no line {first}: {self:?}"))
    }

    /// The output as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    #[track_caller]
    pub(crate) fn assert_code(&self, code: i32) -> &Self {
        assert_eq!(self.code, code, "{self:?}");
        self
    }

    #[track_caller]
    pub(crate) fn assert_told(&self, text: &str) -> &Self {
        let all = format!("{}{}", self.out, self.err);
        assert!(all.contains(text), "no {text:?} in {self:?}");
        self
    }
}

/// A condition in YAML's flow style.
pub(crate) fn condition(kind: &str, status: &str, reason: &str, message: &str) -> String {
    format!(
        "{{type: {kind}, status: '{status}', reason: {reason}, message: '{message}', \
         observedGeneration: 1, lastTransitionTime: '2026-01-01T00:00:00Z'}}"
    )
}

/// A Vpc that is accepted.
pub(crate) fn vpc(namespace: &str, name: &str, vni: u32, cidr: &str, pool: &str) -> String {
    let accepted = condition("Accepted", "True", "Accepted", "in force");
    format!(
        "apiVersion: isthmus.dev/v1alpha1
kind: Vpc
metadata: {{name: {name}, namespace: {namespace}}}
spec: {{vni: {vni}, cidrs: [{cidr}], pool: {pool}}}
status: {{observedGeneration: 1, members: 2, peers: 1, entries: 3, conditions: [{accepted}]}}"
    )
}

/// A peering; `peer` is `NAMESPACE/NAME`.
pub(crate) fn peering(namespace: &str, name: &str, vpc: &str, peer: &str, status: &str) -> String {
    let (home, peer) = peer.split_once('/').expect("a namespace");
    let home = if home == namespace {
        String::new()
    } else {
        format!(", namespace: {home}")
    };
    format!(
        "apiVersion: isthmus.dev/v1alpha1
kind: VpcPeering
metadata: {{name: {name}, namespace: {namespace}}}
spec: {{vpc: {vpc}, peer: {{name: {peer}{home}}}}}
status: {status}"
    )
}

/// Status of a peering in force.
pub(crate) fn in_force(exported: &str, imported: &str, reach: &str, is_everywhere: bool) -> String {
    let (status, reason) = if is_everywhere {
        ("True", "Programmed")
    } else {
        ("False", "Pending")
    };
    let conditions = [
        condition("Accepted", "True", "Accepted", "in force"),
        condition("PeerAccepted", "True", "Accepted", "the peer is in force"),
        condition("Programmed", status, reason, &format!("{reach} gateways")),
    ];
    format!(
        "{{observedGeneration: 1, exportedPrefixes: [{exported}], importedPrefixes: [{imported}], \
         conditions: [{}]}}",
        conditions.join(", ")
    )
}

/// A gateway that forwards, synced up to these versions.
pub(crate) fn gateway(name: &str, pool: &str, peering: &str, forwarding: &str) -> String {
    let conditions = [
        condition("Ready", "True", "Forwarding", "forwards on 1 of 1 ports"),
        condition(
            "Synced",
            "True",
            "Synced",
            "the maps hold what the slices say",
        ),
        condition("Draining", "False", "InService", "spec.drain is not set"),
    ];
    format!(
        "apiVersion: isthmus.dev/v1alpha1
kind: TransitGateway
metadata: {{name: {name}}}
spec: {{vteps: [172.16.0.1], pools: [{pool}]}}
status:
  conditions: [{}]
  synced: [{{pool: {pool}, peeringSlices: '{peering}', forwardingSlices: '{forwarding}'}}]
  interfaces: [{{name: eth1, xdpMode: driver}}]
  entries: {{routes: 4, members: 7, routeCapacity: 100, memberCapacity: 200}}
  versions: {{agent: 0.1.0, kernel: '6.18', layout: 1}}",
        conditions.join(", ")
    )
}

/// Slices of a VPC `blue` that carry `NAMESPACE/blue-green`, as the operator
/// writes them.
pub(crate) fn slices(namespace: &str, pool: &str, vni: u32, uid: &str) -> String {
    format!(
        "apiVersion: isthmus.dev/v1alpha1
kind: PeeringSlice
metadata:
  name: vni-{vni}-{uid}-0
  labels: {{isthmus.dev/vni: '{vni}', pool.isthmus.dev/{pool}: ''}}
spec:
  vni: {vni}
  vpc: {{namespace: {namespace}, name: blue, uid: {uid}}}
  routes: [{{prefix: 10.105.0.0/20, peerVni: {peer}, peerUid: v,
            peering: {{namespace: {namespace}, name: blue-green}}}}]
---
apiVersion: isthmus.dev/v1alpha1
kind: ForwardingSlice
metadata:
  name: vni-{vni}-{uid}-0
  labels: {{isthmus.dev/vni: '{vni}', pool.isthmus.dev/{pool}: ''}}
spec:
  vni: {vni}
  vpc: {{namespace: {namespace}, name: blue, uid: {uid}}}
  members: [{{name: web-1, addresses: [10.104.0.2], mac: '02:00:00:00:00:02',
             hypervisor: 172.16.0.11}}]",
        peer = vni + 1
    )
}
