//! What an object's status is to say.

use isthmus_compiler::{Kind, ObjectName, ObjectRef, Verdict};
use isthmus_crds::Cidr;

use super::World;
use super::progress::Progress;
use crate::status::{
    Body, ConditionReason, Counts, Finding, Moment, Programmed, Reach, Truth, Type, accepted,
    peer_accepted,
};

/// A status that an object is to have.
pub(super) struct Conclusion {
    pub(super) uid: String,
    pub(super) body: Body,
    pub(super) findings: Vec<Finding>,
}

impl World {
    /// The status that an object is to have, where it is there.
    pub(super) fn conclude(&self, object: &ObjectRef, now: Moment) -> Option<Conclusion> {
        let (uid, record, findings, counts) =
            if let Some(malformed) = self.ledger.malformed.get(object) {
                let findings = self.malformed(object.kind, &malformed.sentence);
                let uid = malformed.uid.clone();
                (uid, malformed.record, findings, Counts::default())
            } else {
                let verdict = self.compiler.verdict(object)?;
                let record = *self.ledger.get(&self.compiler, object)?;
                let (findings, counts) = self.findings(object, verdict);
                (self.compiler.uid(object)?, record, findings, counts)
            };
        let memory = &record.held.memory;
        let conditions = findings.iter().cloned();
        let conditions =
            conditions.map(|finding| memory.condition(finding, record.generation, now));
        let body = Body::new(object.kind, record.generation, conditions.collect(), counts)?;
        Some(Conclusion {
            uid,
            body,
            findings,
        })
    }

    fn findings(&self, object: &ObjectRef, verdict: &Verdict) -> (Vec<Finding>, Counts) {
        let mut findings = vec![accepted(verdict)];
        let mut counts = Counts::default();
        match object.kind {
            Kind::Vpc => {
                let of = self.compiler.vpc_counts(&object.name).unwrap_or_default();
                counts.vpc = [of.members, of.peers, of.member_entries];
            }
            Kind::VpcMember => findings.push(self.member(&object.name, verdict).finding()),
            Kind::VpcPeering => {
                let peering = self.compiler.peering(&object.name);
                let is_local = peering
                    .as_ref()
                    .is_some_and(|peering| peering.vpc.namespace == peering.peer.namespace);
                findings.push(peer_accepted(verdict, is_local));
                let reach = self.reach_of(&object.name);
                let programmed = reach.map_or(Programmed::NotAccepted, Programmed::Counted);
                findings.push(programmed.finding());
                if let Some(peering) = peering {
                    let cidrs = |nets: Vec<_>| {
                        nets.into_iter()
                            .filter_map(|net| Cidr::new(net).ok())
                            .collect()
                    };
                    counts.exported = cidrs(peering.exported);
                    counts.imported = cidrs(peering.imported);
                }
            }
            Kind::TransitGateway => {}
        }
        (findings, counts)
    }

    fn member(&self, name: &ObjectName, verdict: &Verdict) -> Programmed {
        if !verdict.is_accepted() {
            return Programmed::NotAccepted;
        }
        let id = self.compiler.member_id(name);
        let progress = id
            .and_then(|id| self.ledger.member(id))
            .map(|member| member.progress);
        if progress == Some(Progress::Programmed) {
            return Programmed::Everywhere;
        }
        let home = id.and_then(|id| self.compiler.member_home(id));
        let vpc = home.and_then(|home| self.compiler.vpc(&home.vpc));
        match vpc {
            Some(vpc) if self.pools.low(&vpc.pool).is_none() => {
                Programmed::NoGateway(vpc.pool.to_string())
            }
            _ => Programmed::OnItsWay,
        }
    }

    /// How far a peering has come, where it is accepted.
    pub(super) fn reach_of(&self, peering: &ObjectName) -> Option<Reach> {
        let accepted = self.compiler.peering(peering)?;
        let pools = [accepted.vpc, accepted.peer].map(|vpc| self.compiler.vpc(&vpc));
        let pools: Vec<&str> = pools.iter().flatten().map(|vpc| &*vpc.pool).collect();
        Some(self.pools.reach(&pools, self.carriage.needed(peering)))
    }

    fn malformed(&self, kind: Kind, sentence: &str) -> Vec<Finding> {
        let mut findings = vec![Finding {
            kind: Type::Accepted,
            truth: Truth::False,
            reason: ConditionReason::Malformed,
            message: sentence.to_owned(),
        }];
        if kind == Kind::VpcPeering {
            findings.push(Finding {
                kind: Type::PeerAccepted,
                truth: Truth::Unknown,
                reason: ConditionReason::NotAccepted,
                message: "not looked at while this object is rejected".to_owned(),
            });
        }
        if kind != Kind::Vpc {
            findings.push(Programmed::NotAccepted.finding());
        }
        findings
    }
}
