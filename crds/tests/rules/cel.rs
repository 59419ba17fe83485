//! The rules as kube's own evaluator of CEL sees them: quick, without a server.

use std::collections::BTreeSet;

use isthmus_crds::{ForwardingSlice, PeeringSlice, TransitGateway, Vpc, VpcMember, VpcPeering};
use kube::core::cel::Validator;
use serde_json::Value;

use crate::cases::{KINDS, creation, transition, valid, with};

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
        "PeeringSlice" => serde_json::from_value::<PeeringSlice>(object).is_ok(),
        "ForwardingSlice" => serde_json::from_value::<ForwardingSlice>(object).is_ok(),
        other => panic!("no kind {other}"),
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

#[test]
fn the_types_read_a_valid_object_of_each_kind_and_write_it_back() {
    for kind in KINDS {
        let object = valid(kind);
        assert_eq!(complaints(kind, &object, None), [""; 0], "{kind}");
        assert!(is_read(kind, object), "{kind} is not read");
    }
    let object = valid("ForwardingSlice");
    let slice: ForwardingSlice = serde_json::from_value(object.clone()).expect("a slice");
    assert_eq!(serde_json::to_value(slice).expect("JSON"), object);
    let object = valid("PeeringSlice");
    let slice: PeeringSlice = serde_json::from_value(object.clone()).expect("a slice");
    assert_eq!(serde_json::to_value(slice).expect("JSON"), object);
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
    for kind in KINDS {
        rules_below(&schema(kind), &format!("{kind} "), &mut found);
    }
    let cases = creation().into_iter().chain(transition());
    let tested: BTreeSet<_> = cases
        .map(|case| format!("{} {}", case.kind, case.complaint()))
        .collect();
    assert_eq!(found, tested);
}
