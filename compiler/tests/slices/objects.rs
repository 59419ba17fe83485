//! Builders of objects, with UIDs as an API server gives them.

use isthmus_compiler::{Object, ObjectRef};
use isthmus_crds::{
    PeerRef, Vni, Vpc, VpcMember, VpcMemberSpec, VpcPeering, VpcPeeringSpec, VpcSpec,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

/// Of `namespace/name`.
fn meta(name: &str) -> ObjectMeta {
    let (namespace, name) = name.split_once('/').expect("namespace/name");
    ObjectMeta {
        name: Some(name.to_owned()),
        namespace: Some(namespace.to_owned()),
        ..ObjectMeta::default()
    }
}

/// The eight characters that name the slices of the VPC that is the `n`th of
/// its name.
pub(crate) fn uid(n: u32) -> String {
    format!("{n:08x}-0000-4000-8000-000000000000")
}

pub(crate) fn vpc(name: &str, vni: u32, n: u32, cidr: &str, pool: &str) -> Vpc {
    let mut metadata = meta(name);
    metadata.uid = Some(uid(n));
    Vpc {
        metadata,
        spec: VpcSpec {
            vni: Vni::new(vni).expect("a VNI"),
            cidrs: vec![cidr.parse().expect("a CIDR")],
            pool: pool.to_owned(),
        },
        status: None,
    }
}

/// On 172.16.0.1.
pub(crate) fn member(name: &str, vpc: &str, address: &str) -> VpcMember {
    VpcMember {
        metadata: meta(name),
        spec: VpcMemberSpec {
            vpc: vpc.to_owned(),
            addresses: vec![address.parse().expect("an address")],
            prefixes: Vec::new(),
            mac: "02:00:00:00:00:01".parse().expect("a MAC address"),
            hypervisor: [172, 16, 0, 1].into(),
        },
        status: None,
    }
}

/// `peer` is `namespace/name`.
pub(crate) fn peering(name: &str, vpc: &str, peer: &str) -> VpcPeering {
    let (namespace, peer) = peer.split_once('/').expect("namespace/name");
    VpcPeering {
        metadata: meta(name),
        spec: VpcPeeringSpec {
            vpc: vpc.to_owned(),
            peer: PeerRef {
                name: peer.to_owned(),
                namespace: Some(namespace.to_owned()),
            },
            export_prefixes: None,
            import_prefixes: None,
        },
        status: None,
    }
}

pub(crate) fn reference(object: impl Into<Object>) -> ObjectRef {
    object.into().reference()
}

/// `m<i>` of a VPC 10.<range>.0.0/16 in `team-a`, at the address of its number.
pub(crate) fn numbered(vpc: &str, range: u8, i: u32) -> VpcMember {
    let address = format!("10.{range}.{}.{}", i / 200, 2 + i % 200);
    member(&format!("team-a/{vpc}-m{i}"), vpc, &address)
}
