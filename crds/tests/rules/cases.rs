//! What each CEL rule accepts and refuses.

use serde_json::{Value, json};

/// A valid object of each kind.
pub(crate) fn valid(kind: &str) -> Value {
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
        "ForwardingSlice" => json!({
            "vni": 1,
            "vpc": {"namespace": "team-a", "name": "blue", "uid": "u-1"},
            "members": [{
                "name": "web-1",
                "addresses": ["10.0.0.2", "fd00::2"],
                "prefixes": ["10.0.0.16/28"],
                "mac": "02:00:00:00:00:02",
                "hypervisor": "172.16.0.1",
            }],
        }),
        "PeeringSlice" => json!({
            "vni": 1,
            "vpc": {"namespace": "team-a", "name": "blue", "uid": "u-1"},
            "routes": [{
                "prefix": "10.1.0.0/24",
                "peerVni": 2,
                "peerUid": "u-2",
                "peering": {"namespace": "team-a", "name": "blue-green"},
            }],
        }),
        other => panic!("no kind {other}"),
    };
    json!({
        "apiVersion": isthmus_crds::API_VERSION,
        "kind": kind,
        "metadata": {"name": "x"},
        "spec": spec,
    })
}

/// The valid object with another value in one field of its spec, or of its
/// status (`status.FIELD`).
pub(crate) fn with(kind: &str, field: &str, value: &Value) -> Value {
    let mut object = valid(kind);
    let (part, field) = field.split_once('.').unwrap_or(("spec", field));
    object[part][field] = value.clone();
    object
}

/// One rule, at one place.
pub(crate) struct Case {
    pub(crate) kind: &'static str,
    /// Field of the spec that the values are of, or `status.` and one of the
    /// status.
    pub(crate) field: &'static str,
    /// Where the complaint is, and what it says.
    complaint: &'static str,
    pub(crate) accepted: Vec<Value>,
    pub(crate) refused: Vec<Value>,
}

const STATION: &str = "must name a station, such as 02:00:00:00:00:02";
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

/// Every kind.
pub(crate) const KINDS: [&str; 6] = [
    "Vpc",
    "VpcMember",
    "VpcPeering",
    "TransitGateway",
    "PeeringSlice",
    "ForwardingSlice",
];

/// The case of a field of a slice's entry: its values become the only entry's.
fn of_entry(list: &'static str, field: &str, mut case: Case) -> Case {
    let entry = valid(case.kind)["spec"][list][0].clone();
    for value in case.accepted.iter_mut().chain(&mut case.refused) {
        let mut changed = entry.clone();
        changed[field] = value.take();
        *value = json!([changed]);
    }
    Case {
        field: list,
        ..case
    }
}

fn stations(kind: &'static str, complaint: &'static str) -> Case {
    Case {
        kind,
        field: "mac",
        complaint,
        accepted: vec![json!("02:00:00:00:00:03")],
        refused: vec![json!("00:00:00:00:00:00")],
    }
}

fn hypervisors(kind: &'static str, complaint: &'static str) -> Case {
    Case {
        kind,
        field: "hypervisor",
        complaint,
        accepted: vec![json!("172.16.0.2"), json!("fd00:16::2")],
        refused: vec![json!("host-1"), json!("127.0.0.1"), json!("fe80::1")],
    }
}

/// Rules that the entries of slices have to meet.
fn entries() -> Vec<Case> {
    let kind = "ForwardingSlice";
    let member = |field, case| of_entry("members", field, case);
    let route = Case {
        kind: "PeeringSlice",
        field: "routes",
        complaint: "spec.routes[0].prefix: PREFIX",
        accepted: vec![json!("10.0.0.0/24"), json!("fd00::/64")],
        refused: vec![json!("10.0.0.0"), json!("10.0.0.2/24")],
    };
    vec![
        member(
            "addresses",
            addresses(kind, "members", "spec.members[0].addresses[0]: ADDRESS"),
        ),
        member(
            "prefixes",
            prefixes(kind, "members", "spec.members[0].prefixes[0]: PREFIX"),
        ),
        member("mac", stations(kind, "spec.members[0].mac: STATION")),
        member(
            "hypervisor",
            hypervisors(kind, "spec.members[0].hypervisor: ADDRESS"),
        ),
        of_entry("routes", "prefix", route),
    ]
}

/// Rules that a new object has to meet.
pub(crate) fn creation() -> Vec<Case> {
    let mut cases = objects();
    cases.extend(entries());
    cases
}

/// Those of the objects that people write.
fn objects() -> Vec<Case> {
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
        stations("VpcMember", "spec.mac: STATION"),
        hypervisors("VpcMember", "spec.hypervisor: ADDRESS"),
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
        prefixes(
            "VpcPeering",
            "status.exportedPrefixes",
            "status.exportedPrefixes[0]: PREFIX",
        ),
        prefixes(
            "VpcPeering",
            "status.importedPrefixes",
            "status.importedPrefixes[0]: PREFIX",
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
pub(crate) fn transition() -> Vec<Case> {
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
    pub(crate) fn complaint(&self) -> String {
        self.complaint
            .replace("STATION", STATION)
            .replace("ADDRESS", ADDRESS)
            .replace("PREFIX", PREFIX)
    }
}
