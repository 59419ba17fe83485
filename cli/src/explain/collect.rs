//! Reads what concerns a peering, as far as whoever asks may see it.

use isthmus_crds::labels::VNI_LABEL;
use isthmus_crds::{
    ForwardingSlice, PeeringSlice, TransitGateway, Vni, Vpc, VpcPeering, VpcPeeringSpec,
};
use kube::Client;
use kube::api::ObjectMeta;

use super::carried::RouteSlice;
use crate::object::{GatewayItem, PeeringItem, VpcItem};
use crate::read::{ReadError, Scope, Seen, get, list, list_metadata};

/// No account of a peering can be given.
#[derive(Debug, thiserror::Error)]
pub enum CollectError {
    /// The API server cannot tell.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// It is not there.
    #[error("there is no VpcPeering {namespace}/{name}")]
    Missing {
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
    },
    /// It may not be seen.
    #[error("you may not read the peering: {0}")]
    Forbidden(String),
    /// It is of another version.
    #[error("the spec of VpcPeering {namespace}/{name} cannot be read: {reason}")]
    Unreadable {
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// What there is to see of a peering.
#[derive(Clone, Debug)]
pub struct Gathered {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its spec.
    pub spec: VpcPeeringSpec,
    /// The object.
    pub peering: PeeringItem,
    /// The own Vpc.
    pub vpc: Seen<VpcItem>,
    /// The peer's Vpc.
    pub peer: Seen<VpcItem>,
    /// The peer's half; `None` where there need be none.
    pub other_half: Option<Seen<PeeringItem>>,
    /// Every gateway.
    pub gateways: Seen<Vec<GatewayItem>>,
    /// PeeringSlices of both Vpcs.
    pub routes: Seen<Vec<RouteSlice>>,
    /// Metadata of the ForwardingSlices of both Vpcs.
    pub members: Seen<Vec<ObjectMeta>>,
}

impl Gathered {
    /// Namespace of the peer's Vpc.
    #[must_use]
    pub fn peer_namespace(&self) -> &str {
        self.spec
            .peer
            .namespace
            .as_deref()
            .unwrap_or(&self.namespace)
    }
}

/// Reads everything that concerns a peering.
///
/// # Errors
///
/// See [`CollectError`]: only what concerns the peering itself is one; what
/// else may not be seen is so in what is gathered.
pub async fn collect(
    client: &Client,
    namespace: &str,
    name: &str,
) -> Result<Gathered, CollectError> {
    let names = || (namespace.to_owned(), name.to_owned());
    let peering: PeeringItem = match get::<VpcPeering, _>(client, namespace, name).await? {
        Seen::Found(peering) => peering,
        Seen::Missing => {
            let (namespace, name) = names();
            return Err(CollectError::Missing { namespace, name });
        }
        Seen::Forbidden(sentence) => return Err(CollectError::Forbidden(sentence)),
    };
    let spec = peering.spec.clone().map_err(|reason| {
        let (namespace, name) = names();
        CollectError::Unreadable {
            namespace,
            name,
            reason,
        }
    })?;
    let home = spec.peer.namespace.as_deref().unwrap_or(namespace);
    let (vpc, peer, other_half, gateways) = tokio::try_join!(
        get::<Vpc, VpcItem>(client, namespace, &spec.vpc),
        get::<Vpc, VpcItem>(client, home, &spec.peer.name),
        other_half(client, namespace, &spec, home),
        list::<TransitGateway, GatewayItem>(client, &Scope::Everywhere, ""),
    )?;
    let vnis = [&vpc, &peer].into_iter().filter_map(|seen| {
        let spec = seen.as_found()?.spec.as_ref().ok()?;
        Some(spec.vni)
    });
    let (routes, members) = slices(client, &vnis.collect::<Vec<_>>()).await?;
    let (namespace, name) = names();
    Ok(Gathered {
        namespace,
        name,
        spec,
        peering,
        vpc,
        peer,
        other_half,
        gateways,
        routes,
        members,
    })
}

async fn other_half(
    client: &Client,
    namespace: &str,
    spec: &VpcPeeringSpec,
    home: &str,
) -> Result<Option<Seen<PeeringItem>>, ReadError> {
    if home == namespace {
        return Ok(None);
    }
    let scope = Scope::Namespace(home.to_owned());
    let halves = list::<VpcPeering, PeeringItem>(client, &scope, "").await?;
    let is_it = |half: &PeeringItem| {
        half.spec.as_ref().is_ok_and(|half| {
            half.vpc == spec.peer.name
                && half.peer.name == spec.vpc
                && half.peer.namespace.as_deref() == Some(namespace)
        })
    };
    Ok(Some(match halves {
        Seen::Found(halves) => {
            // Of several the oldest is it.
            let mut halves: Vec<_> = halves.into_iter().filter(is_it).collect();
            halves.sort_by_key(|half| {
                let meta = &half.metadata;
                (meta.creation_timestamp.clone(), meta.uid.clone())
            });
            halves.into_iter().next().map_or(Seen::Missing, Seen::Found)
        }
        Seen::Missing => Seen::Missing,
        Seen::Forbidden(sentence) => Seen::Forbidden(sentence),
    }))
}

type Slices = (Seen<Vec<RouteSlice>>, Seen<Vec<ObjectMeta>>);

async fn slices(client: &Client, vnis: &[Vni]) -> Result<Slices, ReadError> {
    if vnis.is_empty() {
        return Ok((Seen::Missing, Seen::Missing));
    }
    let vnis: Vec<_> = vnis.iter().map(ToString::to_string).collect();
    let labels = format!("{VNI_LABEL} in ({})", vnis.join(","));
    let everywhere = Scope::Everywhere;
    tokio::try_join!(
        list::<PeeringSlice, RouteSlice>(client, &everywhere, &labels),
        list_metadata::<ForwardingSlice>(client, &everywhere, &labels),
    )
}
