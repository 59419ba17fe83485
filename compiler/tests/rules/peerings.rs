//! Rules for peerings: the two VPCs, their halves, exports and imports.

use isthmus_compiler::{Object, Reason};

use crate::world::{
    Contest, Recorded, World, exporting, importing, peering, peering_ref, vpc, vpc_ref,
};

const OWN: &[&str] = &["10.0.0.0/24", "fd00::/64"];
const PEER: &[&str] = &["10.0.1.0/24", "fd01::/64"];

/// Blue and green in one namespace.
fn local() -> Vec<Object> {
    vec![
        vpc("team-a/blue", 1, OWN).into(),
        vpc("team-a/green", 2, PEER).into(),
    ]
}

/// Blue in one namespace, green in another.
fn across() -> Vec<Object> {
    vec![
        vpc("team-a/blue", 1, OWN).into(),
        vpc("team-b/green", 2, PEER).into(),
    ]
}

#[test]
fn one_object_peers_two_vpcs_of_a_namespace_both_ways() {
    let mut world = World::new(local());
    world.apply(peering("team-a/p", "blue", "green"));
    world.accepts(&peering_ref("team-a/p"));
    let routes = [
        "1 10.0.1.0/24 to 2 by team-a/p",
        "1 fd01::/64 to 2 by team-a/p",
        "2 10.0.0.0/24 to 1 by team-a/p",
        "2 fd00::/64 to 1 by team-a/p",
    ];
    assert_eq!(world.routes(), routes);
    world.delete(&peering_ref("team-a/p"));
    assert!(world.routes().is_empty());
}

#[test]
fn a_half_across_namespaces_waits_for_the_other() {
    let mut world = World::new(across());
    let (ours, theirs) = (peering_ref("team-a/p"), peering_ref("team-b/q"));
    let sentence = "spec.peer team-b/green: namespace team-b has no VpcPeering of its Vpc green \
                    with Vpc team-a/blue";
    world.apply(peering("team-a/p", "blue", "team-b/green"));
    world.waits(&ours, sentence);
    assert!(world.routes().is_empty());

    world.apply(peering("team-b/q", "green", "team-a/blue"));
    world.accepts(&ours);
    world.accepts(&theirs);
    let routes = [
        "1 10.0.1.0/24 to 2 by team-a/p",
        "1 fd01::/64 to 2 by team-a/p",
        "2 10.0.0.0/24 to 1 by team-b/q",
        "2 fd00::/64 to 1 by team-b/q",
    ];
    assert_eq!(world.routes(), routes);

    // Either side ends it.
    world.delete(&theirs);
    world.waits(&ours, sentence);
    assert!(world.routes().is_empty());
}

#[test]
fn a_half_does_not_tell_whether_the_other_namespace_has_the_vpc() {
    let mut world = World::new([vpc("team-a/blue", 1, OWN).into()]);
    world.apply(peering("team-a/p", "blue", "team-b/green"));
    let sentence = "spec.peer team-b/green: namespace team-b has no VpcPeering of its Vpc green \
                    with Vpc team-a/blue";
    world.waits(&peering_ref("team-a/p"), sentence);
}

#[test]
fn a_half_waits_while_the_other_is_rejected() {
    let mut world = World::new(across());
    world.apply(peering("team-a/p", "blue", "team-b/green"));
    world.apply(exporting(
        peering("team-b/q", "green", "team-a/blue"),
        &["10.9.0.0/24"],
    ));
    let sentence = "spec.peer: the peer's half, VpcPeering team-b/q, is rejected";
    world.waits(&peering_ref("team-a/p"), sentence);
    let sentence = "spec.exportPrefixes[0] 10.9.0.0/24 is not inside the CIDRs of Vpc team-b/green";
    world.rejects(&peering_ref("team-b/q"), Reason::ExportNotOwned, sentence);
    assert!(world.routes().is_empty());
}

#[test]
fn a_peering_of_a_vpc_with_itself_is_rejected() {
    let mut world = World::new(local());
    let sentence = "spec.peer names the own Vpc team-a/blue; name another one";
    for peer in ["blue", "team-a/blue"] {
        world.apply(peering("team-a/p", "blue", peer));
        world.rejects(&peering_ref("team-a/p"), Reason::SelfPeering, sentence);
    }
    world.apply(peering("team-a/p", "blue", "green"));
    world.accepts(&peering_ref("team-a/p"));
}

#[test]
fn of_two_peerings_of_the_same_vpcs_the_older_counts() {
    // Whichever of the two VPCs they call their own.
    for (own, peer) in [("blue", "green"), ("green", "blue")] {
        Contest {
            context: &local(),
            first: peering("team-a/p", "blue", "green"),
            second: peering("team-a/q", own, peer),
            reason: Reason::DuplicatePeering,
            sentence: &format!(
                "spec.vpc {own} and spec.peer team-a/{peer} are peered by VpcPeering team-a/p, \
                 which is older"
            ),
        }
        .is_decided_by_age();
    }
}

#[test]
fn of_two_halves_of_one_namespace_the_older_counts() {
    let mut context = across();
    context.push(peering("team-b/other", "green", "team-a/blue").into());
    Contest {
        context: &context,
        first: peering("team-a/p", "blue", "team-b/green"),
        second: peering("team-a/q", "blue", "team-b/green"),
        reason: Reason::DuplicatePeering,
        sentence: "spec.vpc blue and spec.peer team-b/green are peered by VpcPeering team-a/p, \
                   which is older",
    }
    .is_decided_by_age();
}

#[test]
fn a_peering_of_a_vpc_that_does_not_exist_is_rejected() {
    let mut world = World::new([vpc("team-a/green", 2, PEER).into()]);
    world.apply(peering("team-a/p", "blue", "green"));
    let sentence = "spec.vpc blue: there is no Vpc team-a/blue";
    world.rejects(&peering_ref("team-a/p"), Reason::VpcNotFound, sentence);
    world.apply(vpc("team-a/blue", 1, OWN));
    world.accepts(&peering_ref("team-a/p"));
}

#[test]
fn a_peering_of_a_rejected_vpc_is_rejected() {
    let mut world = World::new(local());
    world.apply(peering("team-a/p", "blue", "green"));
    world.apply(vpc("team-c/older", 1, OWN).made(1));
    let sentence = "spec.vpc blue: Vpc team-a/blue is itself rejected";
    world.rejects(&peering_ref("team-a/p"), Reason::VpcRejected, sentence);
    assert!(world.routes().is_empty());
    world.delete(&vpc_ref("team-c/older"));
    world.accepts(&peering_ref("team-a/p"));
}

#[test]
fn a_peering_with_a_vpc_that_does_not_exist_is_rejected() {
    let mut world = World::new([vpc("team-a/blue", 1, OWN).into()]);
    world.apply(peering("team-a/p", "blue", "green"));
    let sentence = "spec.peer: there is no Vpc team-a/green";
    world.rejects(&peering_ref("team-a/p"), Reason::PeerNotFound, sentence);
    world.apply(vpc("team-a/green", 2, PEER));
    world.accepts(&peering_ref("team-a/p"));
}

#[test]
fn a_peering_with_a_rejected_vpc_is_rejected() {
    let mut world = World::new(local());
    world.apply(peering("team-a/p", "blue", "green"));
    world.apply(vpc("team-c/older", 2, PEER).made(1));
    let sentence = "spec.peer: Vpc team-a/green is itself rejected";
    world.rejects(&peering_ref("team-a/p"), Reason::PeerRejected, sentence);
    assert!(world.routes().is_empty());
    world.delete(&vpc_ref("team-c/older"));
    world.accepts(&peering_ref("team-a/p"));
}

#[test]
fn vpcs_that_overlap_are_not_peered() {
    for (range, sentence) in [
        (
            "10.0.0.128/25",
            "spec.peer: 10.0.0.128/25 of Vpc team-a/red overlaps 10.0.0.0/24 of the own Vpc \
             team-a/blue",
        ),
        (
            "fd00::/48",
            "spec.peer: fd00::/48 of Vpc team-a/red overlaps fd00::/64 of the own Vpc team-a/blue",
        ),
    ] {
        let mut world = World::new(local());
        world.apply(vpc("team-a/red", 3, &[range]));
        world.apply(peering("team-a/p", "blue", "red"));
        world.rejects(&peering_ref("team-a/p"), Reason::CidrOverlap, sentence);
        assert!(world.routes().is_empty());
        world.apply(vpc("team-a/red", 3, &["10.0.2.0/24"]));
        world.accepts(&peering_ref("team-a/p"));
    }
}

#[test]
fn each_side_of_an_overlap_is_told_in_its_own_terms() {
    let mut world = World::new(across());
    world.apply(vpc("team-b/green", 2, &["10.0.0.0/16"]));
    world.apply(peering("team-a/p", "blue", "team-b/green"));
    world.apply(peering("team-b/q", "green", "team-a/blue"));
    let sentence = "spec.peer: 10.0.0.0/16 of Vpc team-b/green overlaps 10.0.0.0/24 of the own \
                    Vpc team-a/blue";
    world.rejects(&peering_ref("team-a/p"), Reason::CidrOverlap, sentence);
    let sentence = "spec.peer: 10.0.0.0/24 of Vpc team-a/blue overlaps 10.0.0.0/16 of the own \
                    Vpc team-b/green";
    world.rejects(&peering_ref("team-b/q"), Reason::CidrOverlap, sentence);
}

#[test]
fn an_export_that_is_not_the_vpcs_own_is_rejected() {
    for (prefix, sentence) in [
        (
            "10.0.0.0/23",
            "spec.exportPrefixes[1] 10.0.0.0/23 is not inside the CIDRs of Vpc team-a/blue",
        ),
        (
            "fd01::/96",
            "spec.exportPrefixes[1] fd01::/96 is not inside the CIDRs of Vpc team-a/blue",
        ),
    ] {
        let mut world = World::new(local());
        let bad = peering("team-a/p", "blue", "green");
        world.apply(exporting(bad.clone(), &["10.0.0.0/25", prefix]));
        world.rejects(&peering_ref("team-a/p"), Reason::ExportNotOwned, sentence);
        assert!(world.routes().is_empty());
        world.apply(bad);
        world.accepts(&peering_ref("team-a/p"));
    }
}

#[test]
fn prefix_lists_that_are_empty_or_too_long_are_rejected() {
    let many: Vec<_> = (0..17).map(|i| format!("10.0.0.{}/29", i * 8)).collect();
    let many: Vec<_> = many.iter().map(String::as_str).collect();
    let plain = peering("team-a/p", "blue", "green");
    for (bad, sentence) in [
        (
            exporting(plain.clone(), &[]),
            "spec.exportPrefixes has 0 items; 1 to 16 are allowed",
        ),
        (
            exporting(plain.clone(), &many),
            "spec.exportPrefixes has 17 items; 1 to 16 are allowed",
        ),
        (
            importing(plain.clone(), &[]),
            "spec.importPrefixes has 0 items; 1 to 16 are allowed",
        ),
        (
            importing(plain.clone(), &many),
            "spec.importPrefixes has 17 items; 1 to 16 are allowed",
        ),
    ] {
        let mut world = World::new(local());
        world.apply(bad);
        world.rejects(&peering_ref("team-a/p"), Reason::SizeLimit, sentence);
        assert!(world.routes().is_empty());
    }
}

#[test]
fn routes_are_what_one_side_exports_and_the_other_imports() {
    let mut world = World::new(across());
    let ours = exporting(
        peering("team-a/p", "blue", "team-b/green"),
        &["10.0.0.0/25"],
    );
    world.apply(importing(ours, &["10.0.1.64/26", "fd01::/64"]));
    world.apply(exporting(
        peering("team-b/q", "green", "team-a/blue"),
        &["10.0.1.0/25", "fd01::/96"],
    ));
    let routes = [
        "1 10.0.1.64/26 to 2 by team-a/p",
        "1 fd01::/96 to 2 by team-a/p",
        "2 10.0.0.0/25 to 1 by team-b/q",
    ];
    assert_eq!(world.routes(), routes);
}

#[test]
fn an_import_that_meets_no_export_is_noted_on_an_accepted_peering() {
    for (import, sentence) in [
        (
            "10.0.2.0/24",
            "spec.importPrefixes[1] 10.0.2.0/24 meets nothing that Vpc team-a/green exports",
        ),
        (
            "fd02::/64",
            "spec.importPrefixes[1] fd02::/64 meets nothing that Vpc team-a/green exports",
        ),
    ] {
        let mut world = World::new(local());
        let plain = peering("team-a/p", "blue", "green");
        world.apply(importing(plain, &["10.0.1.0/25", import]));
        let p = peering_ref("team-a/p");
        world.explains(&p, "Accepted", Reason::ImportNotExported, sentence);
        let routes = [
            "1 10.0.1.0/25 to 2 by team-a/p",
            "2 10.0.0.0/24 to 1 by team-a/p",
            "2 fd00::/64 to 1 by team-a/p",
        ];
        assert_eq!(world.routes(), routes);
    }
}
