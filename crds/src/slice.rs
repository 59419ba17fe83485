//! What the two kinds of slices have in common.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::schema;

/// Most entries of a slice: members of a `ForwardingSlice`, routes of a
/// `PeeringSlice`.
pub const MAX_SLICE_ENTRIES: usize = 1_000;

/// The Vpc that a slice belongs to. Its UID tells it from another Vpc that had
/// its name or its VNI before.
#[derive(
    JsonSchema, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(rename_all = "camelCase")]
pub struct VpcIdentity {
    /// Namespace of the Vpc.
    #[schemars(schema_with = "schema::label_name")]
    pub namespace: String,

    /// Name of the Vpc.
    #[schemars(schema_with = "schema::object_name")]
    pub name: String,

    /// The Vpc's `metadata.uid`.
    #[schemars(schema_with = "schema::uid")]
    pub uid: String,
}

/// Namespace and name of the peering that a route follows from.
#[derive(
    JsonSchema, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(rename_all = "camelCase")]
pub struct PeeringName {
    /// Namespace of the VpcPeering.
    #[schemars(schema_with = "schema::existing_name")]
    pub namespace: String,

    /// Name of the VpcPeering.
    #[schemars(schema_with = "schema::existing_name")]
    pub name: String,
}
