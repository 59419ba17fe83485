//! An API server, an operator, and what tests do with them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use isthmus_crds::labels::POOL_LABEL_PREFIX;
use isthmus_crds::{ForwardingSlice, PeeringSlice, TransitGateway, Vpc, VpcMember, VpcPeering};
use isthmus_lab_apiserver::ApiServer;
use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use k8s_openapi::jiff::Timestamp;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams};
use kube::{Api, Client, Resource, ResourceExt as _};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::operator::Operator;

/// How long anything may take.
pub(crate) const BOUND: Duration = Duration::from_secs(60);

/// Who tests are to the API server.
const TESTER: &str = "test";

pub(crate) struct Scene {
    pub(crate) server: ApiServer,
    pub(crate) client: Client,
}

impl Scene {
    /// An API server with our kinds and two namespaces.
    pub(crate) async fn new() -> Result<Self> {
        let scene = Self::bare().await?;
        scene.server.install_crds(&scene.client).await?;
        Ok(scene)
    }

    /// The same without our kinds.
    pub(crate) async fn bare() -> Result<Self> {
        let server = ApiServer::start().await?;
        let client = server.client()?;
        let scene = Self { server, client };
        for namespace in ["team-a", "team-b"] {
            scene.namespace(namespace).await?;
        }
        Ok(scene)
    }

    /// The same with an operator, which has listed everything and leads.
    pub(crate) async fn with_operator() -> Result<(Self, Operator)> {
        let scene = Self::new().await?;
        let operator = scene.operator("one")?;
        leads(&operator).await?;
        Ok((scene, operator))
    }

    pub(crate) fn operator(&self, identity: &str) -> Result<Operator> {
        Operator::start(self.server.kubeconfig(), identity, 3)
    }

    pub(crate) async fn namespace(&self, name: &str) -> Result<()> {
        let object = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
        let api: Api<Namespace> = Api::all(self.client.clone());
        api.patch(name, &PatchParams::apply(TESTER), &Patch::Apply(&object))
            .await?;
        Ok(())
    }

    /// Applies an object that is written as YAML.
    pub(crate) async fn apply<K: Kind>(&self, yaml: &str) -> Result<K> {
        let object: Value = serde_yaml::from_str(yaml)?;
        self.apply_value(&object).await
    }

    pub(crate) async fn apply_value<K: Kind>(&self, object: &Value) -> Result<K> {
        let name = object["metadata"]["name"].as_str().unwrap_or_default();
        let namespace = object["metadata"]["namespace"].as_str();
        let api: Api<K> = K::api(self.client.clone(), namespace.unwrap_or_default());
        let params = PatchParams::apply(TESTER).force();
        Ok(api.patch(name, &params, &Patch::Apply(object)).await?)
    }

    pub(crate) async fn vpc(&self, namespace: &str, name: &str, vni: u32) -> Result<Vpc> {
        self.vpc_of(namespace, name, vni, &format!("10.{vni}.0.0/16"), "default")
            .await
    }

    pub(crate) async fn vpc_of(
        &self,
        namespace: &str,
        name: &str,
        vni: u32,
        cidr: &str,
        pool: &str,
    ) -> Result<Vpc> {
        self.apply(&format!(
            "{{apiVersion: isthmus.dev/v1alpha1, kind: Vpc,
              metadata: {{name: {name}, namespace: {namespace}}},
              spec: {{vni: {vni}, cidrs: [{cidr}], pool: {pool}}}}}"
        ))
        .await
    }

    /// A member with the last two bytes of its address.
    pub(crate) async fn member(
        &self,
        (namespace, vpc, vni): (&str, &str, u32),
        name: &str,
        host: u32,
    ) -> Result<VpcMember> {
        let [high, low] = [host / 256, host % 256];
        self.apply(&format!(
            "{{apiVersion: isthmus.dev/v1alpha1, kind: VpcMember,
              metadata: {{name: {name}, namespace: {namespace}}},
              spec: {{vpc: {vpc}, addresses: [10.{vni}.{high}.{low}],
                      mac: '02:00:00:00:{high:02x}:{low:02x}', hypervisor: 172.16.0.11}}}}"
        ))
        .await
    }

    pub(crate) async fn peering(
        &self,
        namespace: &str,
        name: &str,
        vpc: &str,
        peer: &str,
    ) -> Result<VpcPeering> {
        self.apply(&format!(
            "{{apiVersion: isthmus.dev/v1alpha1, kind: VpcPeering,
              metadata: {{name: {name}, namespace: {namespace}}},
              spec: {{vpc: {vpc}, peer: {peer}}}}}"
        ))
        .await
    }

    pub(crate) async fn gateway(&self, name: &str, pools: &[&str]) -> Result<TransitGateway> {
        self.apply_value(&json!({
            "apiVersion": isthmus_crds::API_VERSION, "kind": "TransitGateway",
            "metadata": {"name": name},
            "spec": {"vteps": ["172.16.0.1"], "pools": pools},
        }))
        .await
    }

    /// What a gateway's agent would say that has seen everything up to now.
    pub(crate) async fn synced(&self, name: &str) -> Result<()> {
        let peering = self.version::<PeeringSlice>().await?;
        let forwarding = self.version::<ForwardingSlice>().await?;
        self.reports(name, peering, forwarding).await
    }

    /// Of each of its pools.
    pub(crate) async fn reports(&self, name: &str, peering: u64, forwarding: u64) -> Result<()> {
        let gateway: TransitGateway = self.get("", name).await?;
        let pools = gateway.spec.pools.into_iter();
        self.reports_of(name, pools.map(|pool| (pool, [peering, forwarding])))
            .await
    }

    pub(crate) async fn reports_of(
        &self,
        name: &str,
        pools: impl IntoIterator<Item = (String, [u64; 2])>,
    ) -> Result<()> {
        let pools = pools.into_iter().map(|(pool, [peering, forwarding])| {
            json!({
                "pool": pool,
                "peeringSlices": peering.to_string(),
                "forwardingSlices": forwarding.to_string(),
            })
        });
        let status = json!({
            "apiVersion": isthmus_crds::API_VERSION, "kind": "TransitGateway",
            "status": {"synced": pools.collect::<Vec<_>>()},
        });
        let api: Api<TransitGateway> = Api::all(self.client.clone());
        let params = PatchParams::apply("agent").force();
        api.patch_status(name, &params, &Patch::Apply(&status))
            .await?;
        Ok(())
    }

    /// A gateway follows until a peering or member is programmed.
    pub(crate) async fn programmed<K: Kind>(
        &self,
        gateway: &str,
        (namespace, name): (&str, &str),
    ) -> Result<Condition> {
        eventually(&format!("{namespace}/{name} is programmed"), async || {
            self.synced(gateway).await?;
            let conditions = self.get::<K>(namespace, name).await?.conditions();
            let mut conditions = conditions.into_iter();
            let found = conditions.find(|condition| condition.type_ == "Programmed");
            let found = found.context("no condition")?;
            ensure!(found.status == "True", "{found:?}");
            Ok(found)
        })
        .await
    }

    /// Returns once what is made from now on is younger than what there is: the
    /// API server tells ages in whole seconds.
    pub(crate) async fn next_second(&self) -> Result<()> {
        let begin = Timestamp::now().as_second();
        eventually("the next second", async || {
            ensure!(Timestamp::now().as_second() > begin);
            Ok(())
        })
        .await
    }

    /// The version of a list of a kind.
    pub(crate) async fn version<K: Kind>(&self) -> Result<u64> {
        let api: Api<K> = K::all(self.client.clone());
        let list = api.list_metadata(&ListParams::default()).await?;
        Ok(list.metadata.resource_version.unwrap_or_default().parse()?)
    }

    pub(crate) async fn delete<K: Kind>(&self, namespace: &str, name: &str) -> Result<()> {
        let api: Api<K> = K::api(self.client.clone(), namespace);
        api.delete(name, &DeleteParams::default()).await?;
        Ok(())
    }

    pub(crate) async fn get<K: Kind>(&self, namespace: &str, name: &str) -> Result<K> {
        Ok(K::api(self.client.clone(), namespace).get(name).await?)
    }

    pub(crate) async fn list<K: Kind>(&self) -> Result<Vec<K>> {
        Ok(K::all(self.client.clone())
            .list(&ListParams::default())
            .await?
            .items)
    }

    /// Members of each ForwardingSlice of a VNI, by the slice's ordinal.
    pub(crate) async fn members(&self, vni: u32) -> Result<BTreeMap<String, Vec<String>>> {
        let slices = self.list::<ForwardingSlice>().await?;
        let slices = slices.iter().filter(|slice| slice.spec.vni.get() == vni);
        Ok(slices
            .map(|slice| {
                let members = slice.spec.members.iter();
                (
                    ordinal(&slice.name_any()),
                    members.map(|member| member.name.clone()).collect(),
                )
            })
            .collect())
    }

    /// Routes of a VNI: prefix and the peer's VNI.
    pub(crate) async fn routes(&self, vni: u32) -> Result<BTreeSet<(String, u32)>> {
        let slices = self.list::<PeeringSlice>().await?;
        let slices = slices.iter().filter(|slice| slice.spec.vni.get() == vni);
        let routes = slices.flat_map(|slice| &slice.spec.routes);
        Ok(routes
            .map(|route| (route.prefix.to_string(), route.peer_vni.get()))
            .collect())
    }

    /// Waits until an object has a condition; gives the condition.
    pub(crate) async fn condition<K: Kind>(
        &self,
        (namespace, name): (&str, &str),
        kind: &str,
        status: &str,
        reason: &str,
    ) -> Result<Condition> {
        let what = format!(
            "{} {namespace}/{name} {kind}={status} {reason}",
            K::kind(&())
        );
        eventually(&what, async || {
            let found = self.now::<K>((namespace, name), kind).await?;
            ensure!(
                found.status == status && found.reason == reason,
                "{found:#?}"
            );
            Ok(found)
        })
        .await
    }

    /// A condition of an object, which speaks of its present generation.
    pub(crate) async fn now<K: Kind>(
        &self,
        (namespace, name): (&str, &str),
        kind: &str,
    ) -> Result<Condition> {
        let object: K = self.get(namespace, name).await?;
        let generation = object.meta().generation;
        let conditions = object.conditions();
        let found = conditions.iter().find(|condition| {
            condition.type_ == kind && condition.observed_generation == generation
        });
        found.cloned().with_context(|| format!("{conditions:#?}"))
    }
}

/// Returns once an operator leads and knows everything.
pub(crate) async fn leads(operator: &Operator) -> Result<()> {
    eventually("it leads", async || {
        let (code, text) = operator.get("/readyz")?;
        let leader = operator.metric("isthmus_operator_leader")?;
        ensure!(code == 200 && leader == 1.0, "{text}");
        Ok(())
    })
    .await
}

/// Waits until something holds, with a bound.
pub(crate) async fn eventually<T>(
    what: &str,
    mut holds: impl AsyncFnMut() -> Result<T>,
) -> Result<T> {
    let deadline = Instant::now() + BOUND;
    loop {
        let last = match holds().await {
            Ok(value) => return Ok(value),
            Err(last) => last,
        };
        if Instant::now() >= deadline {
            bail!("not in {BOUND:?}: {what}: {last:#}");
        }
        sleep(Duration::from_millis(10)).await;
    }
}

fn ordinal(slice: &str) -> String {
    slice.rsplit('-').next().unwrap_or_default().to_owned()
}

/// Pools that a slice is for.
pub(crate) fn pools(labels: &BTreeMap<String, String>) -> Vec<&str> {
    let pools = labels
        .keys()
        .filter_map(|key| key.strip_prefix(POOL_LABEL_PREFIX));
    pools.collect()
}

/// One of our kinds.
pub(crate) trait Kind:
    Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Serialize + 'static
{
    fn conditions(&self) -> Vec<Condition> {
        Vec::new()
    }

    fn api(client: Client, namespace: &str) -> Api<Self>;

    fn all(client: Client) -> Api<Self> {
        Api::all(client)
    }
}

macro_rules! namespaced {
    ($($kind:ty),+) => {$(
        impl Kind for $kind {
            fn conditions(&self) -> Vec<Condition> {
                self.status.clone().unwrap_or_default().conditions
            }

            fn api(client: Client, namespace: &str) -> Api<Self> {
                Api::namespaced(client, namespace)
            }
        }
    )+};
}

macro_rules! cluster_scoped {
    ($($kind:ty),+) => {$(
        impl Kind for $kind {
            fn api(client: Client, _: &str) -> Api<Self> {
                Api::all(client)
            }
        }
    )+};
}

namespaced!(Vpc, VpcMember, VpcPeering);
cluster_scoped!(TransitGateway, PeeringSlice, ForwardingSlice);
