//! Reads the objects of the cluster that manifests can have to do with.

use std::collections::BTreeSet;

use isthmus_compiler::{Kind, Object, ObjectName, ObjectRef};
use isthmus_crds::{TransitGateway, Vpc, VpcMember, VpcPeering};
use isthmus_manifests::store::Store;
use k8s_openapi::NamespaceResourceScope;
use kube::Client;
use kube::api::{DynamicObject, ObjectMeta};
use kube::core::Resource;

use crate::object::{GatewayItem, Item, MemberItem, PeeringItem, VpcItem};
use crate::read::{ReadError, Scope, Seen, list};

/// Objects of a cluster.
#[derive(Clone, Debug, Default)]
pub struct ClusterObjects {
    /// Those that can be read.
    pub objects: Vec<Object>,
    /// The others, each with why.
    pub unreadable: Vec<(ObjectRef, String)>,
    /// How much of the cluster was seen.
    pub sight: Sight,
}

/// How much of a cluster was seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Sight {
    /// Everything.
    #[default]
    Everything,
    /// Vpcs and peerings of these namespaces.
    Namespaces(BTreeSet<String>),
}

impl Sight {
    /// Whether a namespace was seen.
    #[must_use]
    pub fn covers(&self, namespace: &str) -> bool {
        match self {
            Self::Everything => true,
            Self::Namespaces(seen) => seen.contains(namespace),
        }
    }
}

/// Reads every Vpc and VpcPeering, and the members of the namespaces that the
/// manifests have objects in: members of others cannot be touched by them.
/// Where not all namespaces may be seen, those that the manifests name.
///
/// # Errors
///
/// See [`ReadError`].
pub async fn read(client: &Client, manifests: &Store) -> Result<ClusterObjects, ReadError> {
    let mut cluster = ClusterObjects::default();
    let everywhere = Scope::Everywhere;
    let (vpcs, peerings) = tokio::try_join!(
        list::<Vpc, VpcItem>(client, &everywhere, ""),
        list::<VpcPeering, PeeringItem>(client, &everywhere, ""),
    )?;
    if let (Seen::Found(vpcs), Seen::Found(peerings)) = (vpcs, peerings) {
        cluster.add(Kind::Vpc, vpcs, vpc);
        cluster.add(Kind::VpcPeering, peerings, peering);
    } else {
        let mut seen = BTreeSet::new();
        for namespace in named(manifests) {
            let vpcs = in_namespace::<Vpc, VpcItem>(client, &namespace).await?;
            let peerings = in_namespace::<VpcPeering, PeeringItem>(client, &namespace).await?;
            if let (Some(vpcs), Some(peerings)) = (vpcs, peerings) {
                cluster.add(Kind::Vpc, vpcs, vpc);
                cluster.add(Kind::VpcPeering, peerings, peering);
                seen.insert(namespace);
            }
        }
        cluster.sight = Sight::Namespaces(seen);
    }
    for namespace in homes(manifests) {
        let members = in_namespace::<VpcMember, MemberItem>(client, &namespace).await?;
        cluster.add(Kind::VpcMember, members.unwrap_or_default(), member);
    }
    if (manifests.objects()).any(|(key, ..)| key.kind == Kind::TransitGateway) {
        let seen = list::<TransitGateway, GatewayItem>(client, &everywhere, "").await?;
        cluster.add(
            Kind::TransitGateway,
            seen.found().unwrap_or_default(),
            gateway,
        );
    }
    Ok(cluster)
}

async fn in_namespace<K, T>(client: &Client, namespace: &str) -> Result<Option<Vec<T>>, ReadError>
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
    T: From<DynamicObject>,
{
    let scope = Scope::Namespace(namespace.to_owned());
    Ok(list::<K, T>(client, &scope, "").await?.found())
}

/// Namespaces that the manifests have objects in.
fn homes(manifests: &Store) -> BTreeSet<String> {
    let namespaces = manifests
        .objects()
        .map(|(key, ..)| key.name.namespace.clone());
    namespaces
        .filter(|namespace| !namespace.is_empty())
        .collect()
}

/// The same and those that they name.
fn named(manifests: &Store) -> BTreeSet<String> {
    let mut namespaces = homes(manifests);
    namespaces.extend(manifests.objects().filter_map(|(.., object)| match object {
        Object::VpcPeering(peering) => peering.spec.peer.namespace.clone(),
        _ => None,
    }));
    namespaces
}

impl ClusterObjects {
    fn add<S, T>(
        &mut self,
        kind: Kind,
        items: Vec<Item<S, T>>,
        object: impl Fn(ObjectMeta, S) -> Object,
    ) {
        for item in items {
            let reference = ObjectRef {
                kind,
                name: ObjectName {
                    namespace: item.namespace().to_owned(),
                    name: item.name().to_owned(),
                },
            };
            match item.spec {
                Ok(spec) => self.objects.push(object(item.metadata, spec)),
                Err(reason) => self.unreadable.push((reference, reason)),
            }
        }
    }
}

fn vpc(metadata: ObjectMeta, spec: isthmus_crds::VpcSpec) -> Object {
    let status = None;
    Vpc {
        metadata,
        spec,
        status,
    }
    .into()
}

fn member(metadata: ObjectMeta, spec: isthmus_crds::VpcMemberSpec) -> Object {
    let status = None;
    VpcMember {
        metadata,
        spec,
        status,
    }
    .into()
}

fn peering(metadata: ObjectMeta, spec: isthmus_crds::VpcPeeringSpec) -> Object {
    let status = None;
    VpcPeering {
        metadata,
        spec,
        status,
    }
    .into()
}

fn gateway(metadata: ObjectMeta, spec: isthmus_crds::TransitGatewaySpec) -> Object {
    let status = None;
    TransitGateway {
        metadata,
        spec,
        status,
    }
    .into()
}
