//! `kubectl isthmus get`: every object with its state and why.
//!
//! [`collect()`] reads, rows are made of what it read, [`write()`] shows them.

mod collect;
mod rows;
mod tables;
mod write;

use std::fmt;

use serde::Serialize;

pub use collect::collect;
pub use rows::{GatewayRow, MemberRow, PeeringRow, Reach, VpcRow};
pub use tables::View;
pub use write::write;

/// What was asked for, as far as it could be seen.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Overview {
    /// VPCs, where they were asked for and may be seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vpcs: Option<Vec<VpcRow>>,
    /// The same of peerings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peerings: Option<Vec<PeeringRow>>,
    /// The same of members.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub members: Option<Vec<MemberRow>>,
    /// The same of gateways.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gateways: Option<Vec<GatewayRow>>,
    /// What may not be seen.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hidden: Vec<Hidden>,
}

/// A kind that may not be seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Hidden {
    /// The kind.
    pub kind: &'static str,
    /// The API server's sentence.
    pub message: String,
}

impl Overview {
    /// Whether nothing of what was asked for may be seen.
    #[must_use]
    pub const fn is_hidden(&self) -> bool {
        self.vpcs.is_none()
            && self.peerings.is_none()
            && self.members.is_none()
            && self.gateways.is_none()
    }
}

impl fmt::Display for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "you may not list {}: {}", self.kind, self.message)
    }
}
