//! Writes of statuses: what is due, and what became of it.

use isthmus_compiler::{Kind, ObjectName, ObjectRef};

use super::World;
use super::agenda::Subject;
use super::follow::reference;
use crate::status::{Body, Finding, Held, Memory, Moment, Truth, Type};

/// Objects that are looked at in one call at most, so that a call stays short.
const LOOKS: usize = 2_000;

/// A status that is to be written.
#[derive(Clone, Debug, PartialEq)]
pub struct StatusWrite {
    /// The object.
    pub object: ObjectRef,
    /// Its UID: another object of that name is not to have the status.
    pub uid: String,
    /// The status.
    pub body: Body,
    /// What changes of a peering's state with it.
    pub announcements: Vec<Announcement>,
    subject: Subject,
}

/// A change of state that people may want to hear of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announcement {
    /// Whether it is as one would wish.
    pub is_good: bool,
    /// The condition's type.
    pub kind: Type,
    /// The condition's reason.
    pub reason: &'static str,
    /// The condition's message.
    pub message: String,
}

impl World {
    /// Statuses that differ from what the API server holds, at most `max`; none
    /// while slices are due. Those that change often are only looked at where
    /// `soon` says that their time has come. Where [`World::has_statuses`] says so,
    /// there is more to look at. Each write is to be answered by
    /// [`World::status_written`], [`World::status_failed`] or
    /// [`World::status_refused`].
    pub fn plan_statuses(&mut self, max: usize, soon: bool, now: Moment) -> Vec<StatusWrite> {
        let mut writes = Vec::new();
        if !self.has_planned || self.slicer.has_due() {
            return writes;
        }
        if soon {
            self.agenda.promote();
        }
        for _ in 0..LOOKS {
            if writes.len() >= max {
                break;
            }
            let Some(subject) = self.agenda.next() else {
                break;
            };
            writes.extend(self.plan_status(subject, now));
        }
        writes
    }

    /// Whether there is a status to look at now.
    #[must_use]
    pub fn has_statuses(&self) -> bool {
        self.agenda.has_now()
    }

    /// Whether there is a status to look at when its time has come.
    #[must_use]
    pub fn has_statuses_soon(&self) -> bool {
        self.agenda.has_soon()
    }

    /// A status was written, and its object has this version now.
    pub fn status_written(&mut self, write: &StatusWrite, version: u64) {
        self.agenda.arrive(&write.subject);
        if !self.is_same(write) {
            return;
        }
        let Some(record) = self.ledger.get_mut(&self.compiler, &write.object) else {
            return;
        };
        if version >= record.held.version {
            record.held = Held::of(Some(&write.body), version, record.generation);
        }
    }

    /// A write failed, or nobody knows; it is planned again.
    pub fn status_failed(&mut self, write: &StatusWrite) {
        self.agenda.arrive(&write.subject);
        if self.is_same(write) {
            self.agenda.mark(self.subject(&write.object));
        }
    }

    /// The object is gone, or is another one. The watch will tell.
    pub fn status_refused(&mut self, write: &StatusWrite) {
        self.agenda.arrive(&write.subject);
    }

    fn plan_status(&mut self, subject: Subject, now: Moment) -> Option<StatusWrite> {
        let object = match &subject {
            Subject::Member(id) => {
                let home = self.compiler.member_home(*id)?;
                reference(Kind::VpcMember, &home.member)
            }
            Subject::Object(object) => object.clone(),
        };
        let object = &object;
        // Of an object that could not be read, and now can be: one write at a time.
        let forms = [Subject::Object(object.clone()), self.subject(object)];
        if let Some(other) = forms
            .into_iter()
            .find(|form| self.agenda.is_on_its_way(form))
        {
            self.agenda.mark(other);
            return None;
        }
        let conclusion = self.conclude(object, now)?;
        if object.kind == Kind::VpcPeering {
            self.note_pending(&object.name);
        }
        let held = self.ledger.get_mut(&self.compiler, object)?.held;
        if held.fingerprint == Some(conclusion.body.fingerprint()) {
            return None;
        }
        let announcements = if object.kind == Kind::VpcPeering {
            announcements(&held.memory, &conclusion.findings)
        } else {
            Vec::new()
        };
        self.agenda.depart(subject.clone());
        Some(StatusWrite {
            object: object.clone(),
            uid: conclusion.uid,
            body: conclusion.body,
            announcements,
            subject,
        })
    }

    /// Notes whether a peering waits for gateways.
    fn note_pending(&mut self, peering: &ObjectName) {
        let reach = self.reach_of(peering);
        if reach.is_some_and(|reach| reach.ready < reach.of || reach.of == 0) {
            self.pending.insert(peering.clone());
        } else {
            self.pending.remove(peering);
        }
    }

    /// Whether an object is still the one that a status was for.
    fn is_same(&self, write: &StatusWrite) -> bool {
        let malformed = self.ledger.malformed.get(&write.object);
        let uid = malformed.map(|malformed| malformed.uid.clone());
        let uid = uid.or_else(|| self.compiler.uid(&write.object));
        uid.is_some_and(|uid| uid == write.uid)
    }
}

/// Of a peering: whether it is in force, and that it is programmed or is so no
/// longer. On its way there it is silent.
fn announcements(before: &Memory, findings: &[Finding]) -> Vec<Announcement> {
    let is_news = |finding: &&Finding| {
        let old = before.truth(finding.kind);
        match finding.kind {
            Type::Accepted => old != Some(finding.truth),
            Type::PeerAccepted => false,
            Type::Programmed => {
                old != Some(finding.truth) && (old.is_some() || finding.truth == Truth::True)
            }
        }
    };
    let news = findings.iter().filter(is_news);
    news.map(|finding| Announcement {
        is_good: finding.truth == Truth::True,
        kind: finding.kind,
        reason: finding.reason.as_str(),
        message: finding.message.clone(),
    })
    .collect()
}
