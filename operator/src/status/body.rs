//! A whole status.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::num::NonZeroU64;

use isthmus_compiler::Kind;
use isthmus_crds::{Cidr, VpcMemberStatus, VpcPeeringStatus, VpcStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use serde::Serialize;

use super::condition::Type;

/// A status that the operator writes, or what an object holds of one.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Body {
    /// Of a Vpc.
    Vpc(VpcStatus),
    /// Of a VpcMember.
    Member(VpcMemberStatus),
    /// Of a VpcPeering.
    Peering(VpcPeeringStatus),
}

/// What a status says beyond its conditions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Of a Vpc: members, peers, entries.
    pub vpc: [usize; 3],
    /// Of a peering: what the peer reaches.
    pub exported: Vec<Cidr>,
    /// Of a peering: what the own VPC reaches.
    pub imported: Vec<Cidr>,
}

impl Body {
    /// A status of a kind, `None` of a kind that others write the status of.
    #[must_use]
    pub fn new(
        kind: Kind,
        generation: i64,
        conditions: Vec<Condition>,
        counts: Counts,
    ) -> Option<Self> {
        let observed_generation = Some(generation);
        let [members, peers, entries] = counts.vpc.map(|count| i64::try_from(count).ok());
        match kind {
            Kind::Vpc => Some(Self::Vpc(VpcStatus {
                observed_generation,
                conditions,
                members,
                peers,
                entries,
            })),
            Kind::VpcMember => Some(Self::Member(VpcMemberStatus {
                observed_generation,
                conditions,
            })),
            Kind::VpcPeering => Some(Self::Peering(VpcPeeringStatus {
                observed_generation,
                conditions,
                exported_prefixes: counts.exported,
                imported_prefixes: counts.imported,
            })),
            Kind::TransitGateway => None,
        }
    }

    /// Its conditions.
    #[must_use]
    pub fn conditions(&self) -> &[Condition] {
        match self {
            Self::Vpc(status) => &status.conditions,
            Self::Member(status) => &status.conditions,
            Self::Peering(status) => &status.conditions,
        }
    }

    /// Its `observedGeneration`.
    #[must_use]
    pub const fn observed_generation(&self) -> Option<i64> {
        match self {
            Self::Vpc(status) => status.observed_generation,
            Self::Member(status) => status.observed_generation,
            Self::Peering(status) => status.observed_generation,
        }
    }

    /// Of what the operator says in it; what others say beside that, and the
    /// order of conditions, make no difference.
    #[must_use]
    pub fn fingerprint(&self) -> NonZeroU64 {
        let mut own = self.clone();
        let conditions = match &mut own {
            Self::Vpc(status) => &mut status.conditions,
            Self::Member(status) => &mut status.conditions,
            Self::Peering(status) => &mut status.conditions,
        };
        conditions.retain(|condition| Type::of(condition).is_some());
        conditions.sort_by(|a, b| a.type_.cmp(&b.type_));
        let mut hasher = DefaultHasher::new();
        // A value that cannot be written as JSON has no NaN and no odd key.
        serde_json::to_vec(&own)
            .unwrap_or_default()
            .hash(&mut hasher);
        NonZeroU64::new(hasher.finish()).unwrap_or(NonZeroU64::MIN)
    }
}
