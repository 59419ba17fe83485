//! From what the API server sends to objects, one at a time.

use isthmus_compiler::slices::{SliceKey, SliceKind};
use isthmus_compiler::{Kind, Object, ObjectName, ObjectRef};
use isthmus_crds::{TransitGateway, Vpc, VpcMember, VpcPeering};
use kube::api::{DynamicObject, ObjectMeta};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::news::{Foreign, Received, Slice, Source, Thing};
use crate::status::{Body, Held};

/// Reads one object of a kind. Whatever it holds, it comes to something: its
/// status is read apart from its spec, and what cannot be read is said to be so.
#[must_use]
pub fn read(source: Source, object: DynamicObject) -> Thing {
    match source {
        Source::Slices(kind) => Thing::Slice(read_slice(kind, object)),
        Source::Objects(kind) => Thing::Object(Box::new(read_object(kind, object))),
    }
}

fn read_slice(kind: SliceKind, object: DynamicObject) -> Slice {
    let foreign = Foreign {
        key: SliceKey {
            kind,
            name: object.metadata.name.as_deref().unwrap_or_default().into(),
        },
        version: object.metadata.resource_version.clone(),
        uid: object.metadata.uid.clone(),
    };
    let (metadata, mut data) = (object.metadata, object.data);
    let spec = data.get_mut("spec").map(Value::take).unwrap_or_default();
    let slice = match kind {
        SliceKind::Forwarding => serde_json::from_value(spec).map(|spec| {
            Slice::Forwarding(Box::new(isthmus_crds::ForwardingSlice { metadata, spec }))
        }),
        SliceKind::Peering => serde_json::from_value(spec)
            .map(|spec| Slice::Peering(Box::new(isthmus_crds::PeeringSlice { metadata, spec }))),
    };
    slice.unwrap_or(Slice::Foreign(foreign))
}

fn read_object(kind: Kind, object: DynamicObject) -> Received {
    let (metadata, mut data) = (object.metadata, object.data);
    let spec = data.get_mut("spec").map(Value::take).unwrap_or_default();
    let status = data.get_mut("status").map(Value::take);
    let version = metadata.resource_version.as_deref();
    let version = version.and_then(|text| text.parse().ok()).unwrap_or(0);
    let generation = metadata.generation.unwrap_or_default();
    let body = match kind {
        Kind::Vpc => parse(status.clone()).map(Body::Vpc),
        Kind::VpcMember => parse(status.clone()).map(Body::Member),
        Kind::VpcPeering => parse(status.clone()).map(Body::Peering),
        Kind::TransitGateway => None,
    };
    Received {
        reference: reference(kind, &metadata),
        uid: metadata.uid.clone().unwrap_or_default(),
        generation,
        held: Held::of(body.as_ref(), version, generation),
        object: assemble(kind, metadata, spec, status).map_err(|error| error.to_string()),
    }
}

/// The object without its status, which is nobody's input but a gateway's.
fn assemble(
    kind: Kind,
    metadata: ObjectMeta,
    spec: Value,
    status: Option<Value>,
) -> Result<Object, serde_json::Error> {
    Ok(match kind {
        Kind::Vpc => Vpc {
            metadata,
            spec: serde_json::from_value(spec)?,
            status: None,
        }
        .into(),
        Kind::VpcMember => VpcMember {
            metadata,
            spec: serde_json::from_value(spec)?,
            status: None,
        }
        .into(),
        Kind::VpcPeering => VpcPeering {
            metadata,
            spec: serde_json::from_value(spec)?,
            status: None,
        }
        .into(),
        Kind::TransitGateway => TransitGateway {
            metadata,
            spec: serde_json::from_value(spec)?,
            status: parse(status),
        }
        .into(),
    })
}

/// A status, where it can be read.
fn parse<T: DeserializeOwned>(status: Option<Value>) -> Option<T> {
    serde_json::from_value(status?).ok()
}

fn reference(kind: Kind, metadata: &ObjectMeta) -> ObjectRef {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    ObjectRef {
        kind,
        name: ObjectName {
            namespace: text(&metadata.namespace),
            name: text(&metadata.name),
        },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn member(spec: &Value, status: &Value) -> Received {
        let object = json!({
            "apiVersion": isthmus_crds::API_VERSION,
            "kind": "VpcMember",
            "metadata": {
                "name": "web-1", "namespace": "team-a", "uid": "u1", "generation": 3,
                "resourceVersion": "17",
            },
            "spec": spec,
            "status": status,
        });
        let object = serde_json::from_value(object).unwrap();
        match read(Source::Objects(Kind::VpcMember), object) {
            Thing::Object(received) => *received,
            Thing::Slice(_) => panic!("an object"),
        }
    }

    fn spec() -> Value {
        json!({
            "vpc": "blue", "addresses": ["10.0.0.2"], "mac": "02:00:00:00:00:02",
            "hypervisor": "172.16.0.11",
        })
    }

    #[test]
    fn a_broken_status_does_not_stop_its_object() {
        let received = member(
            &spec(),
            &json!({"conditions": "gone", "observedGeneration": []}),
        );
        assert!(received.object.is_ok());
        assert_eq!(received.held, Held::of(None, 17, 3));
        assert_eq!((received.generation, &*received.uid), (3, "u1"));
    }

    #[test]
    fn an_object_of_a_newer_version_is_told_to_be_unreadable() {
        let mut spec = spec();
        spec["encryption"] = json!("on");
        let received = member(&spec, &Value::Null);
        let sentence = received.object.unwrap_err();
        assert!(
            sentence.contains("unknown field `encryption`"),
            "{sentence}"
        );
    }

    #[test]
    fn a_slice_with_foreign_contents_keeps_its_name_and_version() {
        let object = json!({
            "metadata": {"name": "vni-1-u-0", "resourceVersion": "5"},
            "spec": {"vni": "many"},
        });
        let object = serde_json::from_value(object).unwrap();
        let Thing::Slice(slice) = read(Source::Slices(SliceKind::Peering), object) else {
            panic!("a slice");
        };
        assert_eq!(slice.key(), SliceKey::peering("vni-1-u-0"));
        assert!(matches!(slice, Slice::Foreign(_)));
        assert_eq!(slice.version(), Some("5"));
    }
}
