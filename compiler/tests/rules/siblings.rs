//! Rules for peerings: two peers of one VPC that overlap each other.

use isthmus_compiler::{Object, Reason};

use crate::world::{Contest, Recorded, World, exporting, peering, peering_ref, vpc, vpc_ref};

/// Blue, and two VPCs that overlap each other, all of one namespace.
fn overlapping(range: &str, inner: &str) -> Vec<Object> {
    vec![
        vpc("team-a/blue", 1, &["10.0.0.0/24", "fd00::/64"]).into(),
        vpc("team-a/green", 2, &[range]).into(),
        vpc("team-a/red", 3, &[inner]).into(),
    ]
}

#[test]
fn of_two_peers_that_overlap_the_older_peering_counts() {
    for (range, inner, sentence) in [
        (
            "10.1.0.0/16",
            "10.1.2.0/24",
            "spec.peer: 10.1.2.0/24 of Vpc team-a/red overlaps 10.1.0.0/16 of Vpc team-a/green, \
             which Vpc team-a/blue is already peered with",
        ),
        (
            "fd01::/64",
            "fd01::/48",
            "spec.peer: fd01::/48 of Vpc team-a/red overlaps fd01::/64 of Vpc team-a/green, \
             which Vpc team-a/blue is already peered with",
        ),
    ] {
        Contest {
            context: &overlapping(range, inner),
            first: peering("team-a/p", "blue", "green"),
            second: peering("team-a/q", "blue", "red"),
            reason: Reason::SiblingOverlap,
            sentence,
        }
        .is_decided_by_age();
    }
}

#[test]
fn the_overlap_of_the_peers_other_peer_is_told_as_the_own_vpcs() {
    let mut world = World::new(overlapping("10.1.0.0/16", "10.1.2.0/24"));
    world.apply(peering("team-a/p", "blue", "green").made(1));
    world.apply(peering("team-a/q", "red", "blue").made(2));
    let sentence = "spec.vpc: 10.1.2.0/24 of Vpc team-a/red overlaps 10.1.0.0/16 of Vpc \
                    team-a/green, which Vpc team-a/blue is already peered with";
    world.rejects(&peering_ref("team-a/q"), Reason::SiblingOverlap, sentence);
}

#[test]
fn another_namespaces_peer_is_not_named_to_a_third() {
    let mut world = World::new([
        vpc("team-a/blue", 1, &["10.0.0.0/24"]).into(),
        vpc("team-b/green", 2, &["10.1.0.0/16"]).into(),
        vpc("team-c/red", 3, &["10.1.2.0/24"]).into(),
    ]);
    world.apply(peering("team-a/p", "blue", "team-b/green").made(1));
    world.apply(peering("team-b/p", "green", "team-a/blue").made(1));
    world.apply(peering("team-a/q", "blue", "team-c/red").made(2));
    world.apply(peering("team-c/q", "red", "team-a/blue").made(2));
    // Blue's namespace knows both of its peers, red's only that there is one.
    let sentence = "spec.peer: 10.1.2.0/24 of Vpc team-c/red overlaps 10.1.0.0/16 of Vpc \
                    team-b/green, which Vpc team-a/blue is already peered with";
    world.rejects(&peering_ref("team-a/q"), Reason::SiblingOverlap, sentence);
    let sentence = "spec.vpc: 10.1.2.0/24 of Vpc team-c/red overlaps another peer of Vpc \
                    team-a/blue";
    world.rejects(&peering_ref("team-c/q"), Reason::SiblingOverlap, sentence);

    world.delete(&peering_ref("team-b/p"));
    world.accepts(&peering_ref("team-a/q"));
    world.accepts(&peering_ref("team-c/q"));
}

#[test]
fn completing_an_old_half_does_not_disturb_what_works() {
    let mut world = World::new([
        vpc("team-a/blue", 1, &["10.0.0.0/24"]).into(),
        vpc("team-b/green", 2, &["10.1.0.0/16"]).into(),
        vpc("team-a/red", 3, &["10.1.2.0/24"]).into(),
    ]);
    world.apply(peering("team-a/p", "blue", "team-b/green").made(1));
    world.apply(peering("team-a/q", "blue", "red").made(2));
    let routes = world.routes();
    assert_eq!(routes.len(), 2);
    world.apply(peering("team-b/p", "green", "team-a/blue").made(3));
    world.accepts(&peering_ref("team-a/q"));
    assert_eq!(world.routes(), routes);
}

#[test]
fn a_pair_with_a_bad_half_stops_no_other() {
    let mut world = World::new(overlapping("10.1.0.0/16", "10.1.2.0/24"));
    let bad = peering("team-a/p", "blue", "green").made(1);
    world.apply(exporting(bad.clone(), &["10.9.0.0/24"]));
    world.apply(peering("team-a/q", "blue", "red").made(2));
    world.accepts(&peering_ref("team-a/q"));
    // Mended, it has its place again: it is the older.
    world.apply(bad);
    world.accepts(&peering_ref("team-a/p"));
    assert!(
        (world.compiler.verdict(&peering_ref("team-a/q")))
            .unwrap()
            .is_rejected()
    );
}

#[test]
fn a_rejected_peering_holds_no_place_among_siblings() {
    // The second loses to the first at blue; so the third is free at red.
    let mut world = World::new(overlapping("10.1.0.0/16", "10.1.2.0/24"));
    world.apply(vpc("team-a/gray", 4, &["10.0.0.0/16"]));
    world.apply(peering("team-a/p", "blue", "green").made(1));
    world.apply(peering("team-a/q", "blue", "red").made(2));
    world.apply(peering("team-a/r", "gray", "red").made(3));
    world.accepts(&peering_ref("team-a/r"));
    // Without the first the second has its place, and the third loses it.
    world.delete(&peering_ref("team-a/p"));
    world.accepts(&peering_ref("team-a/q"));
    let sentence = "spec.vpc: 10.0.0.0/16 of Vpc team-a/gray overlaps 10.0.0.0/24 of Vpc \
                    team-a/blue, which Vpc team-a/red is already peered with";
    world.rejects(&peering_ref("team-a/r"), Reason::SiblingOverlap, sentence);
}

#[test]
fn siblings_that_stop_overlapping_are_both_peered() {
    let mut world = World::new(overlapping("10.1.0.0/16", "10.1.2.0/24"));
    world.apply(peering("team-a/p", "blue", "green").made(1));
    world.apply(peering("team-a/q", "blue", "red").made(2));
    world.apply(vpc("team-a/red", 3, &["10.2.0.0/24"]));
    world.accepts(&peering_ref("team-a/q"));
    world.delete(&vpc_ref("team-a/green"));
    world.accepts(&peering_ref("team-a/q"));
}
