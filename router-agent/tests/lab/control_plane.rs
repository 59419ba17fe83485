//! A real API server, reached from a lab's gateway, with the slices of the
//! lab's manifests in it. What an operator does is done here by its compiler
//! and slicer alone.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context as _, Result};
use isthmus_compiler::slices::{SliceKind, SliceLimits, SliceWrite, Slicer};
use isthmus_compiler::{Compiler, Object, ObjectRef};
use isthmus_crds::{ForwardingSlice, PeeringSlice, TransitGateway, Vpc, VpcMember, VpcPeering};
use isthmus_lab::Lab;
use isthmus_lab_apiserver::{ApiServer, Part, variants};
use kube::api::{ApiResource, DeleteParams, DynamicObject, ListParams, Patch, PatchParams};
use kube::{Api, Client, Resource};
use serde::Deserialize as _;
use serde::de::DeserializeOwned;
use tokio::runtime::Runtime;

/// Name of the gateway's node.
pub(crate) const NODE: &str = "gateway-0";

/// An API server, its clients, and the operator's part.
pub(crate) struct ControlPlane {
    runtime: Runtime,
    server: ApiServer,
    client: Client,
    compiler: Compiler,
    slicer: Slicer,
    objects: BTreeSet<ObjectRef>,
}

impl ControlPlane {
    /// Starts one that the lab's gateway reaches.
    pub(crate) fn start(lab: &Lab) -> Result<Self> {
        let runtime = Runtime::new()?;
        let (server, client) = runtime.block_on(async {
            let server = ApiServer::start().await?;
            let client = server.client()?;
            server.install_crds(&client).await?;
            anyhow::Ok((server, client))
        })?;
        let url = runtime.block_on(async { server.config() })?.cluster_url;
        let port = url.port_u16().context("a port")?;
        lab.gateway().namespace().forward_loopback(port)?;
        Ok(Self {
            runtime,
            server,
            client,
            compiler: Compiler::new(),
            slicer: Slicer::new(SliceLimits::default()),
            objects: BTreeSet::new(),
        })
    }

    /// A kubeconfig that works in the gateway.
    pub(crate) fn kubeconfig(&self) -> &Path {
        self.server.kubeconfig()
    }

    /// Kills the API server.
    pub(crate) fn kill(&self) -> Result<()> {
        Ok(self.server.kill(Part::ApiServer)?)
    }

    /// Starts it again and waits until it is ready.
    pub(crate) fn restart(&self) -> Result<()> {
        Ok(self
            .runtime
            .block_on(self.server.restart(Part::ApiServer))?)
    }

    /// Writes the slices that the lab's manifests of now come to.
    pub(crate) fn publish(&mut self, lab: &Lab) -> Result<()> {
        let mut there = BTreeSet::new();
        for document in serde_yaml::Deserializer::from_str(&lab.manifests().all()) {
            let value = serde_json::Value::deserialize(document)?;
            if value.is_null() {
                continue;
            }
            let object = object(value)?;
            there.insert(object.reference());
            let changes = self.compiler.apply(object);
            changes.iter().for_each(|change| self.slicer.note(change));
        }
        for gone in self.objects.difference(&there) {
            let changes = self.compiler.delete(gone);
            changes.iter().for_each(|change| self.slicer.note(change));
        }
        self.objects = there;
        loop {
            let plan = self.slicer.plan(&self.compiler, 100);
            if plan.is_empty() {
                return Ok(());
            }
            for planned in plan.writes {
                let key = planned.write.key();
                match self.write(&planned.write)? {
                    Some(version) => self.slicer.written(&key, &version),
                    None => self.slicer.deleted(&key),
                }
            }
        }
    }

    /// The gateway's own object.
    pub(crate) fn gateway(&self) -> Result<Option<TransitGateway>> {
        let api = Api::<TransitGateway>::all(self.client.clone());
        Ok(self.runtime.block_on(api.get_opt(NODE))?)
    }

    /// Changes the gateway's own object.
    pub(crate) fn patch_gateway(&self, patch: &serde_json::Value) -> Result<()> {
        let api = Api::<TransitGateway>::all(self.client.clone());
        let (params, patch) = (PatchParams::default(), Patch::Merge(patch));
        self.runtime.block_on(api.patch(NODE, &params, &patch))?;
        Ok(())
    }

    /// Makes something else of the status of the gateway's own object, as somebody
    /// might by hand.
    pub(crate) fn patch_gateway_status(&self, patch: &serde_json::Value) -> Result<()> {
        // Untyped: what it is then may fit no type.
        let kind = ApiResource::erase::<TransitGateway>(&());
        let api = Api::<DynamicObject>::all_with(self.client.clone(), &kind);
        let (params, patch) = (PatchParams::default(), Patch::Merge(patch));
        self.runtime
            .block_on(api.patch_status(NODE, &params, &patch))?;
        Ok(())
    }

    /// Has the API server take any status, or those that fit alone.
    pub(crate) fn take_any_status(&self, any: bool) -> Result<()> {
        self.runtime.block_on(async {
            if any {
                let variant = variants::careless;
                self.server.install_crds_as(&self.client, variant).await
            } else {
                self.server.install_crds(&self.client).await
            }
        })?;
        Ok(())
    }

    /// Deletes every PeeringSlice, as somebody might by hand.
    pub(crate) fn delete_peering_slices(&self) -> Result<()> {
        let api = Api::<PeeringSlice>::all(self.client.clone());
        let (params, all) = (DeleteParams::default(), ListParams::default());
        self.runtime
            .block_on(api.delete_collection(&params, &all))?;
        Ok(())
    }

    fn write(&self, write: &SliceWrite) -> Result<Option<String>> {
        match write {
            SliceWrite::ApplyForwarding(slice) => self.apply(slice.as_ref()).map(Some),
            SliceWrite::ApplyPeering(slice) => self.apply(slice.as_ref()).map(Some),
            SliceWrite::Delete { key, .. } => match key.kind {
                SliceKind::Forwarding => self.delete::<ForwardingSlice>(&key.name),
                SliceKind::Peering => self.delete::<PeeringSlice>(&key.name),
            },
        }
    }

    fn apply<K>(&self, slice: &K) -> Result<String>
    where
        K: Resource<DynamicType = ()>
            + serde::Serialize
            + DeserializeOwned
            + Clone
            + std::fmt::Debug,
    {
        let name = slice.meta().name.as_deref().context("a name")?;
        let api = Api::<K>::all(self.client.clone());
        let (params, patch) = (PatchParams::apply("test").force(), Patch::Apply(slice));
        let written = self.runtime.block_on(api.patch(name, &params, &patch))?;
        written
            .meta()
            .resource_version
            .clone()
            .context("a resourceVersion")
    }

    fn delete<K>(&self, name: &str) -> Result<Option<String>>
    where
        K: Resource<DynamicType = ()> + DeserializeOwned + Clone + std::fmt::Debug,
    {
        let api = Api::<K>::all(self.client.clone());
        self.runtime
            .block_on(api.delete(name, &DeleteParams::default()))?;
        Ok(None)
    }
}

/// An object with a UID, as the API server would have given it.
fn object(mut value: serde_json::Value) -> Result<Object> {
    let kind = value["kind"].as_str().context("a kind")?.to_owned();
    let name = value["metadata"]["name"].as_str().context("a name")?;
    let number = name.bytes().fold(0_u64, |number, byte| {
        number.wrapping_mul(257).wrapping_add(u64::from(byte))
    });
    let uid = format!("00000000-0000-4000-8000-{:012x}", number & 0xffff_ffff_ffff);
    value["metadata"]["uid"] = uid.into();
    Ok(match kind.as_str() {
        "Vpc" => serde_json::from_value::<Vpc>(value)?.into(),
        "VpcMember" => serde_json::from_value::<VpcMember>(value)?.into(),
        "VpcPeering" => serde_json::from_value::<VpcPeering>(value)?.into(),
        kind => anyhow::bail!("no {kind} is in a lab"),
    })
}
