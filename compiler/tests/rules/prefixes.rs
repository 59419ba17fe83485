//! Rules for members: the prefixes that they route for.

use isthmus_compiler::Reason;

use crate::members::{blue, refused};
use crate::world::{Contest, World, member, member_ref};

#[test]
fn a_member_with_too_many_prefixes_is_rejected() {
    let prefixes: Vec<_> = (8..25).map(|i| format!("10.0.0.{}/29", i * 8)).collect();
    let prefixes: Vec<_> = prefixes.iter().map(String::as_str).collect();
    let sentence = "spec.prefixes has 17 items; 0 to 16 are allowed";
    refused(&["10.0.0.2"], &prefixes, Reason::SizeLimit, sentence);
    let most = member("team-a/a", "blue", &["10.0.0.2"], &prefixes[..16]);
    World::new([blue(), most.into()]).accepts(&member_ref("team-a/a"));
}

#[test]
fn a_prefix_outside_the_vpc_is_rejected() {
    let reason = Reason::PrefixOutsideVpc;
    let sentence = "spec.prefixes[1] 10.0.1.0/25 is not inside the CIDRs of Vpc team-a/blue";
    refused(
        &["10.0.0.2"],
        &["10.0.0.64/26", "10.0.1.0/25"],
        reason,
        sentence,
    );
    let sentence = "spec.prefixes[0] fd00::/48 is not inside the CIDRs of Vpc team-a/blue";
    refused(&["fd00::2"], &["fd00::/48"], reason, sentence);
}

#[test]
fn a_prefix_with_the_gateways_address_is_rejected() {
    let reason = Reason::GatewayAddress;
    let sentence = "spec.prefixes[0] 10.0.0.0/26 contains the gateway's own address 10.0.0.1 in Vpc \
         team-a/blue";
    refused(&["10.0.0.200"], &["10.0.0.0/26"], reason, sentence);
    let sentence = "spec.prefixes[0] fd00::/112 contains the gateway's own address fd00::1 in Vpc \
         team-a/blue";
    refused(&["fd00::1:2"], &["fd00::/112"], reason, sentence);
}

#[test]
fn own_prefixes_that_overlap_are_rejected() {
    let reason = Reason::PrefixTaken;
    let sentence = "spec.prefixes[1] 10.0.0.64/27 repeats spec.prefixes[0] 10.0.0.64/26";
    refused(
        &["10.0.0.2"],
        &["10.0.0.64/26", "10.0.0.64/27"],
        reason,
        sentence,
    );
    let sentence = "spec.prefixes[1] fd00::8:0/112 repeats spec.prefixes[0] fd00::8:0/112";
    refused(
        &["fd00::2"],
        &["fd00::8:0/112", "fd00::8:0/112"],
        reason,
        sentence,
    );
}

#[test]
fn a_prefix_belongs_to_the_older_member() {
    for (first, second, addresses, sentence) in [
        (
            "10.0.0.64/26",
            "10.0.0.96/27",
            ["10.0.0.2", "10.0.0.3"],
            "spec.prefixes[0] 10.0.0.96/27 overlaps 10.0.0.64/26 of VpcMember team-a/a",
        ),
        (
            "fd00::8:0/112",
            "fd00::8:0/109",
            ["fd00::2", "fd00::3"],
            "spec.prefixes[0] fd00::8:0/109 overlaps fd00::8:0/112 of VpcMember team-a/a",
        ),
    ] {
        Contest {
            context: &[blue()],
            first: member("team-a/a", "blue", &[addresses[0]], &[first]),
            second: member("team-a/b", "blue", &[addresses[1]], &[second]),
            reason: Reason::PrefixTaken,
            sentence,
        }
        .is_decided_by_age();
    }
}

#[test]
fn a_prefix_around_an_older_members_address_is_rejected() {
    for (address, prefix, other, sentence) in [
        (
            "10.0.0.70",
            "10.0.0.64/26",
            "10.0.0.2",
            "spec.prefixes[0] 10.0.0.64/26 contains 10.0.0.70 of VpcMember team-a/a",
        ),
        (
            "fd00::8:1",
            "fd00::8:0/112",
            "fd00::2",
            "spec.prefixes[0] fd00::8:0/112 contains fd00::8:1 of VpcMember team-a/a",
        ),
    ] {
        Contest {
            context: &[blue()],
            first: member("team-a/a", "blue", &[address], &[]),
            second: member("team-a/b", "blue", &[other], &[prefix]),
            reason: Reason::PrefixTaken,
            sentence,
        }
        .is_decided_by_age();
    }
}

#[test]
fn a_members_own_address_may_be_inside_its_own_prefix() {
    let own = member(
        "team-a/a",
        "blue",
        &["10.0.0.70"],
        &["10.0.0.64/26", "fd00::8:0/112"],
    );
    let world = World::new([blue(), own.into()]);
    world.accepts(&member_ref("team-a/a"));
    let expected = ["1 10.0.0.64/26", "1 10.0.0.70/32", "1 fd00::8:0/112"];
    assert_eq!(world.members(), expected);
}
