//! `VpcPeering`: the wish that two VPCs exchange packets.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Cidr, schema};

/// A peering of two VPCs. One object peers two VPCs of one namespace; across
/// namespaces each side states its half.
#[derive(CustomResource, KubeSchema, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "isthmus.dev",
    version = "v1alpha1",
    kind = "VpcPeering",
    namespaced,
    shortname = "vpcp",
    category = "isthmus",
    status = "VpcPeeringStatus",
    derive = "PartialEq",
    selectable = ".spec.vpc",
    selectable = ".spec.peer.name",
    doc = "A peering of two VPCs. One object peers two VPCs of one namespace; across namespaces each side states its half.",
    printcolumn(name = "VPC", type_ = "string", json_path = ".spec.vpc"),
    printcolumn(name = "Peer", type_ = "string", json_path = ".spec.peer.name"),
    printcolumn(
        name = "Peer namespace",
        type_ = "string",
        json_path = ".spec.peer.namespace"
    ),
    printcolumn(
        name = "Accepted",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"Accepted\")].status"
    ),
    printcolumn(
        name = "Peer accepted",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"PeerAccepted\")].status"
    ),
    printcolumn(
        name = "Programmed",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"Programmed\")].status"
    ),
    printcolumn(
        name = "Reason",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"Accepted\")].reason",
        priority = 1
    ),
    printcolumn(
        name = "Gateways",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"Programmed\")].message",
        priority = 1
    ),
    printcolumn(
        name = "Age",
        type_ = "date",
        json_path = ".metadata.creationTimestamp"
    )
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[x_kube(validation = Rule::new("has(self.peer.__namespace__) || self.peer.name != self.vpc")
    .message("peer must not name the own Vpc; name another one"))]
pub struct VpcPeeringSpec {
    /// Name of the own Vpc, in the peering's namespace; never changed.
    #[schemars(schema_with = "schema::object_name")]
    #[x_kube(validation = Rule::new("self == oldSelf").message("is immutable; make a new VpcPeering instead"))]
    pub vpc: String,

    /// The Vpc to peer with; never changed.
    #[x_kube(validation = Rule::new("self == oldSelf").message("is immutable; make a new VpcPeering instead"))]
    pub peer: PeerRef,

    /// Prefixes inside the own VPC's CIDRs that the peer may reach; all of
    /// the CIDRs where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 16))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub export_prefixes: Option<Vec<Cidr>>,

    /// Of what the peer exports, the prefixes that the own VPC may reach; all
    /// of it where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 16))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub import_prefixes: Option<Vec<Cidr>>,
}

/// Names a Vpc.
#[derive(JsonSchema, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PeerRef {
    /// Name of the Vpc.
    #[schemars(schema_with = "schema::object_name")]
    pub name: String,

    /// Its namespace; the peering's own where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::optional_label_name")]
    pub namespace: Option<String>,
}

/// What became of the peering.
#[derive(KubeSchema, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VpcPeeringStatus {
    /// Generation of the spec that the conditions speak of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,

    /// `Accepted`: whether this object is in force, and if not, why.
    /// `PeerAccepted`: the same of the peer's half. `Programmed`: on how many
    /// gateways.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".into()]))]
    pub conditions: Vec<Condition>,

    /// Prefixes of the own VPC that the peer reaches; none where the peering is
    /// not in force.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 256))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub exported_prefixes: Vec<Cidr>,

    /// Prefixes of the peer that the own VPC reaches; none where the peering is
    /// not in force.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 256))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub imported_prefixes: Vec<Cidr>,
}
