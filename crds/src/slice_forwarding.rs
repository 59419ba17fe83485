//! `ForwardingSlice`: where the members of a VPC live.
//!
//! Its values have the rules of the objects that they come from, so that what is
//! stored can be read, whoever wrote it. The API server spends about 0.1 ms of CPU
//! on each member at each write, the rules a thirtieth of that.

use std::net::IpAddr;

use kube::{CustomResource, KubeSchema};
use serde::{Deserialize, Serialize};

use crate::{Cidr, MacAddress, Vni, VpcIdentity, address, schema};

/// A part of a VPC's members, as its gateways and those of its peers need
/// them. Written by the operator alone, which undoes what others write.
#[derive(CustomResource, KubeSchema, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[kube(
    group = "isthmus.dev",
    version = "v1alpha1",
    kind = "ForwardingSlice",
    shortname = "fwslice",
    category = "isthmus",
    derive = "PartialEq",
    doc = "A part of a VPC's members. Written by the operator alone, which undoes what others write.",
    printcolumn(name = "VNI", type_ = "integer", json_path = ".spec.vni"),
    printcolumn(
        name = "VPC namespace",
        type_ = "string",
        json_path = ".spec.vpc.namespace"
    ),
    printcolumn(name = "VPC", type_ = "string", json_path = ".spec.vpc.name"),
    printcolumn(
        name = "Members",
        type_ = "string",
        json_path = ".spec.members[*].name",
        priority = 1
    ),
    printcolumn(
        name = "Age",
        type_ = "date",
        json_path = ".metadata.creationTimestamp"
    )
)]
#[serde(rename_all = "camelCase")]
pub struct ForwardingSliceSpec {
    /// VXLAN network identifier of the members' VPC.
    pub vni: Vni,

    /// The members' Vpc.
    pub vpc: VpcIdentity,

    /// The members; each is in one slice only.
    #[serde(default)]
    #[schemars(length(max = 1000))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub members: Vec<SliceMember>,
}

/// One VpcMember: all that the gateways' forwarding maps say of it.
#[derive(
    KubeSchema, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(rename_all = "camelCase")]
pub struct SliceMember {
    /// Name of the VpcMember, in the Vpc's namespace.
    #[schemars(schema_with = "schema::existing_name")]
    pub name: String,

    /// The member's addresses.
    #[serde(deserialize_with = "address::list::deserialize")]
    #[schemars(schema_with = "schema::addresses", length(min = 1, max = 8))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub addresses: Vec<IpAddr>,

    /// Prefixes that the member routes for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub prefixes: Vec<Cidr>,

    /// The member's MAC address.
    pub mac: MacAddress,

    /// VTEP address of the hypervisor that the member lives on.
    #[serde(deserialize_with = "address::deserialize")]
    #[schemars(schema_with = "schema::address")]
    pub hypervisor: IpAddr,
}
