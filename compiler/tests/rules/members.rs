//! Rules for members: VPC and addresses.

use isthmus_compiler::{Object, Reason};

use crate::world::{Contest, Recorded, World, member, member_ref, vpc, vpc_ref};

pub(crate) fn blue() -> Object {
    vpc("team-a/blue", 1, &["10.0.0.0/24", "fd00::/64"]).into()
}

/// A member of blue alone is rejected and has no entry.
#[track_caller]
pub(crate) fn refused(addresses: &[&str], prefixes: &[&str], reason: Reason, sentence: &str) {
    let mut world = World::new([
        blue(),
        member("team-a/a", "blue", addresses, prefixes)
            .made(1)
            .into(),
    ]);
    world.rejects(&member_ref("team-a/a"), reason, sentence);
    assert!(world.members().is_empty());
    // It holds nothing that a younger one wants, and takes nothing with it.
    world.apply(member("team-a/b", "blue", &["10.0.0.9", "fd00::9"], &[]).made(2));
    world.accepts(&member_ref("team-a/b"));
    let changes = world.delete(&member_ref("team-a/a"));
    assert_eq!(changes.len(), 1);
    assert_eq!(changes[0].verdicts, [(member_ref("team-a/a"), None)]);
    assert!(changes[0].entries.is_empty());
}

#[test]
fn a_member_without_address_is_rejected() {
    let sentence = "spec.addresses has 0 items; 1 to 8 are allowed";
    refused(&[], &[], Reason::SizeLimit, sentence);
}

#[test]
fn a_member_with_too_many_addresses_is_rejected() {
    let addresses: Vec<_> = (2..11).map(|i| format!("10.0.0.{i}")).collect();
    let addresses: Vec<_> = addresses.iter().map(String::as_str).collect();
    let sentence = "spec.addresses has 9 items; 1 to 8 are allowed";
    refused(&addresses, &[], Reason::SizeLimit, sentence);
    let most = member("team-a/a", "blue", &addresses[..8], &[]);
    World::new([blue(), most.into()]).accepts(&member_ref("team-a/a"));
}

#[test]
fn a_member_waits_in_rejection_for_its_vpc() {
    let mut world = World::new([member("team-a/a", "blue", &["10.0.0.2"], &[]).into()]);
    let (a, sentence) = (
        member_ref("team-a/a"),
        "spec.vpc blue: there is no Vpc team-a/blue",
    );
    world.rejects(&a, Reason::VpcNotFound, sentence);
    world.apply(blue());
    world.accepts(&a);
    world.delete(&vpc_ref("team-a/blue"));
    world.rejects(&a, Reason::VpcNotFound, sentence);
    assert!(world.members().is_empty());
}

#[test]
fn a_vpc_of_another_namespace_is_not_the_members() {
    let world = World::new([
        blue(),
        member("team-b/a", "blue", &["10.0.0.2"], &[]).into(),
    ]);
    let sentence = "spec.vpc blue: there is no Vpc team-b/blue";
    world.rejects(&member_ref("team-b/a"), Reason::VpcNotFound, sentence);
}

#[test]
fn a_member_of_a_rejected_vpc_is_rejected() {
    let mut world = World::new([
        vpc("team-a/blue", 1, &["10.0.0.0/24"]).made(2).into(),
        member("team-a/a", "blue", &["10.0.0.2"], &[]).into(),
        vpc("team-b/green", 1, &["10.0.0.0/24"]).made(1).into(),
    ]);
    let sentence = "spec.vpc blue: Vpc team-a/blue is itself rejected";
    world.rejects(&member_ref("team-a/a"), Reason::VpcRejected, sentence);
    world.delete(&vpc_ref("team-b/green"));
    world.accepts(&member_ref("team-a/a"));
}

#[test]
fn an_address_outside_the_vpc_is_rejected() {
    let reason = Reason::AddressOutsideVpc;
    let sentence = "spec.addresses[1] 10.0.1.2 is not inside the CIDRs of Vpc team-a/blue";
    refused(&["10.0.0.2", "10.0.1.2"], &[], reason, sentence);
    let sentence = "spec.addresses[0] fd01::2 is not inside the CIDRs of Vpc team-a/blue";
    refused(&["fd01::2"], &[], reason, sentence);
}

#[test]
fn the_gateways_own_address_is_no_members() {
    let reason = Reason::GatewayAddress;
    let sentence =
        "spec.addresses[0] 10.0.0.1 is the gateway's own address 10.0.0.1 in Vpc team-a/blue";
    refused(&["10.0.0.1"], &[], reason, sentence);
    let sentence =
        "spec.addresses[0] fd00::1 is the gateway's own address fd00::1 in Vpc team-a/blue";
    refused(&["fd00::1"], &[], reason, sentence);
}

#[test]
fn an_address_that_is_given_twice_is_rejected() {
    let reason = Reason::AddressTaken;
    let sentence = "spec.addresses[1] 10.0.0.2 repeats spec.addresses[0] 10.0.0.2";
    refused(&["10.0.0.2", "10.0.0.2"], &[], reason, sentence);
    let sentence = "spec.addresses[2] fd00::2 repeats spec.addresses[0] fd00::2";
    refused(&["fd00::2", "10.0.0.2", "fd00::2"], &[], reason, sentence);
}

#[test]
fn an_address_belongs_to_the_older_member() {
    for (address, sentence) in [
        (
            "10.0.0.2",
            "spec.addresses[0] 10.0.0.2 is held by VpcMember team-a/a",
        ),
        (
            "fd00::2",
            "spec.addresses[0] fd00::2 is held by VpcMember team-a/a",
        ),
    ] {
        Contest {
            context: &[blue()],
            first: member("team-a/a", "blue", &[address], &[]),
            second: member("team-a/b", "blue", &[address], &[]),
            reason: Reason::AddressTaken,
            sentence,
        }
        .is_decided_by_age();
    }
}

#[test]
fn an_address_inside_an_older_members_prefix_is_rejected() {
    for (address, prefix, other, sentence) in [
        (
            "10.0.0.70",
            "10.0.0.64/26",
            "10.0.0.2",
            "spec.addresses[0] 10.0.0.70 is inside 10.0.0.64/26 of VpcMember team-a/a",
        ),
        (
            "fd00::8:1",
            "fd00::8:0/112",
            "fd00::2",
            "spec.addresses[0] fd00::8:1 is inside fd00::8:0/112 of VpcMember team-a/a",
        ),
    ] {
        Contest {
            context: &[blue()],
            first: member("team-a/a", "blue", &[other], &[prefix]),
            second: member("team-a/b", "blue", &[address], &[]),
            reason: Reason::AddressInsidePrefix,
            sentence,
        }
        .is_decided_by_age();
    }
}

#[test]
fn a_rejected_member_holds_none_of_its_addresses() {
    // The second loses one address to the first; the third gets the other.
    let mut world = World::new([
        blue(),
        member("team-a/a", "blue", &["10.0.0.2"], &[])
            .made(1)
            .into(),
        member("team-a/b", "blue", &["10.0.0.2", "10.0.0.3"], &[])
            .made(2)
            .into(),
        member("team-a/c", "blue", &["10.0.0.3"], &[])
            .made(3)
            .into(),
    ]);
    world.accepts(&member_ref("team-a/c"));
    // Once the first is gone the second has its place, and the third loses it.
    world.delete(&member_ref("team-a/a"));
    world.accepts(&member_ref("team-a/b"));
    let sentence = "spec.addresses[0] 10.0.0.3 is held by VpcMember team-a/b";
    world.rejects(&member_ref("team-a/c"), Reason::AddressTaken, sentence);
}

#[test]
fn a_member_that_moves_changes_its_entries_in_place() {
    let mut moving = member("team-a/a", "blue", &["10.0.0.2", "fd00::2"], &[]);
    let mut world = World::new([blue(), moving.clone().into()]);
    moving.spec.hypervisor = [172, 16, 0, 2].into();
    let changes = world.apply(moving);
    assert_eq!(changes.len(), 1);
    assert_eq!(
        (changes[0].entries.len(), changes[0].verdicts.len()),
        (2, 0)
    );
}

#[test]
fn an_object_that_did_not_change_changes_nothing() {
    let a = member("team-a/a", "blue", &["10.0.0.2"], &[]);
    let mut world = World::new([blue(), a.clone().into()]);
    assert!(world.apply(a).is_empty());
    assert!(world.apply(blue()).is_empty());
}
