//! `VpcMember`: one machine in a VPC.

use std::net::IpAddr;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{CustomResource, KubeSchema};
use serde::{Deserialize, Serialize};

use crate::{Cidr, MacAddress, address, schema};

/// A member of a VPC: its addresses, and where it lives.
#[derive(CustomResource, KubeSchema, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "isthmus.dev",
    version = "v1alpha1",
    kind = "VpcMember",
    namespaced,
    shortname = "vpcm",
    category = "isthmus",
    status = "VpcMemberStatus",
    derive = "PartialEq",
    selectable = ".spec.vpc",
    selectable = ".spec.hypervisor",
    doc = "A member of a VPC: its addresses, and where it lives.",
    printcolumn(name = "VPC", type_ = "string", json_path = ".spec.vpc"),
    printcolumn(name = "Addresses", type_ = "string", json_path = ".spec.addresses"),
    printcolumn(
        name = "Prefixes",
        type_ = "string",
        json_path = ".spec.prefixes",
        priority = 1
    ),
    printcolumn(name = "MAC", type_ = "string", json_path = ".spec.mac", priority = 1),
    printcolumn(name = "Hypervisor", type_ = "string", json_path = ".spec.hypervisor"),
    printcolumn(
        name = "Accepted",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"Accepted\")].status"
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
        name = "Age",
        type_ = "date",
        json_path = ".metadata.creationTimestamp"
    )
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct VpcMemberSpec {
    /// Name of the member's Vpc, in the member's own namespace; never changed.
    #[schemars(schema_with = "schema::object_name")]
    #[x_kube(validation = Rule::new("self == oldSelf").message("is immutable; make a new VpcMember instead"))]
    pub vpc: String,

    /// The member's addresses, inside the VPC's CIDRs.
    #[serde(deserialize_with = "address::list::deserialize")]
    #[schemars(schema_with = "schema::addresses", length(min = 1, max = 8))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub addresses: Vec<IpAddr>,

    /// Prefixes inside the VPC's CIDRs that the member routes for, such as
    /// the pods of a Kubernetes node.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub prefixes: Vec<Cidr>,

    /// The member's MAC address.
    pub mac: MacAddress,

    /// VTEP address of the hypervisor that the member lives on.
    #[serde(deserialize_with = "address::deserialize")]
    #[schemars(schema_with = "schema::address")]
    pub hypervisor: IpAddr,
}

/// What became of the member.
#[derive(KubeSchema, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VpcMemberStatus {
    /// Generation of the spec that the conditions speak of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,

    /// `Accepted`: whether the member is in force, and if not, why.
    /// `Programmed`: whether the gateways have it as it is now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".into()]))]
    pub conditions: Vec<Condition>,
}
