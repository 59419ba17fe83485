//! What a gateway makes of slices, one by one.

use isthmus_compiler::EntryChange;
use isthmus_compiler::received::SliceSet;
use isthmus_compiler::slices::{SliceKey, SliceKind};
use isthmus_crds::{ForwardingSlice, PeeringSlice};

/// `ordinal` of the slices of VNI and UID, at a version, with members
/// `10.0.0.<last>` on 172.16.0.<host>.
fn forwarding(vni: u32, uid: &str, ordinal: u32, version: u64, of: &[(u8, u8)]) -> ForwardingSlice {
    let members: Vec<_> = of
        .iter()
        .map(|(last, host)| {
            format!(
                "{{name: m{last}, addresses: [10.0.0.{last}], mac: '02:00:00:00:00:01',
                  hypervisor: 172.16.0.{host}}}"
            )
        })
        .collect();
    let text = format!(
        "{{apiVersion: isthmus.dev/v1alpha1, kind: ForwardingSlice,
          metadata: {{name: vni-{vni}-{uid}-{ordinal}, resourceVersion: '{version}'}},
          spec: {{vni: {vni}, vpc: {{namespace: a, name: v{vni}, uid: {uid}}},
                 members: [{}]}}}}",
        members.join(", ")
    );
    serde_yaml::from_str(&text).expect("a ForwardingSlice")
}

/// With a route to 10.0.0.0/24 of a peer, by a peering `a/<by>`.
fn peering(
    vni: u32,
    uid: &str,
    ordinal: u32,
    version: u64,
    peer: (u32, &str),
    by: &str,
) -> PeeringSlice {
    let (peer_vni, peer_uid) = peer;
    let text = format!(
        "{{apiVersion: isthmus.dev/v1alpha1, kind: PeeringSlice,
          metadata: {{name: vni-{vni}-{uid}-{ordinal}, resourceVersion: '{version}'}},
          spec: {{vni: {vni}, vpc: {{namespace: a, name: v{vni}, uid: {uid}}},
                 routes: [{{prefix: 10.0.0.0/24, peerVni: {peer_vni}, peerUid: {peer_uid},
                           peering: {{namespace: a, name: {by}}}}}]}}}}"
    );
    serde_yaml::from_str(&text).expect("a PeeringSlice")
}

/// `+1 10.0.0.2/32 on 172.16.0.1`, `-1 10.0.0.0/24`.
fn told(changes: &[EntryChange]) -> Vec<String> {
    let line = |change: &EntryChange| match change {
        EntryChange::Route(key, None) => format!("-{} {}", key.vni, key.prefix),
        EntryChange::Route(key, Some(to)) => {
            let by = &to.peering.name;
            format!("+{} {} to {} by {by}", key.vni, key.prefix, to.peer_vni)
        }
        EntryChange::Member(key, None) => format!("-{} {}", key.vni, key.prefix),
        EntryChange::Member(key, Some(to)) => {
            format!("+{} {} on {}", key.vni, key.prefix, to.hypervisor)
        }
    };
    changes.iter().map(line).collect()
}

const NOTHING: [&str; 0] = [];

#[test]
fn a_change_of_one_member_is_one_entry() {
    let mut set = SliceSet::new();
    set.apply_forwarding(&forwarding(1, "u1", 0, 1, &[(2, 1), (3, 1), (4, 1)]));
    let changes = set.apply_forwarding(&forwarding(1, "u1", 0, 2, &[(2, 1), (3, 9), (5, 1)]));
    assert_eq!(
        told(&changes),
        [
            "-1 10.0.0.4/32",
            "+1 10.0.0.3/32 on 172.16.0.9",
            "+1 10.0.0.5/32 on 172.16.0.1"
        ]
    );
}

#[test]
fn a_slice_that_comes_again_changes_nothing() {
    let mut set = SliceSet::new();
    let slice = forwarding(1, "u1", 0, 1, &[(2, 1)]);
    set.apply_forwarding(&slice);
    assert_eq!(told(&set.apply_forwarding(&slice)), NOTHING);
}

#[test]
fn a_member_in_two_slices_is_the_newer_versions_and_goes_with_the_last() {
    let mut set = SliceSet::new();
    set.apply_forwarding(&forwarding(1, "u1", 0, 10, &[(2, 1)]));
    let changes = set.apply_forwarding(&forwarding(1, "u1", 1, 5, &[(2, 7), (3, 7)]));
    assert_eq!(told(&changes), ["+1 10.0.0.3/32 on 172.16.0.7"]);
    // The other slice's version rises; what it says stays the same.
    let changes = set.apply_forwarding(&forwarding(1, "u1", 1, 11, &[(2, 7), (3, 7)]));
    assert_eq!(told(&changes), ["+1 10.0.0.2/32 on 172.16.0.7"]);
    let changes = set.delete(&SliceKey::forwarding("vni-1-u1-1"));
    assert_eq!(
        told(&changes),
        ["-1 10.0.0.3/32", "+1 10.0.0.2/32 on 172.16.0.1"]
    );
    let changes = set.delete(&SliceKey::forwarding("vni-1-u1-0"));
    assert_eq!(told(&changes), ["-1 10.0.0.2/32"]);
}

#[test]
fn a_route_waits_for_the_members_that_it_leads_to() {
    let mut set = SliceSet::new();
    let changes = set.apply_peering(&peering(2, "u2", 0, 1, (1, "u1"), "p"));
    assert_eq!(told(&changes), NOTHING);
    let changes = set.apply_forwarding(&forwarding(1, "u1", 0, 2, &[(2, 1)]));
    assert_eq!(
        told(&changes),
        ["+1 10.0.0.2/32 on 172.16.0.1", "+2 10.0.0.0/24 to 1 by p"]
    );
    let changes = set.delete(&SliceKey::forwarding("vni-1-u1-0"));
    assert_eq!(told(&changes), ["-2 10.0.0.0/24", "-1 10.0.0.2/32"]);
}

#[test]
fn a_route_never_leads_to_the_members_of_another_vpc_that_has_the_vni_now() {
    let mut set = SliceSet::new();
    set.apply_forwarding(&forwarding(1, "u1", 0, 1, &[(2, 1)]));
    set.apply_peering(&peering(2, "u2", 0, 2, (1, "u1"), "p"));
    // While members of both are held there are none.
    let changes = set.apply_forwarding(&forwarding(1, "u9", 0, 3, &[(2, 9)]));
    assert_eq!(told(&changes), ["-2 10.0.0.0/24", "-1 10.0.0.2/32"]);
    let changes = set.delete(&SliceKey::forwarding("vni-1-u1-0"));
    assert_eq!(told(&changes), ["+1 10.0.0.2/32 on 172.16.0.9"]);
    let changes = set.apply_peering(&peering(2, "u2", 0, 4, (1, "u9"), "q"));
    assert_eq!(told(&changes), ["+2 10.0.0.0/24 to 1 by q"]);
}

#[test]
fn a_route_never_begins_at_the_members_of_another_vpc_that_has_the_vni_now() {
    let mut set = SliceSet::new();
    set.apply_forwarding(&forwarding(1, "u1", 0, 1, &[(2, 1)]));
    // A VPC without members has its routes.
    let changes = set.apply_peering(&peering(2, "u2", 0, 2, (1, "u1"), "p"));
    assert_eq!(told(&changes), ["+2 10.0.0.0/24 to 1 by p"]);
    let changes = set.apply_forwarding(&forwarding(2, "u9", 0, 3, &[(3, 9)]));
    assert_eq!(
        told(&changes),
        ["-2 10.0.0.0/24", "+2 10.0.0.3/32 on 172.16.0.9"]
    );
}

#[test]
fn routes_of_two_vpcs_without_members_under_one_vni_are_none() {
    let mut set = SliceSet::new();
    set.apply_forwarding(&forwarding(1, "u1", 0, 1, &[(2, 1)]));
    set.apply_peering(&peering(2, "u2", 0, 2, (1, "u1"), "p"));
    let changes = set.apply_peering(&peering(2, "u9", 0, 3, (1, "u1"), "q"));
    assert_eq!(told(&changes), ["-2 10.0.0.0/24"]);
    let changes = set.delete(&SliceKey::peering("vni-2-u2-0"));
    assert_eq!(told(&changes), ["+2 10.0.0.0/24 to 1 by q"]);
}

#[test]
fn slices_that_go_together_leave_nothing_to_another_vpc_in_between() {
    let mut set = SliceSet::new();
    set.apply_forwarding(&forwarding(1, "u1", 0, 1, &[(2, 1)]));
    set.apply_forwarding(&forwarding(1, "u2", 0, 2, &[(2, 9)]));
    set.apply_forwarding(&forwarding(2, "u3", 0, 3, &[(3, 1)]));
    let gone = ["vni-1-u1-0", "vni-1-u2-0", "none"];
    let changes = set.delete_all(SliceKind::Forwarding, gone);
    assert_eq!(told(&changes), NOTHING);
    let changes = set.delete_all(SliceKind::Forwarding, ["vni-2-u3-0"]);
    assert_eq!(told(&changes), ["-2 10.0.0.3/32"]);
}

#[test]
fn a_slice_under_the_name_of_another_vpcs_takes_its_place() {
    let mut set = SliceSet::new();
    let mut slice = forwarding(1, "u1", 0, 1, &[(2, 1), (3, 1)]);
    set.apply_forwarding(&slice);
    slice.spec.vpc.uid = "u9".to_owned();
    slice.spec.vni = isthmus_crds::Vni::new(5).unwrap();
    let changes = set.apply_forwarding(&slice);
    assert_eq!(
        told(&changes),
        [
            "-1 10.0.0.2/32",
            "-1 10.0.0.3/32",
            "+5 10.0.0.2/32 on 172.16.0.1",
            "+5 10.0.0.3/32 on 172.16.0.1"
        ]
    );
}

#[test]
fn what_is_not_held_is_deleted_without_effect() {
    let mut set = SliceSet::new();
    assert_eq!(told(&set.delete(&SliceKey::forwarding("none"))), NOTHING);
    assert_eq!(told(&set.delete(&SliceKey::peering("none"))), NOTHING);
}
