//! What is to be written.

use std::fmt;
use std::sync::Arc;

use isthmus_crds::{ForwardingSlice, PeeringSlice};

use crate::object::ObjectRef;

/// Kind of a slice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SliceKind {
    /// `PeeringSlice`
    Peering,
    /// `ForwardingSlice`
    Forwarding,
}

/// Names a slice.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SliceKey {
    /// Its kind.
    pub kind: SliceKind,
    /// Its name.
    pub name: Arc<str>,
}

impl SliceKey {
    /// A PeeringSlice.
    #[must_use]
    pub fn peering(name: &str) -> Self {
        Self {
            kind: SliceKind::Peering,
            name: name.into(),
        }
    }

    /// A ForwardingSlice.
    #[must_use]
    pub fn forwarding(name: &str) -> Self {
        Self {
            kind: SliceKind::Forwarding,
            name: name.into(),
        }
    }
}

impl fmt::Display for SliceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            SliceKind::Peering => "PeeringSlice",
            SliceKind::Forwarding => "ForwardingSlice",
        };
        write!(f, "{kind} {}", self.name)
    }
}

/// One write to the API server. `metadata.resourceVersion` of what is applied
/// is the version that the write is based on, absent where the slice is new.
#[derive(Clone, Debug, PartialEq)]
pub enum SliceWrite {
    /// Apply a slice.
    ApplyForwarding(Box<ForwardingSlice>),
    /// Apply a slice.
    ApplyPeering(Box<PeeringSlice>),
    /// Delete a slice.
    Delete {
        /// The slice.
        key: SliceKey,
        /// The version that is to be deleted, a precondition.
        resource_version: String,
    },
}

impl SliceWrite {
    /// The slice that is written.
    #[must_use]
    pub fn key(&self) -> SliceKey {
        match self {
            Self::ApplyForwarding(slice) => {
                SliceKey::forwarding(slice.metadata.name.as_deref().unwrap_or_default())
            }
            Self::ApplyPeering(slice) => {
                SliceKey::peering(slice.metadata.name.as_deref().unwrap_or_default())
            }
            Self::Delete { key, .. } => key.clone(),
        }
    }
}

/// The part that a write has in an order in which what is pointed at is there
/// before what points at it, and goes after it. Writes of one phase may be
/// carried out at once. No phase needs the one before it to have succeeded:
/// UIDs keep what belongs to different VPCs apart in whatever order it arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Phase {
    /// Routes go; others of the slice may come.
    RoutesGo,
    /// All members of a VPC that is gone go.
    VpcsGo,
    /// Members come, change and go.
    Members,
    /// Routes come, and none goes.
    Routes,
    /// Slices go that have no members any more.
    EmptyGo,
}

/// A write, and what it is for.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedWrite {
    /// The write.
    pub write: SliceWrite,
    /// Its place in the order.
    pub phase: Phase,
    /// The accepted members and peerings whose latest change it carries. Of a
    /// peering that several writes carry all are needed.
    pub carries: Vec<ObjectRef>,
}

/// A slice that already says what the latest changes of some objects come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// The slice.
    pub key: SliceKey,
    /// The version that says it; 0 where there is no such slice, and need not
    /// be.
    pub resource_version: u64,
    /// The objects.
    pub carries: Vec<ObjectRef>,
}

/// What is to be done now.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// Writes, in order of their phases.
    pub writes: Vec<PlannedWrite>,
    /// Objects that changed without need of a write.
    pub settled: Vec<Settled>,
}

impl Plan {
    /// Whether there is nothing to do until something changes or a write
    /// comes back.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.writes.is_empty() && self.settled.is_empty()
    }
}
