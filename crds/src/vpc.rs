//! `Vpc`: one VXLAN network.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{CustomResource, KubeSchema};
use serde::{Deserialize, Serialize};

use crate::{Cidr, Vni, schema};

/// A VPC: one VXLAN network and the address ranges that belong to it.
#[derive(CustomResource, KubeSchema, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "isthmus.dev",
    version = "v1alpha1",
    kind = "Vpc",
    namespaced,
    category = "isthmus",
    status = "VpcStatus",
    derive = "PartialEq",
    selectable = ".spec.vni",
    doc = "A VPC: one VXLAN network and the address ranges that belong to it.",
    printcolumn(name = "VNI", type_ = "integer", json_path = ".spec.vni"),
    printcolumn(name = "CIDRs", type_ = "string", json_path = ".spec.cidrs"),
    printcolumn(
        name = "Pool",
        type_ = "string",
        json_path = ".spec.pool",
        priority = 1
    ),
    printcolumn(name = "Members", type_ = "integer", json_path = ".status.members"),
    printcolumn(name = "Peers", type_ = "integer", json_path = ".status.peers"),
    printcolumn(
        name = "Entries",
        type_ = "integer",
        json_path = ".status.entries",
        priority = 1
    ),
    printcolumn(
        name = "Accepted",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"Accepted\")].status"
    ),
    printcolumn(
        name = "Reason",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"Accepted\")].reason",
        priority = 1
    ),
    printcolumn(
        name = "Age",
        type_ = "date",
        json_path = ".metadata.creationTimestamp"
    )
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct VpcSpec {
    /// VXLAN network identifier, 1 to 16777215; unique in the cluster and
    /// never changed.
    #[x_kube(validation = Rule::new("self == oldSelf").message("is immutable; make a new Vpc instead"))]
    pub vni: Vni,

    /// Address ranges of the VPC, without overlap among themselves. The first
    /// address behind each network address is the gateway's, so that a range
    /// must have room for it and a member: `/30` or `/126` at the least.
    #[schemars(length(min = 1, max = 16))]
    #[x_kube(
        merge_strategy = ListMerge::Atomic,
        validation = Rule::new(
            "self.all(a, !isCIDR(a) || (cidr(a).ip().family() == 4 ? cidr(a).prefixLength() <= 30 : cidr(a).prefixLength() <= 126))"
        ).message("every range needs room for the gateway and a member: /30 or /126 at the least"),
        validation = Rule::new(
            "self.all(a, !isCIDR(a) || ['0.0.0.0/32', '127.0.0.0/8', '169.254.0.0/16', '224.0.0.0/4', '255.255.255.255/32', '::/127', 'fe80::/10', 'ff00::/8'].all(b, !cidr(a).containsIP(cidr(b).ip()) && !cidr(b).containsIP(cidr(a).ip())))"
        ).message("ranges must not have addresses that are link-local, loopback, multicast or unspecified"),
        validation = Rule::new(
            "self.all(a, self.filter(b, isCIDR(a) && isCIDR(b) && (cidr(a).containsIP(cidr(b).ip()) || cidr(b).containsIP(cidr(a).ip()))).size() <= 1)"
        ).message("ranges must not overlap each other")
    )]
    // `containsCIDR` would not do: the API server's holds only for networks that begin at one
    // address.
    pub cidrs: Vec<Cidr>,

    /// Pool of transit gateways that serve the VPC.
    #[serde(default = "default_pool")]
    #[schemars(schema_with = "schema::label_name")]
    pub pool: String,
}

fn default_pool() -> String {
    "default".to_owned()
}

/// What became of the VPC.
#[derive(KubeSchema, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VpcStatus {
    /// Generation of the spec that the conditions speak of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,

    /// `Accepted`: whether the VPC is in force, and if not, why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".into()]))]
    pub conditions: Vec<Condition>,

    /// How many accepted members the VPC has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub members: Option<i64>,

    /// How many VPCs it exchanges packets with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peers: Option<i64>,

    /// How many entries of a gateway's forwarding map its members take: their
    /// addresses and prefixes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entries: Option<i64>,
}
