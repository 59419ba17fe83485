//! From news to the compiler.

use std::collections::BTreeMap;

use isthmus_compiler::{Event, Kind, Object, ObjectName, ObjectRef};

use super::World;
use super::agenda::Subject;
use super::ledger::{Malformed, Record};
use crate::intake::{News, Received, Slice, Source, Thing};

/// Events that are given to the compiler at once, and what they say of the
/// objects' records, the latest of each.
#[derive(Debug, Default)]
struct Batch {
    events: Vec<Event>,
    records: BTreeMap<ObjectRef, Option<Report>>,
}

/// What news say of an object's record.
#[derive(Debug)]
struct Report {
    record: Record,
    uid: String,
    /// Whether a full list says so, which counts whatever its version: a cluster
    /// that was restored from a backup goes back in time.
    is_listed: bool,
}

impl World {
    /// Takes in what watches told, in order. The objects of one call cost one
    /// pass of the compiler.
    pub fn take(&mut self, news: impl IntoIterator<Item = News>) {
        let mut batch = Batch::default();
        for news in news {
            match news {
                News::ListBegins(source) => self.lists.begin(source),
                News::Applied(thing) => {
                    let is_listed = self.lists.see(&thing);
                    match thing {
                        Thing::Object(received) => self.applied(*received, is_listed, &mut batch),
                        Thing::Slice(slice) => {
                            if is_listed {
                                self.slicer.doubt(&slice.key());
                            }
                            self.observe(&slice);
                        }
                    }
                }
                News::Gone(Thing::Object(received)) => {
                    self.gone(received.reference, &mut batch);
                }
                News::Gone(Thing::Slice(slice)) => self.observe_gone(&slice),
                News::ListEnds(source) => {
                    self.compile(&mut batch);
                    self.end_list(source, &mut batch);
                }
            }
        }
        self.compile(&mut batch);
        self.follow_gateways();
    }

    fn applied(&mut self, received: Received, is_listed: bool, batch: &mut Batch) {
        let Received {
            reference,
            uid,
            generation,
            held,
            object,
        } = received;
        match object {
            Ok(object) => {
                if let Object::TransitGateway(gateway) = &object {
                    self.pools.put(&reference.name.name, Some(gateway));
                }
                self.ledger.malformed.remove(&reference);
                batch.events.push(Event::Apply(object));
                let report = Report {
                    record: Record { generation, held },
                    uid,
                    is_listed,
                };
                batch.records.insert(reference, Some(report));
            }
            Err(sentence) => {
                tracing::warn!(object = %reference, "cannot be read: {sentence}");
                self.gone(reference.clone(), batch);
                self.agenda.mark(Subject::Object(reference.clone()));
                let malformed = Malformed {
                    uid,
                    record: Record { generation, held },
                    sentence,
                };
                self.ledger.malformed.insert(reference, malformed);
            }
        }
    }

    fn gone(&mut self, object: ObjectRef, batch: &mut Batch) {
        if object.kind == Kind::TransitGateway {
            self.pools.put(&object.name.name, None);
        }
        self.ledger.malformed.remove(&object);
        self.agenda.forget(&self.subject(&object));
        self.agenda.forget(&Subject::Object(object.clone()));
        batch.events.push(Event::Delete(object.clone()));
        batch.records.insert(object, None);
    }

    /// What a full list did not have is gone; a slice is to be read first, since
    /// it may have been written after the list was made.
    fn end_list(&mut self, source: Source, batch: &mut Batch) {
        let seen = self.lists.end(source);
        match source {
            Source::Objects(kind) => {
                let malformed = self.ledger.malformed.keys();
                let malformed = malformed.filter(|object| object.kind == kind);
                let known = self.compiler.objects_of(kind);
                let known = known.chain(malformed.map(|object| object.name.clone()));
                let gone: Vec<ObjectName> = known
                    .filter(|name| !seen.has(&name.namespace, &name.name))
                    .collect();
                for name in gone {
                    self.gone(ObjectRef { kind, name }, batch);
                }
            }
            Source::Slices(kind) => {
                let known = self.slicer.known();
                let missing = known.filter(|key| key.kind == kind && !seen.has("", &key.name));
                self.missing.extend(missing);
                // Of those on their way nobody knows whether the list was before
                // or after them.
                for key in self.carriage.on_their_way() {
                    if key.kind == kind && !seen.has("", &key.name) {
                        self.missing.remove(key);
                        self.doubtful.insert(key.clone());
                    }
                }
                for key in self.carriage.unseen_deletions() {
                    if key.kind == kind && !seen.has("", &key.name) {
                        self.land(&key, 0, true);
                    }
                }
            }
        }
        tracing::debug!(kind = source.as_str(), objects = seen.len(), "listed");
    }

    /// Has the compiler judge what came in.
    fn compile(&mut self, batch: &mut Batch) {
        let Batch { events, records } = std::mem::take(batch);
        if events.is_empty() {
            return;
        }
        let mut members = Vec::new();
        for (object, report) in &records {
            let uid = self.compiler.uid(object);
            let is_another = match (&uid, report) {
                (Some(old), Some(new)) => *old != new.uid,
                (Some(_), None) => true,
                (None, _) => false,
            };
            if is_another && let Some(record) = self.ledger.get_mut(&self.compiler, object) {
                // What slices say of that name is the same until they change.
                *record = Record::default();
            }
            if report.is_none() {
                self.forget(object);
            }
            if object.kind == Kind::VpcMember {
                members.extend(
                    self.compiler
                        .member_id(&object.name)
                        .map(|id| (object.clone(), id)),
                );
            }
        }
        let all = self.compiler.apply_all(events);
        for (object, id) in members {
            if self.compiler.member_id(&object.name) != Some(id) {
                self.ledger.forget_member(id);
            }
        }
        let mut news = Vec::new();
        for (object, report) in records {
            if let Some(report) = report
                && self.record(&object, &report)
            {
                news.push(object);
            }
        }
        for changes in &all {
            self.slicer.note(changes);
            self.follow(changes);
        }
        // After the progress, which says whether a member's status can wait.
        for object in news {
            self.mark(&object);
        }
    }

    /// Forgets an object that is gone.
    fn forget(&mut self, object: &ObjectRef) {
        self.ledger.forget(object);
        if object.kind == Kind::VpcPeering {
            self.carriage.forget(&object.name);
            self.pending.remove(&object.name);
        }
    }

    /// Takes in an object's record; whether its status is to be looked at.
    fn record(&mut self, object: &ObjectRef, report: &Report) -> bool {
        if object.kind == Kind::TransitGateway {
            return false;
        }
        let Some(record) = self.ledger.open(&self.compiler, object) else {
            return false;
        };
        let new = report.record;
        // An answer to an own write may have told something newer.
        if new.held.version < record.held.version && !report.is_listed {
            return false;
        }
        let is_same = record.generation == new.generation
            && record.held.fingerprint == new.held.fingerprint
            && record.held.version != 0;
        *record = new;
        !is_same
    }

    pub(super) fn observe(&mut self, slice: &Slice) {
        let key = slice.key();
        self.missing.remove(&key);
        self.uids
            .insert(key, slice.uid().unwrap_or_default().into());
        match slice {
            Slice::Forwarding(slice) => self.slicer.observe_forwarding(slice),
            Slice::Peering(slice) => self.slicer.observe_peering(slice),
            Slice::Foreign(foreign) => {
                tracing::warn!(slice = %foreign.key, "cannot be read; it is put right");
                self.observe_foreign(foreign);
            }
        }
    }

    fn observe_gone(&mut self, slice: &Slice) {
        let key = slice.key();
        self.missing.remove(&key);
        self.uids.remove(&key);
        self.slicer.observe_gone(&key, slice.version());
        let version = slice.version().and_then(|text| text.parse().ok());
        let carried = self.carriage.gone(&key, version.unwrap_or(0));
        self.arrive(&key, version.unwrap_or(0), &carried);
    }
}
