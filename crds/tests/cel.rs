//! The CEL rules of the definitions, as an API server evaluates them.

use std::collections::BTreeSet;

use isthmus_crds::{TransitGateway, Vpc, VpcMember, VpcPeering};
use kube::core::cel::Validator;
use serde_json::{Value, json};

/// A valid object of each kind.
fn valid(kind: &str) -> Value {
    let spec = match kind {
        "Vpc" => json!({"vni": 1, "cidrs": ["10.0.0.0/24"]}),
        "VpcMember" => json!({
            "vpc": "blue",
            "addresses": ["10.0.0.2"],
            "mac": "02:00:00:00:00:02",
            "hypervisor": "172.16.0.1",
        }),
        "VpcPeering" => json!({"vpc": "blue", "peer": {"name": "green"}}),
        "TransitGateway" => json!({"vteps": ["172.16.0.9"]}),
        other => panic!("no kind {other}"),
    };
    json!({
        "apiVersion": isthmus_crds::API_VERSION,
        "kind": kind,
        "metadata": {"name": "x"},
        "spec": spec,
    })
}

/// The valid object with another value in one field of its spec.
fn with(kind: &str, field: &str, value: &Value) -> Value {
    let mut object = valid(kind);
    object["spec"][field] = value.clone();
    object
}

fn schema(kind: &str) -> Value {
    let definition = isthmus_crds::definitions()
        .into_iter()
        .find(|definition| definition.crd.spec.names.kind == kind)
        .expect("a definition of the kind");
    let crd = serde_json::to_value(definition.crd).expect("a definition is JSON");
    crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"].clone()
}

/// Every complaint of the rules: `path: message`.
fn complaints(kind: &str, object: &Value, old: Option<&Value>) -> Vec<String> {
    match Validator::new().validate(&schema(kind), object, old) {
        Ok(()) => Vec::new(),
        Err(errors) => errors.iter().map(ToString::to_string).collect(),
    }
}

/// Whether the types read what the rules accept.
fn is_read(kind: &str, object: Value) -> bool {
    match kind {
        "Vpc" => serde_json::from_value::<Vpc>(object).is_ok(),
        "VpcMember" => serde_json::from_value::<VpcMember>(object).is_ok(),
        "VpcPeering" => serde_json::from_value::<VpcPeering>(object).is_ok(),
        "TransitGateway" => serde_json::from_value::<TransitGateway>(object).is_ok(),
        other => panic!("no kind {other}"),
    }
}

/// One rule, at one place.
struct Case {
    kind: &'static str,
    /// Field of the spec that the values are of.
    field: &'static str,
    /// Where the complaint is, and what it says.
    complaint: &'static str,
    accepted: Vec<Value>,
    refused: Vec<Value>,
}

const ADDRESS: &str = "must be a unicast IP address such as 10.104.0.2 or fd00:104::2";
const PREFIX: &str = "must be a prefix without host bits, such as 10.104.0.0/20 or fd00:104::/64";

fn list(texts: &[&str]) -> Vec<Value> {
    texts.iter().map(|text| json!([text])).collect()
}

fn addresses(kind: &'static str, field: &'static str, complaint: &'static str) -> Case {
    Case {
        kind,
        field,
        complaint,
        accepted: list(&["192.0.2.1", "2001:db8::1"]),
        refused: list(&[
            "10.0.0",
            "0.0.0.0",
            "127.0.0.1",
            "169.254.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "fe80::1",
            "ff02::1",
            "::ffff:10.0.0.1",
        ]),
    }
}

fn prefixes(kind: &'static str, field: &'static str, complaint: &'static str) -> Case {
    Case {
        kind,
        field,
        complaint,
        accepted: list(&["10.0.0.0/24", "fd00::/64"]),
        refused: list(&[
            "10.0.0.0",
            "10.0.0.0/33",
            "10.0.0.2/24",
            "fd00::2/64",
            "::ffff:10.0.0.0/120",
        ]),
    }
}

/// Rules that a new object has to meet.
fn creation() -> Vec<Case> {
    vec![
        prefixes("Vpc", "cidrs", "spec.cidrs[0]: PREFIX"),
        Case {
            kind: "Vpc",
            field: "cidrs",
            complaint: "spec.cidrs: every range needs room for the gateway and a member: /30 or \
                        /126 at the least",
            accepted: list(&["10.0.0.0/30", "fd00::/126"]),
            refused: list(&["10.0.0.0/31", "10.0.0.0/32", "fd00::/127", "fd00::/128"]),
        },
        Case {
            kind: "Vpc",
            field: "cidrs",
            complaint: "spec.cidrs: ranges must not have addresses that are link-local, loopback, \
                        multicast or unspecified",
            accepted: list(&[
                "10.0.0.0/8",
                "0.0.0.4/30",
                "fd00::/8",
                "2000::/3",
                "::4/126",
            ]),
            refused: list(&[
                "0.0.0.0/0",
                "127.0.1.0/24",
                "169.0.0.0/8",
                "232.0.0.0/8",
                "255.255.255.252/30",
                "::/0",
                "fe80::/64",
                "f000::/4",
                "ff02::/64",
            ]),
        },
        Case {
            kind: "Vpc",
            field: "cidrs",
            complaint: "spec.cidrs: ranges must not overlap each other",
            accepted: vec![json!(["10.0.0.0/25", "10.0.0.128/25", "fd00::/64"])],
            refused: vec![
                json!(["10.0.0.0/24", "10.0.0.0/24"]),
                json!(["10.0.0.0/24", "10.0.0.0/25"]),
                json!(["10.0.0.0/24", "10.0.0.128/25"]),
                json!(["10.0.0.128/25", "10.0.0.0/24"]),
                json!(["fd01::/64", "fd00::/64", "fd00:0:0:0:8000::/65"]),
            ],
        },
        addresses("VpcMember", "addresses", "spec.addresses[0]: ADDRESS"),
        prefixes("VpcMember", "prefixes", "spec.prefixes[0]: PREFIX"),
        Case {
            kind: "VpcMember",
            field: "mac",
            complaint: "spec.mac: must name a station, such as 02:00:00:00:00:02",
            accepted: vec![json!("02:00:00:00:00:03")],
            refused: vec![json!("00:00:00:00:00:00")],
        },
        Case {
            kind: "VpcMember",
            field: "hypervisor",
            complaint: "spec.hypervisor: ADDRESS",
            accepted: vec![json!("172.16.0.2"), json!("fd00:16::2")],
            refused: vec![json!("host-1"), json!("127.0.0.1"), json!("fe80::1")],
        },
        Case {
            kind: "VpcPeering",
            field: "peer",
            complaint: "spec: peer must not name the own Vpc; name another one",
            accepted: vec![
                json!({"name": "red"}),
                json!({"name": "blue", "namespace": "team-b"}),
            ],
            refused: vec![json!({"name": "blue"})],
        },
        prefixes(
            "VpcPeering",
            "exportPrefixes",
            "spec.exportPrefixes[0]: PREFIX",
        ),
        prefixes(
            "VpcPeering",
            "importPrefixes",
            "spec.importPrefixes[0]: PREFIX",
        ),
        addresses("TransitGateway", "vteps", "spec.vteps[0]: ADDRESS"),
        Case {
            kind: "TransitGateway",
            field: "vteps",
            complaint: "spec.vteps: at most four addresses of each family",
            accepted: vec![json!([
                "10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "fd00::1", "fd00::2", "fd00::3",
                "fd00::4"
            ])],
            refused: vec![
                json!(["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5"]),
                json!(["fd00::1", "fd00::2", "fd00::3", "fd00::4", "fd00::5"]),
            ],
        },
    ]
}

/// Rules that a changed object has to meet; what it was is [`valid`].
fn transition() -> Vec<Case> {
    vec![
        Case {
            kind: "Vpc",
            field: "vni",
            complaint: "spec.vni: is immutable; make a new Vpc instead",
            accepted: vec![json!(1)],
            refused: vec![json!(2)],
        },
        Case {
            kind: "VpcMember",
            field: "vpc",
            complaint: "spec.vpc: is immutable; make a new VpcMember instead",
            accepted: vec![json!("blue")],
            refused: vec![json!("red")],
        },
        Case {
            kind: "VpcPeering",
            field: "vpc",
            complaint: "spec.vpc: is immutable; make a new VpcPeering instead",
            accepted: vec![json!("blue")],
            refused: vec![json!("red")],
        },
        Case {
            kind: "VpcPeering",
            field: "peer",
            complaint: "spec.peer: is immutable; make a new VpcPeering instead",
            accepted: vec![json!({"name": "green"})],
            refused: vec![
                json!({"name": "red"}),
                json!({"name": "green", "namespace": "team-b"}),
            ],
        },
    ]
}

impl Case {
    fn complaint(&self) -> String {
        self.complaint
            .replace("ADDRESS", ADDRESS)
            .replace("PREFIX", PREFIX)
    }
}

#[test]
fn every_rule_accepts_the_right_and_refuses_the_wrong_with_its_message() {
    for case in creation() {
        for value in &case.accepted {
            let object = with(case.kind, case.field, value);
            assert_eq!(complaints(case.kind, &object, None), [""; 0], "{object}");
            assert!(is_read(case.kind, object), "{value} is not read");
        }
        for value in &case.refused {
            let object = with(case.kind, case.field, value);
            let found = complaints(case.kind, &object, None);
            assert_eq!(found, [case.complaint()], "{object}");
        }
    }
}

#[test]
fn what_is_immutable_is_free_in_a_new_object_and_fixed_in_an_old_one() {
    for case in transition() {
        let old = valid(case.kind);
        for value in &case.accepted {
            let object = with(case.kind, case.field, value);
            let found = complaints(case.kind, &object, Some(&old));
            assert_eq!(found, [""; 0], "{object}");
        }
        for value in &case.refused {
            let object = with(case.kind, case.field, value);
            assert_eq!(complaints(case.kind, &object, None), [""; 0], "{object}");
            let found = complaints(case.kind, &object, Some(&old));
            assert_eq!(found, [case.complaint()], "{object}");
        }
    }
}

/// Rules below a place of a schema, as `kind path: message`.
fn rules_below(schema: &Value, path: &str, found: &mut BTreeSet<String>) {
    let rules = schema["x-kubernetes-validations"].as_array();
    for rule in rules.into_iter().flatten() {
        let message = rule["message"].as_str().expect("a rule has a message");
        assert!(found.insert(format!("{path}: {message}")), "{path} twice");
    }
    let fields = schema["properties"].as_object();
    for (name, field) in fields.into_iter().flatten() {
        let dot = if path.ends_with(' ') { "" } else { "." };
        rules_below(field, &format!("{path}{dot}{name}"), found);
    }
    if schema["items"].is_object() {
        rules_below(&schema["items"], &format!("{path}[0]"), found);
    }
}

#[test]
fn no_rule_is_without_a_case() {
    let mut found = BTreeSet::new();
    for kind in ["Vpc", "VpcMember", "VpcPeering", "TransitGateway"] {
        rules_below(&schema(kind), &format!("{kind} "), &mut found);
    }
    let cases = creation().into_iter().chain(transition());
    let tested: BTreeSet<_> = cases
        .map(|case| format!("{} {}", case.kind, case.complaint()))
        .collect();
    assert_eq!(found, tested);
}
