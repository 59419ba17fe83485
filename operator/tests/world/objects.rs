//! Specs.

use isthmus_compiler::{Kind, ObjectRef};
use serde_json::{Value, json};

use crate::api::{Api, named};

pub(crate) fn vpc(vni: u32, cidr: &str, pool: &str) -> Value {
    json!({"vni": vni, "cidrs": [cidr], "pool": pool})
}

pub(crate) fn member(vpc: &str, address: &str) -> Value {
    json!({
        "vpc": vpc, "addresses": [address], "mac": "02:00:00:00:00:02",
        "hypervisor": "172.16.0.11",
    })
}

pub(crate) fn peering(vpc: &str, namespace: Option<&str>, peer: &str) -> Value {
    let peer = namespace.map_or_else(
        || json!({"name": peer}),
        |namespace| json!({"name": peer, "namespace": namespace}),
    );
    json!({"vpc": vpc, "peer": peer})
}

pub(crate) fn gateway(pools: &[&str]) -> Value {
    json!({"vteps": ["172.16.0.1"], "pools": pools})
}

/// Two peered Vpcs of one namespace, a member in each, and a gateway.
pub(crate) struct Pair {
    pub(crate) blue: ObjectRef,
    pub(crate) web: ObjectRef,
    pub(crate) db: ObjectRef,
    pub(crate) peering: ObjectRef,
    pub(crate) gateway: ObjectRef,
}

impl Pair {
    pub(crate) fn apply(api: &mut Api) -> Self {
        let pair = Self {
            blue: named(Kind::Vpc, "team-a", "blue"),
            web: named(Kind::VpcMember, "team-a", "web-1"),
            db: named(Kind::VpcMember, "team-a", "db-1"),
            peering: named(Kind::VpcPeering, "team-a", "blue-green"),
            gateway: named(Kind::TransitGateway, "", "tgw-1"),
        };
        let green = named(Kind::Vpc, "team-a", "green");
        api.apply(&pair.gateway, &gateway(&["default"]));
        api.apply(&pair.blue, &vpc(1, "10.1.0.0/16", "default"));
        api.apply(&green, &vpc(2, "10.2.0.0/16", "default"));
        api.apply(&pair.web, &member("blue", "10.1.0.2"));
        api.apply(&pair.db, &member("green", "10.2.0.2"));
        api.apply(&pair.peering, &peering("blue", None, "green"));
        pair
    }
}
