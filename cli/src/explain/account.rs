//! From what was gathered to an account of a peering. Pure.

use std::collections::BTreeSet;

use isthmus_crds::{Cidr, PeeringName, Vni};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use serde::Serialize;

use super::carried::Carried;
use super::collect::Gathered;
use super::gateway::{Demand, GatewayView};
use super::notes::notes;
use crate::object::{PeeringItem, VpcItem};
use crate::read::Seen;
use crate::state::{self, Standing, State};

/// Why a peering is where it is.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Account {
    /// Namespace of the peering.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// How it stands.
    #[serde(flatten)]
    pub standing: Standing,
    /// Its conditions.
    pub conditions: Vec<ConditionView>,
    /// The own side.
    pub own: Side,
    /// The peer's side.
    pub peer: Side,
    /// The object of the peer's side, where there need be one and it may be
    /// seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub other_half: Option<Half>,
    /// The gateways of the pools concerned, where they may be seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gateways: Option<Vec<GatewayView>>,
    /// What is missing or may not be seen.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// One condition.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ConditionView {
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// `True`, `False` or `Unknown`.
    pub status: String,
    /// Its reason.
    pub reason: String,
    /// Its sentence.
    pub message: String,
    /// Since when its status is this one.
    pub since: Time,
}

/// One of the two VPCs.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Side {
    /// Namespace of the Vpc.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its VNI, where the Vpc may be seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vni: Option<Vni>,
    /// Its pool, where the Vpc may be seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pool: Option<String>,
    /// How the Vpc stands, where it may be seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<State>,
    /// Its prefixes that the other side reaches.
    pub reachable: Vec<Cidr>,
}

/// The other side's object.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Half {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// How it stands.
    #[serde(flatten)]
    pub standing: Standing,
}

/// The account of a peering.
#[must_use]
pub fn explain(gathered: Gathered) -> Account {
    let notes = notes(&gathered);
    let standing = state::peering(&gathered.peering.metadata, gathered.peering.status.as_ref());
    let demand = demand(&gathered, standing.state);
    let home = gathered.peer_namespace().to_owned();
    let status = gathered.peering.status.unwrap_or_default();
    let own = side(
        gathered.namespace.clone(),
        gathered.spec.vpc,
        gathered.vpc.as_found(),
        status.exported_prefixes,
    );
    let peer = side(
        home,
        gathered.spec.peer.name,
        gathered.peer.as_found(),
        status.imported_prefixes,
    );
    let pools: BTreeSet<_> = own.pool.iter().chain(&peer.pool).cloned().collect();
    // Of unknown pools the gateways are unknown.
    let gateways = gathered.gateways.found().filter(|_| !pools.is_empty());
    let gateways = gateways.map(|gateways| {
        let mut concerned: Vec<_> = gateways
            .into_iter()
            .map(|gateway| GatewayView::of(gateway, &demand))
            .filter(|gateway| gateway.pools.iter().any(|pool| pools.contains(pool)))
            .collect();
        concerned.sort_by(|a, b| a.name.cmp(&b.name));
        concerned
    });
    Account {
        namespace: gathered.namespace,
        name: gathered.name,
        standing,
        conditions: status
            .conditions
            .into_iter()
            .map(ConditionView::from)
            .collect(),
        own,
        peer,
        other_half: gathered.other_half.and_then(Seen::found).as_ref().map(half),
        gateways,
        notes,
    }
}

impl Account {
    /// Whether every gateway has the peering, as far as the operator says.
    #[must_use]
    pub fn is_programmed(&self) -> bool {
        self.standing.state == State::Programmed
    }
}

fn demand(gathered: &Gathered, state: State) -> Demand {
    if !matches!(state, State::Programmed | State::Programming) {
        return Demand::Unwritten;
    }
    let (Seen::Found(routes), Seen::Found(members)) = (&gathered.routes, &gathered.members) else {
        return Demand::Unknown;
    };
    let own = PeeringName {
        namespace: gathered.namespace.clone(),
        name: gathered.name.clone(),
    };
    let other = gathered.other_half.as_ref().and_then(Seen::as_found);
    let other = other.map(|half| PeeringName {
        namespace: half.namespace().to_owned(),
        name: half.name().to_owned(),
    });
    let halves: Vec<_> = [own].into_iter().chain(other).collect();
    let carried = Carried::of(routes, members, &halves);
    let status = gathered.peering.status.as_ref();
    let has_prefixes = status.is_some_and(|status| {
        !status.exported_prefixes.is_empty() || !status.imported_prefixes.is_empty()
    });
    if carried.is_empty() && has_prefixes {
        Demand::Unwritten
    } else {
        Demand::Slices {
            carried,
            is_confirmed: state == State::Programmed,
        }
    }
}

fn side(namespace: String, name: String, vpc: Option<&VpcItem>, reachable: Vec<Cidr>) -> Side {
    let spec = vpc.and_then(|vpc| vpc.spec.as_ref().ok());
    Side {
        namespace,
        name,
        vni: spec.map(|spec| spec.vni),
        pool: spec.map(|spec| spec.pool.clone()),
        state: vpc.map(|vpc| state::vpc(&vpc.metadata, vpc.status.as_ref()).state),
        reachable,
    }
}

fn half(item: &PeeringItem) -> Half {
    Half {
        namespace: item.namespace().to_owned(),
        name: item.name().to_owned(),
        standing: state::peering(&item.metadata, item.status.as_ref()),
    }
}

impl From<Condition> for ConditionView {
    fn from(condition: Condition) -> Self {
        Self {
            kind: condition.type_,
            status: condition.status,
            reason: condition.reason,
            message: condition.message,
            since: condition.last_transition_time,
        }
    }
}
