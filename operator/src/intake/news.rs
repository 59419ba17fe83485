//! News of objects and slices.

use isthmus_compiler::slices::{SliceKey, SliceKind};
use isthmus_compiler::{Kind, Object, ObjectRef};
use isthmus_crds::{ForwardingSlice, PeeringSlice};

use crate::status::Held;

/// A kind that is watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Source {
    /// What people write.
    Objects(Kind),
    /// What the operator writes.
    Slices(SliceKind),
}

impl Source {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Objects(Kind::TransitGateway),
        Self::Objects(Kind::Vpc),
        Self::Objects(Kind::VpcMember),
        Self::Objects(Kind::VpcPeering),
        Self::Slices(SliceKind::Peering),
        Self::Slices(SliceKind::Forwarding),
    ];

    /// As in a manifest's `kind`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Objects(kind) => kind.as_str(),
            Self::Slices(SliceKind::Peering) => "PeeringSlice",
            Self::Slices(SliceKind::Forwarding) => "ForwardingSlice",
        }
    }
}

/// What a watch tells.
#[derive(Clone, Debug, PartialEq)]
pub enum News {
    /// A full list of a kind begins.
    ListBegins(Source),
    /// Something is there: of a list, new or changed.
    Applied(Thing),
    /// Something is gone, or is being deleted.
    Gone(Thing),
    /// The list is complete: what it did not have is gone.
    ListEnds(Source),
}

/// An object or a slice.
#[derive(Clone, Debug, PartialEq)]
pub enum Thing {
    /// An object that people write.
    Object(Box<Received>),
    /// A slice.
    Slice(Slice),
}

/// An object as the API server holds it.
#[derive(Clone, Debug, PartialEq)]
pub struct Received {
    /// Its kind and name.
    pub reference: ObjectRef,
    /// Its UID.
    pub uid: String,
    /// Its `metadata.generation`.
    pub generation: i64,
    /// Its status.
    pub held: Held,
    /// The object, or a sentence that says why it cannot be read.
    pub object: Result<Object, String>,
}

/// A slice as the API server holds it.
#[derive(Clone, Debug, PartialEq)]
pub enum Slice {
    /// Members.
    Forwarding(Box<ForwardingSlice>),
    /// Routes.
    Peering(Box<PeeringSlice>),
    /// One that cannot be read.
    Foreign(Foreign),
}

/// A slice whose contents cannot be read; it is not the operator's work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Foreign {
    /// Its kind and name.
    pub key: SliceKey,
    /// Its resourceVersion.
    pub version: Option<String>,
    /// Its UID.
    pub uid: Option<String>,
}

impl Slice {
    /// Its kind and name.
    #[must_use]
    pub fn key(&self) -> SliceKey {
        match self {
            Self::Forwarding(slice) => {
                SliceKey::forwarding(slice.metadata.name.as_deref().unwrap_or_default())
            }
            Self::Peering(slice) => {
                SliceKey::peering(slice.metadata.name.as_deref().unwrap_or_default())
            }
            Self::Foreign(foreign) => foreign.key.clone(),
        }
    }

    /// Its resourceVersion.
    #[must_use]
    pub fn version(&self) -> Option<&str> {
        match self {
            Self::Forwarding(slice) => slice.metadata.resource_version.as_deref(),
            Self::Peering(slice) => slice.metadata.resource_version.as_deref(),
            Self::Foreign(foreign) => foreign.version.as_deref(),
        }
    }

    /// Its UID.
    #[must_use]
    pub fn uid(&self) -> Option<&str> {
        match self {
            Self::Forwarding(slice) => slice.metadata.uid.as_deref(),
            Self::Peering(slice) => slice.metadata.uid.as_deref(),
            Self::Foreign(foreign) => foreign.uid.as_deref(),
        }
    }
}

impl Thing {
    /// The kind that it is of.
    #[must_use]
    pub fn source(&self) -> Source {
        match self {
            Self::Object(received) => Source::Objects(received.reference.kind),
            Self::Slice(slice) => Source::Slices(slice.key().kind),
        }
    }
}
