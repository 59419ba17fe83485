//! What is kept of each object beyond what the compiler keeps.

use std::collections::{BTreeMap, HashMap};

use isthmus_compiler::{Compiler, Kind, MemberId, ObjectRef};

use super::progress::Progress;
use crate::status::Held;

/// What is kept of an object.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Record {
    /// Its `metadata.generation`.
    pub(crate) generation: i64,
    /// What the API server holds of its status.
    pub(crate) held: Held,
}

/// What is kept of a member.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct MemberRecord {
    pub(crate) record: Record,
    pub(crate) progress: Progress,
}

impl MemberRecord {
    /// Whether the API server says so of its generation.
    pub(crate) fn is_programmed(&self) -> bool {
        self.record.held.memory.is_programmed()
    }
}

/// An object that cannot be read, and so is not the compiler's.
#[derive(Clone, Debug)]
pub(crate) struct Malformed {
    pub(crate) uid: String,
    pub(crate) record: Record,
    pub(crate) sentence: String,
}

/// Records of all objects; members' by their number, which takes no name.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    members: Vec<Option<MemberRecord>>,
    others: HashMap<ObjectRef, Record>,
    pub(crate) malformed: BTreeMap<ObjectRef, Malformed>,
}

impl Ledger {
    /// The record of an object that the compiler has.
    pub(crate) fn get(&self, compiler: &Compiler, object: &ObjectRef) -> Option<&Record> {
        if object.kind == Kind::VpcMember {
            let id = compiler.member_id(&object.name)?;
            return self.member(id).map(|member| &member.record);
        }
        self.others.get(object)
    }

    pub(crate) fn get_mut(
        &mut self,
        compiler: &Compiler,
        object: &ObjectRef,
    ) -> Option<&mut Record> {
        let Self {
            members,
            others,
            malformed,
        } = self;
        if let Some(malformed) = malformed.get_mut(object) {
            return Some(&mut malformed.record);
        }
        if object.kind == Kind::VpcMember {
            let place = compiler.member_id(&object.name)?.index();
            return members
                .get_mut(place)?
                .as_mut()
                .map(|member| &mut member.record);
        }
        others.get_mut(object)
    }

    /// Makes the record of an object that the compiler has, where there is none.
    pub(crate) fn open(&mut self, compiler: &Compiler, object: &ObjectRef) -> Option<&mut Record> {
        if object.kind != Kind::VpcMember {
            return Some(self.others.entry(object.clone()).or_default());
        }
        let place = compiler.member_id(&object.name)?.index();
        if place >= self.members.len() {
            self.members.resize(place + 1, None);
        }
        let member = self.members.get_mut(place)?;
        Some(&mut member.get_or_insert_default().record)
    }

    /// Forgets an object that is no member.
    pub(crate) fn forget(&mut self, object: &ObjectRef) {
        self.others.remove(object);
    }

    /// Forgets a member; the number may be another's next.
    pub(crate) fn forget_member(&mut self, id: MemberId) {
        if let Some(member) = self.members.get_mut(id.index()) {
            *member = None;
        }
    }

    pub(crate) fn member(&self, id: MemberId) -> Option<&MemberRecord> {
        self.members.get(id.index())?.as_ref()
    }

    pub(crate) fn member_mut(&mut self, id: MemberId) -> Option<&mut MemberRecord> {
        self.members.get_mut(id.index())?.as_mut()
    }

    /// Every peering.
    pub(crate) fn peerings(&self) -> impl Iterator<Item = &ObjectRef> {
        self.others
            .keys()
            .filter(|object| object.kind == Kind::VpcPeering)
    }
}
