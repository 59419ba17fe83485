//! What an API server holds, and what its watches tell of it.

use std::collections::{BTreeMap, VecDeque};

use isthmus_compiler::slices::{SliceKey, SliceWrite};
use isthmus_compiler::{Kind, ObjectName, ObjectRef};
use isthmus_operator::intake::{News, Slice, Source, Thing, read};
use isthmus_operator::world::StatusWrite;
use kube::api::DynamicObject;
use serde_json::{Value, json};

#[derive(Debug, Default)]
pub(crate) struct Api {
    pub(crate) version: u64,
    pub(crate) objects: BTreeMap<ObjectRef, Value>,
    pub(crate) slices: BTreeMap<SliceKey, Slice>,
    /// What watches have not told yet; of one kind it comes in order.
    pub(crate) feeds: BTreeMap<Source, VecDeque<News>>,
    pub(crate) writes: u64,
}

/// Somebody else wrote since.
#[derive(Debug)]
pub(crate) struct Conflict;

impl Api {
    /// Applies a spec.
    pub(crate) fn apply(&mut self, object: &ObjectRef, spec: &Value) {
        self.version += 1;
        let version = self.version;
        let stored = self.objects.entry(object.clone()).or_insert_with(|| {
            json!({
                "apiVersion": isthmus_crds::API_VERSION,
                "kind": object.kind.as_str(),
                "metadata": {
                    "name": object.name.name,
                    "uid": format!("{version:08x}-0000-4000-8000-000000000001"),
                    "generation": 0,
                    "creationTimestamp": "2026-01-01T00:00:00Z",
                },
            })
        });
        if object.kind != Kind::TransitGateway {
            stored["metadata"]["namespace"] = json!(object.name.namespace);
        }
        if stored["spec"] != *spec {
            let generation = stored["metadata"]["generation"].as_i64().expect("a number");
            stored["metadata"]["generation"] = json!(generation + 1);
            stored["spec"] = spec.clone();
        }
        self.stored(object);
    }

    pub(crate) fn set_status(&mut self, object: &ObjectRef, status: &Value) {
        if let Some(stored) = self.objects.get_mut(object) {
            stored["status"] = status.clone();
            self.version += 1;
            self.stored(object);
        }
    }

    fn stored(&mut self, object: &ObjectRef) {
        let version = self.version.to_string();
        let stored = self.objects.get_mut(object).expect("the object");
        stored["metadata"]["resourceVersion"] = json!(version);
        let thing = Self::thing(object.kind, stored);
        self.tell(News::Applied(thing));
    }

    pub(crate) fn delete(&mut self, object: &ObjectRef) {
        if let Some(mut stored) = self.objects.remove(object) {
            self.version += 1;
            stored["metadata"]["resourceVersion"] = json!(self.version.to_string());
            let thing = Self::thing(object.kind, &stored);
            self.tell(News::Gone(thing));
        }
    }

    fn thing(kind: Kind, stored: &Value) -> Thing {
        let object: DynamicObject = serde_json::from_value(stored.clone()).expect("an object");
        read(Source::Objects(kind), object)
    }

    fn tell(&mut self, news: News) {
        let (News::Applied(thing) | News::Gone(thing)) = &news else {
            panic!("of one thing");
        };
        self.feeds
            .entry(thing.source())
            .or_default()
            .push_back(news);
    }

    /// A watch begins anew: what it did not tell is lost.
    pub(crate) fn relist(&mut self, source: Source) {
        let mut feed = VecDeque::from([News::ListBegins(source)]);
        match source {
            Source::Objects(kind) => {
                let objects = self
                    .objects
                    .iter()
                    .filter(|(object, _)| object.kind == kind);
                feed.extend(objects.map(|(_, stored)| News::Applied(Self::thing(kind, stored))));
            }
            Source::Slices(kind) => {
                let slices = self
                    .slices
                    .values()
                    .filter(|slice| slice.key().kind == kind);
                feed.extend(slices.map(|slice| News::Applied(Thing::Slice(slice.clone()))));
            }
        }
        feed.push_back(News::ListEnds(source));
        self.feeds.insert(source, feed);
    }

    /// Carries out a write of a slice; gives its version.
    pub(crate) fn write(&mut self, write: &SliceWrite) -> Result<Option<String>, Conflict> {
        let key = write.key();
        let there = self
            .slices
            .get(&key)
            .and_then(|slice| slice.version().map(str::to_owned));
        let (based, new) = match write {
            SliceWrite::ApplyForwarding(slice) => (
                slice.metadata.resource_version.clone(),
                Some(Slice::Forwarding(slice.clone())),
            ),
            SliceWrite::ApplyPeering(slice) => (
                slice.metadata.resource_version.clone(),
                Some(Slice::Peering(slice.clone())),
            ),
            SliceWrite::Delete {
                resource_version, ..
            } => {
                if there.is_none() {
                    return Ok(None);
                }
                (Some(resource_version.clone()), None)
            }
        };
        let held = self.slices.get(&key).and_then(Slice::uid);
        let uid = new.as_ref().and_then(Slice::uid);
        let is_it = match (uid, held) {
            (None, _) => based == there,
            // What is gone would be made anew, whatever the version.
            (Some(uid), held) => held == Some(uid) && based == there,
        };
        assert!(
            based.is_none() || new.is_none() || uid.is_some(),
            "applied without a UID"
        );
        if !is_it {
            return Err(Conflict);
        }
        self.writes += 1;
        Ok(self.put(&key, new))
    }

    /// Puts a slice in place, or takes it away, whatever was there.
    pub(crate) fn put(&mut self, key: &SliceKey, slice: Option<Slice>) -> Option<String> {
        let version = Some((self.version + 1).to_string());
        let uid = self.slices.get(key).and_then(Slice::uid).map(str::to_owned);
        let uid = uid.or_else(|| Some(format!("slice-{}", self.version + 1)));
        let versioned = |slice: &mut Slice| match slice {
            Slice::Forwarding(slice) => {
                slice.metadata.resource_version.clone_from(&version);
                slice.metadata.uid.clone_from(&uid);
            }
            Slice::Peering(slice) => {
                slice.metadata.resource_version.clone_from(&version);
                slice.metadata.uid.clone_from(&uid);
            }
            Slice::Foreign(foreign) => {
                foreign.version.clone_from(&version);
                foreign.uid.clone_from(&uid);
            }
        };
        match slice {
            Some(mut slice) => {
                versioned(&mut slice);
                self.slices.insert(key.clone(), slice.clone());
                self.version += 1;
                self.tell(News::Applied(Thing::Slice(slice)));
                version
            }
            None => {
                let mut slice = self.slices.remove(key)?;
                versioned(&mut slice);
                self.version += 1;
                self.tell(News::Gone(Thing::Slice(slice)));
                None
            }
        }
    }

    /// Writes a status to the object that it is for; gives the version. One that
    /// says what is there changes nothing.
    pub(crate) fn write_status(&mut self, write: &StatusWrite) -> Option<u64> {
        let stored = self.objects.get(&write.object)?;
        if stored["metadata"]["uid"] != json!(write.uid) {
            return None;
        }
        let status = serde_json::to_value(&write.body).expect("a status");
        if stored["status"] == status {
            return stored["metadata"]["resourceVersion"].as_str()?.parse().ok();
        }
        self.writes += 1;
        self.set_status(&write.object, &status);
        Some(self.version)
    }

    /// The status of an object without times.
    pub(crate) fn status(&self, object: &ObjectRef) -> Value {
        let stored = self.objects.get(object);
        let mut status = stored
            .map(|stored| stored["status"].clone())
            .unwrap_or_default();
        for condition in status["conditions"].as_array_mut().into_iter().flatten() {
            condition
                .as_object_mut()
                .expect("an object")
                .remove("lastTransitionTime");
        }
        status
    }

    /// Status, reason and message of a condition.
    pub(crate) fn condition(&self, object: &ObjectRef, kind: &str) -> [String; 3] {
        let status = self.status(object);
        let conditions = status["conditions"].as_array().cloned().unwrap_or_default();
        let condition = conditions
            .into_iter()
            .find(|condition| condition["type"] == kind);
        let condition = condition.unwrap_or_default();
        ["status", "reason", "message"]
            .map(|field| condition[field].as_str().unwrap_or_default().to_owned())
    }

    /// Of every object that has a status of the operator's.
    pub(crate) fn statuses(&self) -> BTreeMap<ObjectRef, Value> {
        let objects = self
            .objects
            .keys()
            .filter(|object| object.kind != Kind::TransitGateway);
        objects
            .map(|object| (object.clone(), self.status(object)))
            .collect()
    }

    /// Every gateway says that it has seen everything.
    pub(crate) fn sync_gateways(&mut self) {
        let version = self.version.to_string();
        let gateways = self
            .objects
            .keys()
            .filter(|object| object.kind == Kind::TransitGateway);
        for gateway in gateways.cloned().collect::<Vec<_>>() {
            let pools = self.objects[&gateway]["spec"]["pools"].clone();
            let synced = pools.as_array().into_iter().flatten().map(
                |pool| json!({"pool": pool, "peeringSlices": version, "forwardingSlices": version}),
            );
            let synced: Vec<_> = synced.collect();
            self.set_status(&gateway, &json!({"synced": synced}));
        }
    }
}

pub(crate) fn named(kind: Kind, namespace: &str, name: &str) -> ObjectRef {
    ObjectRef {
        kind,
        name: ObjectName {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        },
    }
}
