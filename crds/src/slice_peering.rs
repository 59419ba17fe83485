//! `PeeringSlice`: what the members of a VPC reach in its peers.

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Cidr, PeeringName, Vni, VpcIdentity, schema};

/// A part of a VPC's routes to its peers, as the VPC's gateways need them.
/// Written by the operator alone, which undoes what others write.
#[derive(CustomResource, KubeSchema, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[kube(
    group = "isthmus.dev",
    version = "v1alpha1",
    kind = "PeeringSlice",
    shortname = "pslice",
    category = "isthmus",
    derive = "PartialEq",
    doc = "A part of a VPC's routes to its peers. Written by the operator alone, which undoes what others write.",
    printcolumn(name = "VNI", type_ = "integer", json_path = ".spec.vni"),
    printcolumn(
        name = "VPC namespace",
        type_ = "string",
        json_path = ".spec.vpc.namespace"
    ),
    printcolumn(name = "VPC", type_ = "string", json_path = ".spec.vpc.name"),
    printcolumn(
        name = "Prefixes",
        type_ = "string",
        json_path = ".spec.routes[*].prefix",
        priority = 1
    ),
    printcolumn(
        name = "Age",
        type_ = "date",
        json_path = ".metadata.creationTimestamp"
    )
)]
#[serde(rename_all = "camelCase")]
pub struct PeeringSliceSpec {
    /// VXLAN network identifier of the VPC whose members send.
    pub vni: Vni,

    /// The Vpc whose members send.
    pub vpc: VpcIdentity,

    /// The routes; each prefix is in one slice only.
    #[serde(default)]
    #[schemars(length(max = 1000))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub routes: Vec<SliceRoute>,
}

/// One prefix of a peer.
#[derive(
    JsonSchema, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(rename_all = "camelCase")]
pub struct SliceRoute {
    /// Destinations that the route is for.
    pub prefix: Cidr,

    /// VXLAN network identifier of the VPC that holds the prefix.
    pub peer_vni: Vni,

    /// `metadata.uid` of the Vpc that holds the prefix.
    #[schemars(schema_with = "schema::uid")]
    pub peer_uid: String,

    /// The peering that the route follows from.
    pub peering: PeeringName,
}
