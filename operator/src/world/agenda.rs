//! Statuses that may have to be written.

use std::collections::{BTreeSet, HashMap};

use isthmus_compiler::{MemberId, MemberSet, ObjectRef};

/// An object whose status is to be looked at. Of members, of which there may be
/// very many, the number is enough; it may be another's by the time of the look,
/// which then finds nothing to do.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Subject {
    /// A member that the compiler has.
    Member(MemberId),
    /// Another object.
    Object(ObjectRef),
}

/// Subjects that wait, each once.
#[derive(Debug, Default)]
struct Lane {
    members: MemberSet,
    objects: BTreeSet<ObjectRef>,
}

/// Objects whose status is to be looked at: at once, or with the next round of
/// those that can wait, so that what changes often is written seldom.
#[derive(Debug, Default)]
pub(crate) struct Agenda {
    now: Lane,
    soon: Lane,
    /// Objects whose status is being written, and whether it is to be looked at
    /// again after that.
    in_flight: HashMap<Subject, bool>,
}

impl Lane {
    fn insert(&mut self, subject: Subject) {
        match subject {
            Subject::Member(id) => self.members.insert(id),
            Subject::Object(object) => self.objects.insert(object),
        };
    }

    fn remove(&mut self, subject: &Subject) -> bool {
        match subject {
            Subject::Member(id) => self.members.remove(*id),
            Subject::Object(object) => self.objects.remove(object),
        }
    }

    fn contains(&self, subject: &Subject) -> bool {
        match subject {
            Subject::Member(id) => self.members.contains(*id),
            Subject::Object(object) => self.objects.contains(object),
        }
    }

    fn is_empty(&self) -> bool {
        self.members.is_empty() && self.objects.is_empty()
    }

    fn len(&self) -> usize {
        usize::try_from(self.members.len()).unwrap_or(usize::MAX) + self.objects.len()
    }
}

impl Agenda {
    pub(crate) fn mark(&mut self, subject: Subject) {
        if let Some(again) = self.in_flight.get_mut(&subject) {
            *again = true;
            return;
        }
        self.soon.remove(&subject);
        self.now.insert(subject);
    }

    pub(crate) fn mark_soon(&mut self, subject: Subject) {
        if let Some(again) = self.in_flight.get_mut(&subject) {
            *again = true;
        } else if !self.now.contains(&subject) {
            self.soon.insert(subject);
        }
    }

    /// Brings forward what can wait.
    pub(crate) fn promote(&mut self) {
        self.now.members.append(&mut self.soon.members);
        self.now.objects.append(&mut self.soon.objects);
    }

    /// The next to look at; what is not a member first, since there is little of
    /// it.
    pub(crate) fn next(&mut self) -> Option<Subject> {
        let object = self.now.objects.pop_first().map(Subject::Object);
        object.or_else(|| self.now.members.pop_first().map(Subject::Member))
    }

    pub(crate) fn depart(&mut self, subject: Subject) {
        self.in_flight.insert(subject, false);
    }

    pub(crate) fn is_on_its_way(&self, subject: &Subject) -> bool {
        self.in_flight.contains_key(subject)
    }

    /// A write was answered.
    pub(crate) fn arrive(&mut self, subject: &Subject) {
        if self.in_flight.remove(subject) == Some(true) {
            self.now.insert(subject.clone());
        }
    }

    pub(crate) fn forget(&mut self, subject: &Subject) {
        self.now.remove(subject);
        self.soon.remove(subject);
    }

    pub(crate) fn has_now(&self) -> bool {
        !self.now.is_empty()
    }

    pub(crate) fn has_soon(&self) -> bool {
        !self.soon.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.now.len() + self.soon.len() + self.in_flight.len()
    }
}
