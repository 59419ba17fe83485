//! From what the compiler and the gateways changed to what is to be looked at.

use isthmus_compiler::{Changes, Kind, MemberId, ObjectName, ObjectRef, Verdict};

use super::World;
use super::agenda::Subject;
use super::progress::Progress;

impl World {
    /// Notes what changes make of members' and peerings' progress and statuses.
    pub(super) fn follow(&mut self, changes: &Changes) {
        for change in &changes.members {
            let progress = if change.is_accepted {
                Progress::Awaiting
            } else {
                Progress::Idle
            };
            self.set_progress(change.id, progress);
        }
        // After the progress, which says whether a member's status can wait.
        for (object, verdict) in &changes.verdicts {
            tell(object, verdict.as_ref());
            if verdict.is_some() {
                self.mark(object);
            }
        }
        for vpc in &changes.vpcs {
            self.follow_vpc(vpc);
        }
        for vpc in &changes.resized {
            let vpc = reference(Kind::Vpc, vpc);
            self.agenda.mark_soon(Subject::Object(vpc));
        }
        for peering in &changes.peerings {
            self.carriage.change(peering);
            self.mark(&reference(Kind::VpcPeering, peering));
        }
    }

    /// A Vpc came or went, or has another identity, pool or peers.
    fn follow_vpc(&mut self, name: &ObjectName) {
        let new = self.compiler.vpc(name);
        let old = match &new {
            Some(new) => self.vpcs.insert(name.clone(), new.clone()),
            None => self.vpcs.remove(name),
        };
        for peer in self.compiler.peers(name).collect::<Vec<_>>() {
            for peering in peer.peerings {
                self.mark(&reference(Kind::VpcPeering, &peering));
            }
        }
        let (Some(old), Some(new)) = (old, new) else {
            return;
        };
        if old == new {
            return;
        }
        // Other slices say them now, or other gateways are to have them.
        for id in self.compiler.members_of(name).collect::<Vec<_>>() {
            self.set_progress(id, Progress::Awaiting);
        }
    }

    /// Looks at what waits for gateways that moved.
    pub(super) fn follow_gateways(&mut self) {
        let moved = self.pools.take_moved();
        for pool in moved.regrouped.iter().chain(&moved.advanced) {
            let Some(low) = self.pools.low(pool) else {
                continue;
            };
            let Some(waiting) = self.waiting.get_mut(pool) else {
                continue;
            };
            let later = low.checked_add(1).map(|next| waiting.split_off(&next));
            let reached = std::mem::replace(waiting, later.unwrap_or_default());
            for (version, members) in reached {
                for id in members {
                    self.reach(id, version);
                }
            }
        }
        for pool in &moved.regrouped {
            let waiting = self.waiting.get(pool).into_iter().flatten();
            let waiting: Vec<MemberId> =
                waiting.flat_map(|(_, members)| members).copied().collect();
            for id in waiting {
                self.agenda.mark_soon(Subject::Member(id));
            }
        }
        if !moved.regrouped.is_empty() {
            for peering in self.ledger.peerings() {
                self.agenda.mark_soon(Subject::Object(peering.clone()));
            }
        }
        if !moved.regrouped.is_empty() || !moved.advanced.is_empty() {
            for peering in self.pending.clone() {
                let object = reference(Kind::VpcPeering, &peering);
                // What is done is told at once; how far it is, now and then.
                if self
                    .reach_of(&peering)
                    .is_some_and(|reach| reach.ready == reach.of)
                {
                    self.agenda.mark(Subject::Object(object));
                } else {
                    self.agenda.mark_soon(Subject::Object(object));
                }
            }
        }
    }

    pub(super) fn set_progress(&mut self, id: MemberId, progress: Progress) {
        if let Some(member) = self.ledger.member_mut(id) {
            member.progress = progress;
            self.mark_member(id);
        }
    }

    /// A member is in a slice of this version: it waits for the gateways of its
    /// pool, where they are not there already.
    pub(super) fn await_gateways(&mut self, id: MemberId, version: u64) {
        let Some(home) = self.compiler.member_home(id) else {
            return;
        };
        let Some(vpc) = self.compiler.vpc(&home.vpc) else {
            return;
        };
        if let Some(member) = self.ledger.member_mut(id) {
            member.progress = Progress::Written(version);
        }
        if self.pools.low(&vpc.pool).is_some_and(|low| low >= version) {
            self.reach(id, version);
        } else {
            let waiting = self.waiting.entry(vpc.pool).or_default();
            waiting.entry(version).or_default().push(id);
            self.mark_member(id);
        }
    }

    /// Every gateway of a pool has reached a version that a member waited for,
    /// if it still does.
    fn reach(&mut self, id: MemberId, version: u64) {
        let is_waiting = (self.ledger.member(id))
            .is_some_and(|member| member.progress == Progress::Written(version));
        if is_waiting {
            self.set_progress(id, Progress::Programmed);
        }
    }

    /// Has a status looked at: at once, but that of a member on its way with the
    /// next round, since more follows shortly.
    pub(super) fn mark(&mut self, object: &ObjectRef) {
        match self.subject(object) {
            Subject::Member(id) => self.mark_member(id),
            subject => self.agenda.mark(subject),
        }
    }

    fn mark_member(&mut self, id: MemberId) {
        let member = self.ledger.member(id);
        let is_on_its_way = member.is_some_and(|member| {
            matches!(
                member.progress,
                Progress::Awaiting | Progress::InFlight | Progress::Written(_)
            )
        });
        if is_on_its_way {
            self.agenda.mark_soon(Subject::Member(id));
        } else {
            self.agenda.mark(Subject::Member(id));
        }
    }

    /// What stands for an object in the agenda.
    pub(super) fn subject(&self, object: &ObjectRef) -> Subject {
        let is_member = object.kind == Kind::VpcMember;
        let id = is_member.then(|| self.compiler.member_id(&object.name));
        id.flatten()
            .map_or_else(|| Subject::Object(object.clone()), Subject::Member)
    }
}

pub(super) fn reference(kind: Kind, name: &ObjectName) -> ObjectRef {
    ObjectRef {
        kind,
        name: name.clone(),
    }
}

/// Logs a decision.
fn tell(object: &ObjectRef, verdict: Option<&Verdict>) {
    match verdict {
        None => tracing::debug!(%object, "gone"),
        Some(Verdict::Rejected(why)) => {
            tracing::info!(%object, reason = why.reason.as_str(), "rejected: {}", why.message);
        }
        Some(Verdict::Waiting(why)) => {
            tracing::info!(%object, reason = why.reason.as_str(), "waits: {}", why.message);
        }
        Some(Verdict::Accepted(_)) if object.kind == Kind::VpcMember => {
            tracing::debug!(%object, "accepted");
        }
        Some(Verdict::Accepted(_)) => tracing::info!(%object, "accepted"),
    }
}
