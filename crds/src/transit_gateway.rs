//! `TransitGateway`: one router and what it reports.

use std::net::IpAddr;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{address, schema};

/// A transit gateway: a router between VPCs. Its agent registers it.
#[derive(CustomResource, KubeSchema, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "isthmus.dev",
    version = "v1alpha1",
    kind = "TransitGateway",
    shortname = "tgw",
    category = "isthmus",
    status = "TransitGatewayStatus",
    derive = "PartialEq",
    doc = "A transit gateway: a router between VPCs. Its agent registers it.",
    printcolumn(name = "VTEPs", type_ = "string", json_path = ".spec.vteps"),
    printcolumn(name = "Pools", type_ = "string", json_path = ".spec.pools"),
    printcolumn(name = "Drain", type_ = "boolean", json_path = ".spec.drain"),
    printcolumn(
        name = "Ready",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"Ready\")].status"
    ),
    printcolumn(
        name = "Synced",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"Synced\")].status"
    ),
    printcolumn(
        name = "Draining",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"Draining\")].status",
        priority = 1
    ),
    printcolumn(
        name = "Members",
        type_ = "integer",
        json_path = ".status.entries.members",
        priority = 1
    ),
    printcolumn(
        name = "Routes",
        type_ = "integer",
        json_path = ".status.entries.routes",
        priority = 1
    ),
    printcolumn(
        name = "Age",
        type_ = "date",
        json_path = ".metadata.creationTimestamp"
    )
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TransitGatewaySpec {
    /// Addresses that the gateway answers to: at most four of each family.
    #[serde(deserialize_with = "address::list::deserialize")]
    #[schemars(schema_with = "schema::addresses", length(min = 1, max = 8))]
    #[x_kube(
        merge_strategy = ListMerge::Set,
        validation = Rule::new(
            "[4, 6].all(f, self.filter(a, isIP(a) && ip(a).family() == f).size() <= 4)"
        ).message("at most four addresses of each family")
    )]
    pub vteps: Vec<IpAddr>,

    /// Pools that the gateway serves.
    #[serde(default = "default_pools")]
    #[schemars(schema_with = "schema::label_names", length(min = 1, max = 16))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub pools: Vec<String>,

    /// Set by an administrator to send the gateway's flows elsewhere before
    /// it is taken away.
    #[serde(default)]
    pub drain: bool,
}

fn default_pools() -> Vec<String> {
    vec!["default".to_owned()]
}

/// What the gateway's agent reports.
#[derive(KubeSchema, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TransitGatewayStatus {
    /// Generation of the spec that the status speaks of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,

    /// `Ready`: whether the gateway forwards. `Synced`: whether its maps
    /// reflect all slices of its pools that it knows of. `Draining`: whether
    /// its flows are being sent elsewhere.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".into()]))]
    pub conditions: Vec<Condition>,

    /// For each of the gateway's pools, how far its maps reflect the pool's
    /// slices.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["pool".into()]))]
    pub synced: Vec<GatewaySynced>,

    /// Entries that the gateway's maps hold, and have room for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entries: Option<GatewayEntries>,

    /// The interfaces that the router is attached to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["name".into()]))]
    pub interfaces: Vec<GatewayInterface>,

    /// What runs on the gateway.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub versions: Option<GatewayVersions>,
}

/// For each kind of slice, the newest resourceVersion up to which the gateway's
/// maps reflect every slice of a pool. A number for each kind and pool, since each
/// has a watch of its own, and a quiet one advances only with its bookmarks.
#[derive(JsonSchema, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GatewaySynced {
    /// The pool.
    #[schemars(schema_with = "schema::label_name")]
    pub pool: String,
    /// Of the PeeringSlices.
    #[schemars(schema_with = "schema::resource_version")]
    pub peering_slices: String,
    /// Of the ForwardingSlices.
    #[schemars(schema_with = "schema::resource_version")]
    pub forwarding_slices: String,
}

/// Entries that a gateway's maps hold, and have room for.
#[derive(JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GatewayEntries {
    /// Entries of the peering map.
    pub routes: i64,
    /// Entries of the forwarding map.
    pub members: i64,
    /// Entries that the peering map has room for.
    pub route_capacity: i64,
    /// Entries that the forwarding map has room for.
    pub member_capacity: i64,
}

/// An interface that a gateway's router is attached to.
#[derive(JsonSchema, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GatewayInterface {
    /// Name of the interface.
    pub name: String,
    /// How the program runs there: `driver` or `generic`.
    pub xdp_mode: String,
}

/// What runs on a gateway.
#[derive(JsonSchema, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GatewayVersions {
    /// The agent.
    pub agent: String,
    /// The kernel.
    pub kernel: String,
    /// Layout of the maps.
    pub layout: i64,
}
