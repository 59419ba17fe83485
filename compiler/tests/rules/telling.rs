//! What is told of accepted objects, and which of it changed.

use std::collections::BTreeSet;

use isthmus_compiler::{Changes, ObjectName, VpcCounts};

use crate::world::{Recorded, World, exporting, member, peering, vpc};

fn name(namespace: &str, name: &str) -> ObjectName {
    ObjectName {
        namespace: namespace.to_owned(),
        name: name.to_owned(),
    }
}

fn blue_green() -> World {
    World::new([
        vpc("team-a/blue", 1, &["10.0.0.0/24"]).uid("u1").into(),
        vpc("team-b/green", 2, &["10.0.1.0/24"]).uid("u2").into(),
        member("team-a/web", "blue", &["10.0.0.2", "10.0.0.3"], &[]).into(),
    ])
}

/// Members that a slice has to tell of anew, and VPCs.
fn told(changes: &[Changes]) -> (Vec<bool>, BTreeSet<ObjectName>) {
    let members = changes.iter().flat_map(|changes| &changes.members);
    let vpcs = changes.iter().flat_map(|changes| &changes.vpcs);
    (
        members.map(|member| member.is_accepted).collect(),
        vpcs.cloned().collect(),
    )
}

#[test]
fn a_member_is_told_of_when_its_contents_change_and_keeps_its_number() {
    let mut world = blue_green();
    let web = name("team-a", "web");
    let id = world.compiler.member_id(&web);
    let mut moved = member("team-a/web", "blue", &["10.0.0.2", "10.0.0.3"], &[]);
    moved.spec.hypervisor = [172, 16, 0, 9].into();
    assert_eq!(told(&world.apply(moved)), (vec![true], BTreeSet::new()));
    assert_eq!(world.compiler.member_id(&web), id);
    let told_of = world.compiler.member(&web).expect("accepted");
    assert_eq!(told_of.hypervisor.to_string(), "172.16.0.9");
    assert_eq!((told_of.vni.get(), told_of.vpc.as_str()), (1, "blue"));
}

#[test]
fn a_member_is_told_of_when_only_its_name_is_another() {
    let mut world = blue_green();
    let events = [
        isthmus_compiler::Event::Delete(member("team-a/web", "blue", &[], &[]).reference()),
        isthmus_compiler::Event::Apply(
            member("team-a/heir", "blue", &["10.0.0.2", "10.0.0.3"], &[]).into(),
        ),
    ];
    let changes = world.compiler.apply_all(events);
    assert_eq!(told(&changes).0, [false, true]);
    assert!(changes.iter().all(|changes| changes.entries.is_empty()));
}

#[test]
fn a_members_vpc_that_gets_another_vni_is_seen_in_both() {
    let mut world = blue_green();
    let changes = world.apply(vpc("team-a/blue", 7, &["10.0.0.0/24"]).uid("u1"));
    let vpcs = BTreeSet::from([name("team-a", "blue")]);
    assert_eq!(told(&changes), (vec![true], vpcs));
}

#[test]
fn a_vpcs_pool_and_uid_are_told_without_any_entry_that_changes() {
    let mut world = blue_green();
    let vpcs = BTreeSet::from([name("team-a", "blue")]);
    let mut moved = vpc("team-a/blue", 1, &["10.0.0.0/24"]).uid("u1");
    moved.spec.pool = "west".to_owned();
    let changes = world.apply(moved);
    assert_eq!(told(&changes), (vec![], vpcs.clone()));
    assert!(changes.iter().all(|changes| changes.entries.is_empty()));
    let blue = world
        .compiler
        .vpc(&name("team-a", "blue"))
        .expect("accepted");
    assert_eq!((&*blue.pool, blue.uid.as_str()), ("west", "u1"));

    let changes = world.apply(vpc("team-a/blue", 1, &["10.0.0.0/24"]).uid("u9"));
    assert_eq!(told(&changes).1, vpcs);
}

#[test]
fn both_vpcs_of_a_peering_are_told_when_it_comes_and_goes() {
    let mut world = blue_green();
    let both = BTreeSet::from([name("team-a", "blue"), name("team-b", "green")]);
    let half = peering("team-a/to-green", "blue", "team-b/green");
    assert_eq!(told(&world.apply(half)).1, BTreeSet::new());
    let other = peering("team-b/to-blue", "green", "team-a/blue");
    assert_eq!(told(&world.apply(other.clone())).1, both);
    assert_eq!(told(&world.delete(&other.reference())).1, both);
}

#[test]
fn a_vpcs_counts_are_of_what_is_accepted() {
    let mut world = blue_green();
    let blue = name("team-a", "blue");
    let counts = |world: &World| world.compiler.vpc_counts(&blue).expect("accepted");
    let alone = VpcCounts {
        members: 1,
        member_entries: 2,
        peers: 0,
        routes: 0,
    };
    assert_eq!(counts(&world), alone);
    // One that is rejected does not count.
    let changes = world.apply(member("team-a/x-rival", "blue", &["10.0.0.2"], &[]));
    assert!(changes.iter().all(|changes| changes.members.is_empty()));
    assert_eq!(counts(&world), alone);
    world.apply(peering("team-a/to-green", "blue", "team-b/green"));
    let changes = world.apply(peering("team-b/to-blue", "green", "team-a/blue"));
    assert!(changes[0].resized.contains(&blue));
    let peered = VpcCounts {
        peers: 1,
        routes: 1,
        ..alone
    };
    assert_eq!(counts(&world), peered);
    let web = member("team-a/web", "blue", &["10.0.0.3"], &[]);
    let changes = world.apply(web.clone());
    assert!(changes[0].resized.contains(&blue));
    assert_eq!(counts(&world).member_entries, 2, "the rival's turn");
    world.delete(&web.reference());
    assert_eq!(counts(&world).members, 1);
    let mut faulty = vpc("team-a/blue", 1, &[]);
    faulty.metadata.uid = Some("u1".to_owned());
    world.apply(faulty);
    assert_eq!(world.compiler.vpc_counts(&blue), None);
}

#[test]
fn a_peering_tells_what_both_sides_reach_and_who_the_other_half_is() {
    let mut world = blue_green();
    let half = peering("team-a/to-green", "blue", "team-b/green");
    world.apply(exporting(half, &["10.0.0.0/25"]));
    let (ours, theirs) = (name("team-a", "to-green"), name("team-b", "to-blue"));
    assert_eq!(world.compiler.peering(&ours), None);
    assert_eq!(world.compiler.other_half(&ours), None);
    world.apply(peering("team-b/to-blue", "green", "team-a/blue"));
    let told = world.compiler.peering(&ours).expect("accepted");
    let texts = |nets: &[ipnet::IpNet]| nets.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(texts(&told.exported), ["10.0.0.0/25"]);
    assert_eq!(texts(&told.imported), ["10.0.1.0/24"]);
    assert_eq!(told.peer, name("team-b", "green"));
    assert_eq!(world.compiler.other_half(&ours), Some(theirs.clone()));
    assert_eq!(world.compiler.other_half(&theirs), Some(ours));
}
