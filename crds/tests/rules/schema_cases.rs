//! What the schema alone refuses: sizes, forms, what is missing.

use serde_json::{Value, json};

use crate::cases::{valid, with};

/// One object that the schema refuses.
pub(crate) struct SchemaCase {
    pub(crate) kind: &'static str,
    field: &'static str,
    /// `None` takes the field away.
    value: Option<Value>,
    /// Where the complaint is, and how it ends.
    pub(crate) complaint: &'static str,
}

impl SchemaCase {
    /// The object.
    pub(crate) fn object(&self) -> Value {
        if let Some(value) = &self.value {
            return with(self.kind, self.field, value);
        }
        let mut object = valid(self.kind);
        let spec = object["spec"].as_object_mut().expect("a spec");
        spec.remove(self.field).expect("a field to take away");
        object
    }
}

/// What is missing, too much, too little or of the wrong form.
pub(crate) fn schema_cases() -> Vec<SchemaCase> {
    let case = |kind, field, value, complaint| SchemaCase {
        kind,
        field,
        value: Some(value),
        complaint,
    };
    let missing = |kind, field, complaint| SchemaCase {
        kind,
        field,
        value: None,
        complaint,
    };
    let many = |count: u32, form: &dyn Fn(u32) -> Value| Value::from_iter((0..count).map(form));
    let prefix = |n| json!(format!("10.{n}.0.0/24"));
    let address = |n| json!(format!("10.0.0.{}", n + 2));
    vec![
        missing("Vpc", "vni", "spec.vni: Required value"),
        missing("Vpc", "cidrs", "spec.cidrs: Required value"),
        case(
            "Vpc",
            "vni",
            json!(0),
            "spec.vni: should be greater than or equal to 1",
        ),
        case(
            "Vpc",
            "vni",
            json!(16_777_216),
            "spec.vni: should be less than or equal to 16777215",
        ),
        case(
            "Vpc",
            "vni",
            json!("1"),
            "spec.vni: must be of type integer: \"string\"",
        ),
        case(
            "Vpc",
            "cidrs",
            json!([]),
            "spec.cidrs: should have at least 1 items",
        ),
        case(
            "Vpc",
            "cidrs",
            many(17, &prefix),
            "spec.cidrs: must have at most 16 items",
        ),
        case(
            "Vpc",
            "pool",
            json!("A"),
            "spec.pool: should match '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$'",
        ),
        missing("VpcMember", "vpc", "spec.vpc: Required value"),
        missing("VpcMember", "addresses", "spec.addresses: Required value"),
        missing("VpcMember", "mac", "spec.mac: Required value"),
        missing("VpcMember", "hypervisor", "spec.hypervisor: Required value"),
        case(
            "VpcMember",
            "addresses",
            json!([]),
            "spec.addresses: should have at least 1 items",
        ),
        case(
            "VpcMember",
            "addresses",
            many(9, &address),
            "spec.addresses: must have at most 8 items",
        ),
        case(
            "VpcMember",
            "addresses",
            json!(["10.0.0.2", "10.0.0.2"]),
            "spec.addresses[1]: Duplicate value: \"10.0.0.2\"",
        ),
        case(
            "VpcMember",
            "prefixes",
            many(17, &prefix),
            "spec.prefixes: must have at most 16 items",
        ),
        case(
            "VpcMember",
            "mac",
            json!("03:00:00:00:00:02"),
            "spec.mac: should match '^[0-9A-Fa-f][02468ACEace](:[0-9A-Fa-f]{2}){5}$'",
        ),
        missing("VpcPeering", "vpc", "spec.vpc: Required value"),
        missing("VpcPeering", "peer", "spec.peer: Required value"),
        case(
            "VpcPeering",
            "peer",
            json!({}),
            "spec.peer.name: Required value",
        ),
        case(
            "VpcPeering",
            "exportPrefixes",
            json!([]),
            "spec.exportPrefixes: should have at least 1 items",
        ),
        case(
            "VpcPeering",
            "exportPrefixes",
            many(17, &prefix),
            "spec.exportPrefixes: must have at most 16 items",
        ),
        case(
            "VpcPeering",
            "importPrefixes",
            json!([]),
            "spec.importPrefixes: should have at least 1 items",
        ),
        case(
            "VpcPeering",
            "importPrefixes",
            many(17, &prefix),
            "spec.importPrefixes: must have at most 16 items",
        ),
        missing("TransitGateway", "vteps", "spec.vteps: Required value"),
        case(
            "TransitGateway",
            "vteps",
            json!([]),
            "spec.vteps: should have at least 1 items",
        ),
        case(
            "TransitGateway",
            "vteps",
            many(9, &address),
            "spec.vteps: must have at most 8 items",
        ),
        case(
            "TransitGateway",
            "pools",
            json!([]),
            "spec.pools: should have at least 1 items",
        ),
        case(
            "TransitGateway",
            "pools",
            json!(["A"]),
            "spec.pools[0]: should match '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$'",
        ),
        case(
            "TransitGateway",
            "pools",
            many(17, &|n| json!(format!("p{n}"))),
            "spec.pools: must have at most 16 items",
        ),
        case(
            "TransitGateway",
            "drain",
            json!("yes"),
            "spec.drain: must be of type boolean: \"string\"",
        ),
        case(
            "VpcPeering",
            "peer",
            json!({"name": "green", "namespace": "B"}),
            "spec.peer.namespace: should match '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$'",
        ),
        missing("ForwardingSlice", "vni", "spec.vni: Required value"),
        missing("ForwardingSlice", "vpc", "spec.vpc: Required value"),
        case(
            "ForwardingSlice",
            "members",
            crate::largest::members(1_001),
            "spec.members: must have at most 1000 items",
        ),
        missing("PeeringSlice", "vni", "spec.vni: Required value"),
        missing("PeeringSlice", "vpc", "spec.vpc: Required value"),
        case(
            "PeeringSlice",
            "routes",
            crate::largest::routes(1_001),
            "spec.routes: must have at most 1000 items",
        ),
    ]
}
