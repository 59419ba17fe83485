//! A VNI that passes from one VPC to another.

use std::collections::BTreeSet;

use isthmus_compiler::{Changes, EntryChange, Object};

use crate::world::{Recorded, World, member, peering, vpc, vpc_ref};

/// Two VPCs that both want VNI 1, with members of the same address, each with
/// a peer behind the same prefix: every entry of the two has the same key.
fn rivals() -> Vec<Object> {
    vec![
        vpc("team-a/blue", 1, &["10.0.0.0/24"]).made(1).into(),
        vpc("team-a/peer", 2, &["10.0.1.0/24"]).into(),
        member("team-a/m", "blue", &["10.0.0.2"], &[]).into(),
        member("team-a/p", "peer", &["10.0.1.2"], &[]).into(),
        peering("team-a/blue-peer", "blue", "peer").into(),
        vpc("team-b/blue", 1, &["10.0.0.0/24"]).made(2).into(),
        vpc("team-b/peer", 3, &["10.0.1.0/24"]).into(),
        member("team-b/m", "blue", &["10.0.0.2"], &[]).into(),
        member("team-b/p", "peer", &["10.0.1.2"], &[]).into(),
        peering("team-b/blue-peer", "blue", "peer").into(),
    ]
}

/// The first step only takes entries, the second only brings some.
#[track_caller]
fn breaks_before_it_makes(steps: &[Changes]) {
    let gone = |entry: &EntryChange| {
        matches!(
            entry,
            EntryChange::Route(_, None) | EntryChange::Member(_, None)
        )
    };
    let [before, after] = steps else {
        panic!("{} steps", steps.len());
    };
    assert_eq!((before.entries.len(), after.entries.len()), (3, 3));
    assert!(before.entries.iter().all(gone), "{before:?}");
    assert!(!after.entries.iter().any(gone), "{after:?}");
}

#[test]
fn deleting_the_holder_takes_its_entries_before_the_next_brings_its_own() {
    let mut world = World::new(rivals());
    breaks_before_it_makes(&world.delete(&vpc_ref("team-a/blue")));
    world.accepts(&vpc_ref("team-b/blue"));
}

#[test]
fn an_older_vpc_displaces_the_holder_before_it_brings_its_entries() {
    let mut objects = rivals();
    let older = objects.remove(0);
    let mut world = World::new(objects);
    breaks_before_it_makes(&world.apply(older));
    world.accepts(&vpc_ref("team-a/blue"));
}

#[test]
fn a_vpc_that_changes_its_vni_leaves_before_the_next_comes() {
    let mut world = World::new(rivals());
    let steps = world.apply(vpc("team-a/blue", 4, &["10.0.0.0/24"]).made(1));
    let vnis = |changes: &Changes| -> BTreeSet<u32> {
        let vni = |entry: &EntryChange| match entry {
            EntryChange::Route(key, _) => key.vni.get(),
            EntryChange::Member(key, _) => key.vni.get(),
        };
        changes.entries.iter().map(vni).collect()
    };
    assert_eq!(steps.len(), 2);
    assert_eq!(vnis(&steps[0]), [1, 2].into());
    assert_eq!(vnis(&steps[1]), [1, 2, 3, 4].into());
    world.accepts(&vpc_ref("team-a/blue"));
    world.accepts(&vpc_ref("team-b/blue"));
}

#[test]
fn a_vpc_that_keeps_its_vni_changes_in_one_step_and_keeps_its_entries() {
    let mut world = World::new(rivals());
    let steps = world.apply(vpc("team-a/blue", 1, &["10.0.0.0/24", "fd00::/64"]).made(1));
    assert_eq!(steps.len(), 1);
    let [EntryChange::Route(key, Some(_))] = steps[0].entries.as_slice() else {
        panic!("{steps:?}");
    };
    assert_eq!(key.prefix.to_string(), "fd00::/64");
}

#[test]
fn no_peering_comes_into_force_between_the_steps_alone() {
    let mut world = World::new([
        vpc("team-b/hub", 2, &["fd00::/64"]).into(),
        vpc("team-b/old", 1, &["fd01::/64"]).made(2).into(),
        vpc("team-a/new", 3, &["fd01::/64"]).made(1).into(),
        peering("team-b/hub-old", "hub", "old").made(1).into(),
        peering("team-b/hub-new", "hub", "team-a/new")
            .made(2)
            .into(),
        peering("team-a/new-hub", "new", "team-b/hub")
            .made(2)
            .into(),
    ]);
    assert_eq!(world.routes().len(), 2);
    // Displaces `old`, which was in the way of `new`, and overlaps `hub`.
    let steps = world.apply(vpc("team-a/new", 1, &["fd00::/64"]).made(1));
    for entry in steps.iter().flat_map(|step| &step.entries) {
        assert!(matches!(entry, EntryChange::Route(_, None)), "{entry:?}");
    }
    assert_eq!(world.routes(), [""; 0]);
}
