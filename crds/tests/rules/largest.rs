//! Objects as large as the schemas let them be.

use isthmus_crds::{
    MAX_ADDRESSES, MAX_CIDRS, MAX_MEMBER_PREFIXES, MAX_PEERING_PREFIXES, MAX_SLICE_ENTRIES,
};
use serde_json::{Value, json};

use crate::cases::with;

/// The longest names and UIDs.
fn name() -> String {
    [
        "n".repeat(63),
        "n".repeat(63),
        "n".repeat(63),
        "n".repeat(61),
    ]
    .join(".")
}

fn namespace() -> String {
    "n".repeat(63)
}

/// IPv6 texts that cannot be written shorter.
fn address(group: usize, n: usize) -> String {
    format!(
        "fd00:1111:2222:3333:4444:5555:{:x}:{:x}",
        0x1000 + group,
        0x1000 + n
    )
}

fn prefix(group: usize, n: usize) -> String {
    format!(
        "fd00:1111:2222:3333:4444:{:x}:{:x}:1000/124",
        0x1000 + group,
        0x1000 + n
    )
}

fn list(count: usize, form: impl Fn(usize) -> String) -> Value {
    Value::from_iter((0..count).map(form))
}

/// Members of a ForwardingSlice, as large as they get.
pub(crate) fn members(count: usize) -> Value {
    Value::from_iter((0..count).map(|n| {
        json!({
            "name": name(),
            "addresses": list(MAX_ADDRESSES, |a| address(n, a)),
            "prefixes": list(MAX_MEMBER_PREFIXES, |p| prefix(n, p)),
            "mac": "02:00:00:00:00:02",
            "hypervisor": address(0, 0),
        })
    }))
}

/// Routes of a PeeringSlice, as large as they get.
pub(crate) fn routes(count: usize) -> Value {
    Value::from_iter((0..count).map(|n| {
        json!({
            "prefix": prefix(n, 0),
            "peerVni": 16_777_215,
            "peerUid": "3f2a9c1b-0000-4000-8000-000000000000",
            "peering": {"namespace": namespace(), "name": name()},
        })
    }))
}

/// One object of each kind.
pub(crate) fn objects() -> Vec<(&'static str, Value)> {
    let mut member = with(
        "VpcMember",
        "addresses",
        &list(MAX_ADDRESSES, |n| address(0, n)),
    );
    member["spec"]["prefixes"] = list(MAX_MEMBER_PREFIXES, |n| prefix(0, n));
    member["spec"]["vpc"] = json!(name());
    let mut peering = with(
        "VpcPeering",
        "peer",
        &json!({"name": name(), "namespace": namespace()}),
    );
    for field in ["exportPrefixes", "importPrefixes"] {
        peering["spec"][field] = list(MAX_PEERING_PREFIXES, |n| prefix(0, n));
    }
    let vteps = (1..=4).flat_map(|n| [address(0, n), format!("192.168.100.{n}")]);
    let vpc = with("Vpc", "cidrs", &list(MAX_CIDRS, |n| prefix(0, n)));
    vec![
        ("Vpc", vpc),
        ("VpcMember", member),
        ("VpcPeering", peering),
        (
            "TransitGateway",
            with("TransitGateway", "vteps", &Value::from_iter(vteps)),
        ),
        (
            "ForwardingSlice",
            with("ForwardingSlice", "members", &members(MAX_SLICE_ENTRIES)),
        ),
        (
            "PeeringSlice",
            with("PeeringSlice", "routes", &routes(MAX_SLICE_ENTRIES)),
        ),
    ]
}
