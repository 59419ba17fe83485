//! What goes in: objects and their names.

use std::fmt;

use isthmus_crds::{TransitGateway, Vpc, VpcMember, VpcPeering};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::entries::ObjectName;

/// The namespace of a manifest that names none.
const DEFAULT_NAMESPACE: &str = "default";

/// Kind of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// `Vpc`
    Vpc,
    /// `VpcMember`
    VpcMember,
    /// `VpcPeering`
    VpcPeering,
    /// `TransitGateway`
    TransitGateway,
}

impl Kind {
    /// As in a manifest's `kind`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Vpc => "Vpc",
            Self::VpcMember => "VpcMember",
            Self::VpcPeering => "VpcPeering",
            Self::TransitGateway => "TransitGateway",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Names one object.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectRef {
    /// Its kind.
    pub kind: Kind,
    /// Its namespace and name; the namespace of a TransitGateway is empty.
    pub name: ObjectName,
}

impl ObjectRef {
    /// A Vpc.
    #[must_use]
    pub fn vpc(namespace: &str, name: &str) -> Self {
        Self::new(Kind::Vpc, namespace, name)
    }

    /// A VpcMember.
    #[must_use]
    pub fn member(namespace: &str, name: &str) -> Self {
        Self::new(Kind::VpcMember, namespace, name)
    }

    /// A VpcPeering.
    #[must_use]
    pub fn peering(namespace: &str, name: &str) -> Self {
        Self::new(Kind::VpcPeering, namespace, name)
    }

    /// A TransitGateway.
    #[must_use]
    pub fn transit_gateway(name: &str) -> Self {
        Self::new(Kind::TransitGateway, "", name)
    }

    fn new(kind: Kind, namespace: &str, name: &str) -> Self {
        Self {
            kind,
            name: ObjectName {
                namespace: namespace.to_owned(),
                name: name.to_owned(),
            },
        }
    }
}

impl fmt::Display for ObjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.name.namespace.is_empty() {
            write!(f, "{} {}", self.kind, self.name.name)
        } else {
            write!(
                f,
                "{} {}/{}",
                self.kind, self.name.namespace, self.name.name
            )
        }
    }
}

/// One object.
#[derive(Clone, Debug, PartialEq)]
pub enum Object {
    /// A VPC.
    Vpc(Box<Vpc>),
    /// A member of one.
    VpcMember(Box<VpcMember>),
    /// A peering of two.
    VpcPeering(Box<VpcPeering>),
    /// A gateway; it has no part in the desired state.
    TransitGateway(Box<TransitGateway>),
}

impl Object {
    /// Its kind and name. A manifest without namespace is one of `default`.
    #[must_use]
    pub fn reference(&self) -> ObjectRef {
        let (kind, meta) = match self {
            Self::Vpc(object) => (Kind::Vpc, &object.metadata),
            Self::VpcMember(object) => (Kind::VpcMember, &object.metadata),
            Self::VpcPeering(object) => (Kind::VpcPeering, &object.metadata),
            Self::TransitGateway(object) => (Kind::TransitGateway, &object.metadata),
        };
        let namespace = match kind {
            Kind::TransitGateway => "",
            _ => namespace(meta),
        };
        ObjectRef::new(kind, namespace, meta.name.as_deref().unwrap_or_default())
    }
}

fn namespace(meta: &ObjectMeta) -> &str {
    meta.namespace.as_deref().unwrap_or(DEFAULT_NAMESPACE)
}

impl From<Vpc> for Object {
    fn from(object: Vpc) -> Self {
        Self::Vpc(Box::new(object))
    }
}

impl From<VpcMember> for Object {
    fn from(object: VpcMember) -> Self {
        Self::VpcMember(Box::new(object))
    }
}

impl From<VpcPeering> for Object {
    fn from(object: VpcPeering) -> Self {
        Self::VpcPeering(Box::new(object))
    }
}

impl From<TransitGateway> for Object {
    fn from(object: TransitGateway) -> Self {
        Self::TransitGateway(Box::new(object))
    }
}
