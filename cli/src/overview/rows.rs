//! From objects to what is shown of them. Pure.

use std::net::IpAddr;

use isthmus_crds::{
    Cidr, GatewayEntries, GatewayInterface, GatewaySynced, GatewayVersions, MacAddress, Vni,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde::Serialize;

use crate::object::{GatewayItem, MemberItem, PeeringItem, VpcItem};
use crate::state::{self, Standing};

/// What is shown of a Vpc. Of one that cannot be read, what its spec says is
/// absent.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct VpcRow {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its VNI.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vni: Option<Vni>,
    /// Its address ranges.
    pub cidrs: Vec<Cidr>,
    /// The pool of gateways that serves it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pool: Option<String>,
    /// How many accepted members it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub members: Option<i64>,
    /// How many VPCs it exchanges packets with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peers: Option<i64>,
    /// How many entries its members take.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entries: Option<i64>,
    /// How it stands.
    #[serde(flatten)]
    pub standing: Standing,
    /// Since when it is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created: Option<Time>,
}

/// What is shown of a VpcPeering.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PeeringRow {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The own Vpc.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vpc: Option<String>,
    /// The peer, as `NAMESPACE/NAME`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer: Option<String>,
    /// Prefixes of the own VPC that the peer reaches.
    pub exported: Vec<Cidr>,
    /// Prefixes of the peer that the own VPC reaches.
    pub imported: Vec<Cidr>,
    /// Gateways that have it, of those that shall.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gateways: Option<Reach>,
    /// How it stands.
    #[serde(flatten)]
    pub standing: Standing,
    /// Since when it is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created: Option<Time>,
}

/// Gateways that have something, of those that shall.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Reach {
    /// Gateways that have it.
    pub programmed: u32,
    /// Gateways that shall.
    pub of: u32,
}

/// What is shown of a VpcMember.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MemberRow {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its Vpc.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vpc: Option<String>,
    /// Its addresses.
    pub addresses: Vec<IpAddr>,
    /// Prefixes that it routes for.
    pub prefixes: Vec<Cidr>,
    /// Its MAC address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mac: Option<MacAddress>,
    /// VTEP of its hypervisor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hypervisor: Option<IpAddr>,
    /// How it stands.
    #[serde(flatten)]
    pub standing: Standing,
    /// Since when it is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created: Option<Time>,
}

/// What is shown of a TransitGateway.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GatewayRow {
    /// Its name.
    pub name: String,
    /// Pools that it serves.
    pub pools: Vec<String>,
    /// Addresses that it answers to.
    pub vteps: Vec<IpAddr>,
    /// Interfaces of its router.
    pub interfaces: Vec<GatewayInterface>,
    /// Entries of its maps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entries: Option<GatewayEntries>,
    /// How far its maps reflect the slices of each pool.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub synced: Vec<GatewaySynced>,
    /// What runs on it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub versions: Option<GatewayVersions>,
    /// How it stands.
    #[serde(flatten)]
    pub standing: Standing,
    /// Since when it is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created: Option<Time>,
}

impl From<VpcItem> for VpcRow {
    fn from(item: VpcItem) -> Self {
        let standing = state::vpc(&item.metadata, item.status.as_ref()).with_spec(&item.spec);
        let (namespace, name) = (item.namespace().to_owned(), item.name().to_owned());
        let status = item.status.unwrap_or_default();
        let spec = item.spec.ok();
        Self {
            namespace,
            name,
            vni: spec.as_ref().map(|spec| spec.vni),
            pool: spec.as_ref().map(|spec| spec.pool.clone()),
            cidrs: spec.map(|spec| spec.cidrs).unwrap_or_default(),
            members: status.members,
            peers: status.peers,
            entries: status.entries,
            standing,
            created: item.metadata.creation_timestamp,
        }
    }
}

impl From<PeeringItem> for PeeringRow {
    fn from(item: PeeringItem) -> Self {
        let standing = state::peering(&item.metadata, item.status.as_ref()).with_spec(&item.spec);
        let (namespace, name) = (item.namespace().to_owned(), item.name().to_owned());
        let status = item.status.unwrap_or_default();
        let spec = item.spec.ok();
        let peer = spec.as_ref().map(|spec| {
            let home = spec.peer.namespace.as_deref().unwrap_or(&namespace);
            format!("{home}/{}", spec.peer.name)
        });
        let programmed = state::condition(&status.conditions, "Programmed");
        Self {
            vpc: spec.map(|spec| spec.vpc),
            peer,
            gateways: programmed.and_then(|condition| Reach::parse(&condition.message)),
            exported: status.exported_prefixes,
            imported: status.imported_prefixes,
            namespace,
            name,
            standing,
            created: item.metadata.creation_timestamp,
        }
    }
}

impl From<MemberItem> for MemberRow {
    fn from(item: MemberItem) -> Self {
        let standing = state::member(&item.metadata, item.status.as_ref()).with_spec(&item.spec);
        let (namespace, name) = (item.namespace().to_owned(), item.name().to_owned());
        let spec = item.spec.ok();
        let of = spec.as_ref();
        Self {
            namespace,
            name,
            vpc: of.map(|spec| spec.vpc.clone()),
            addresses: of.map(|spec| spec.addresses.clone()).unwrap_or_default(),
            prefixes: of.map(|spec| spec.prefixes.clone()).unwrap_or_default(),
            mac: of.map(|spec| spec.mac),
            hypervisor: of.map(|spec| spec.hypervisor),
            standing,
            created: item.metadata.creation_timestamp,
        }
    }
}

impl From<GatewayItem> for GatewayRow {
    fn from(item: GatewayItem) -> Self {
        let standing = state::gateway(item.status.as_ref()).with_spec(&item.spec);
        let name = item.name().to_owned();
        let status = item.status.unwrap_or_default();
        let (pools, vteps) = item
            .spec
            .map(|spec| (spec.pools, spec.vteps))
            .unwrap_or_default();
        Self {
            name,
            pools,
            vteps,
            interfaces: status.interfaces,
            entries: status.entries,
            synced: status.synced,
            versions: status.versions,
            standing,
            created: item.metadata.creation_timestamp,
        }
    }
}

impl Reach {
    /// Of a peering's condition `Programmed`: `2/3 gateways`.
    #[must_use]
    pub fn parse(message: &str) -> Option<Self> {
        let (programmed, of) = message.strip_suffix(" gateways")?.split_once('/')?;
        Some(Self {
            programmed: programmed.parse().ok()?,
            of: of.parse().ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use kube::api::DynamicObject;
    use serde_json::json;

    use super::*;
    use crate::state::State;

    #[test]
    fn an_object_of_a_newer_version_is_shown_with_what_is_wrong() {
        let object = json!({
            "metadata": {"name": "blue", "namespace": "team-a"},
            "spec": {"vni": 1, "cidrs": ["10.0.0.0/24"], "encryption": "on"},
        });
        let object: DynamicObject = serde_json::from_value(object).unwrap();
        let row = VpcRow::from(VpcItem::from(object));
        assert_eq!(
            (&*row.name, row.vni, row.standing.state),
            ("blue", None, State::Pending)
        );
        assert_eq!(row.standing.reason.as_deref(), Some("Unreadable"));
        assert!(
            row.standing.message.contains("unknown field `encryption`"),
            "{row:?}"
        );
    }

    #[test]
    fn the_gateways_of_a_peering_are_counted_in_its_condition() {
        assert_eq!(
            Reach::parse("2/3 gateways"),
            Some(Reach {
                programmed: 2,
                of: 3
            })
        );
        for other in ["not in force", "many/3 gateways", "3 gateways"] {
            assert_eq!(Reach::parse(other), None, "{other}");
        }
    }
}
