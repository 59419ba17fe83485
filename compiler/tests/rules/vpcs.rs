//! Rules for VPCs.

use isthmus_compiler::Reason;

use crate::world::{Contest, Recorded, World, member, member_ref, vpc, vpc_ref};

/// A VPC with these ranges alone is rejected, and mended when it is changed.
#[track_caller]
fn refused(ranges: &[&str], reason: Reason, sentence: &str) {
    let mut world = World::new([
        vpc("team-a/blue", 1, ranges).into(),
        member("team-a/web", "blue", &["10.0.0.2"], &[]).into(),
    ]);
    let blue = vpc_ref("team-a/blue");
    world.rejects(&blue, reason, sentence);
    let sentence = "spec.vpc blue: Vpc team-a/blue is itself rejected";
    world.rejects(&member_ref("team-a/web"), Reason::VpcRejected, sentence);
    assert!(world.members().is_empty());

    world.apply(vpc("team-a/blue", 1, &["10.0.0.0/24"]));
    world.accepts(&blue);
    world.accepts(&member_ref("team-a/web"));
    assert_eq!(world.members(), ["1 10.0.0.2/32"]);
}

#[test]
fn a_vpc_without_ranges_is_rejected() {
    let sentence = "spec.cidrs has 0 items; 1 to 16 are allowed";
    refused(&[], Reason::SizeLimit, sentence);
}

#[test]
fn a_vpc_with_too_many_ranges_is_rejected() {
    let ranges: Vec<_> = (0..17).map(|i| format!("10.{i}.0.0/16")).collect();
    let ranges: Vec<_> = ranges.iter().map(String::as_str).collect();
    let sentence = "spec.cidrs has 17 items; 1 to 16 are allowed";
    refused(&ranges, Reason::SizeLimit, sentence);
    World::new([vpc("team-a/blue", 1, &ranges[..16]).into()]).accepts(&vpc_ref("team-a/blue"));
}

#[test]
fn a_range_without_room_for_gateway_and_member_is_rejected() {
    refused(
        &["10.0.0.0/24", "10.1.0.0/31"],
        Reason::CidrTooSmall,
        "spec.cidrs[1] 10.1.0.0/31 has no room for the gateway and a member; a /30 or a /126 has",
    );
    refused(
        &["fd00::/127"],
        Reason::CidrTooSmall,
        "spec.cidrs[0] fd00::/127 has no room for the gateway and a member; a /30 or a /126 has",
    );
    let smallest = vpc("team-a/blue", 1, &["10.1.0.0/30", "fd00::/126"]);
    World::new([smallest.into()]).accepts(&vpc_ref("team-a/blue"));
}

#[test]
fn a_range_that_nothing_is_routed_to_is_rejected() {
    for range in [
        "127.0.0.0/16",
        "169.254.0.0/24",
        "224.0.0.0/24",
        "0.0.0.0/0",
        "fe80::/64",
    ] {
        refused(
            &[range],
            Reason::CidrNotRoutable,
            &format!(
                "spec.cidrs[0] {range} has addresses that are link-local, loopback, multicast, \
                 unspecified or IPv4-mapped; use a range of unicast addresses"
            ),
        );
    }
}

#[test]
fn ranges_of_one_vpc_that_overlap_are_rejected() {
    let sentence = "spec.cidrs[1] 10.0.0.128/25 overlaps spec.cidrs[0] 10.0.0.0/24";
    refused(
        &["10.0.0.0/24", "10.0.0.128/25"],
        Reason::CidrOverlap,
        sentence,
    );
    let sentence = "spec.cidrs[2] fd00::/48 overlaps spec.cidrs[1] fd00::/64";
    refused(
        &["10.0.0.0/24", "fd00::/64", "fd00::/48"],
        Reason::CidrOverlap,
        sentence,
    );
}

#[test]
fn a_vni_belongs_to_the_older_vpc() {
    Contest {
        context: &[],
        first: vpc("team-a/blue", 1, &["10.0.0.0/24"]),
        second: vpc("team-b/green", 1, &["fd00::/64"]),
        reason: Reason::VniTaken,
        sentence: "spec.vni 1 is held by Vpc team-a/blue, which is older",
    }
    .is_decided_by_age();
}

#[test]
fn the_second_in_age_gets_a_vni_that_is_free_again() {
    let mut world = World::new([
        vpc("team-a/third", 1, &["10.0.0.0/24"]).made(3).into(),
        vpc("team-a/first", 1, &["10.0.0.0/24"]).made(1).into(),
        vpc("team-a/second", 1, &["10.0.0.0/24"]).made(2).into(),
    ]);
    world.delete(&vpc_ref("team-a/first"));
    world.accepts(&vpc_ref("team-a/second"));
    let sentence = "spec.vni 1 is held by Vpc team-a/second, which is older";
    world.rejects(&vpc_ref("team-a/third"), Reason::VniTaken, sentence);
}

#[test]
fn a_vpc_that_is_rejected_holds_no_vni() {
    let world = World::new([
        vpc("team-a/blue", 1, &["10.0.0.0/31"]).made(1).into(),
        vpc("team-b/green", 1, &["10.0.0.0/24"]).made(2).into(),
    ]);
    world.accepts(&vpc_ref("team-b/green"));
}

#[test]
fn vpcs_that_are_not_peered_may_have_the_same_ranges() {
    let ranges = ["10.0.0.0/24", "fd00::/64"];
    let world = World::new([
        vpc("team-a/blue", 1, &ranges).into(),
        vpc("team-a/green", 2, &ranges).into(),
        member("team-a/b", "blue", &["10.0.0.2", "fd00::2"], &[]).into(),
        member("team-a/g", "green", &["10.0.0.2", "fd00::2"], &[]).into(),
    ]);
    let expected = [
        "1 10.0.0.2/32",
        "1 fd00::2/128",
        "2 10.0.0.2/32",
        "2 fd00::2/128",
    ];
    assert_eq!(world.members(), expected);
}
