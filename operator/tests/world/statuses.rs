//! What statuses say, and when they are written.

use isthmus_compiler::Kind;
use isthmus_compiler::slices::SliceKey;
use isthmus_operator::intake::{Foreign, Slice, Source};
use serde_json::json;

use crate::api::named;
use crate::desk::Desk;
use crate::objects::{Pair, gateway, member, peering, vpc};

#[test]
fn a_peering_is_programmed_once_its_gateways_have_seen_its_slices() {
    let mut desk = Desk::new();
    let pair = Pair::apply(&mut desk.api);
    desk.settle();
    let programmed = |desk: &Desk| desk.api.condition(&pair.peering, "Programmed");
    assert_eq!(programmed(&desk), ["False", "Pending", "0/1 gateways"]);
    desk.api.sync_gateways();
    desk.settle();
    assert_eq!(programmed(&desk), ["True", "Programmed", "1/1 gateways"]);

    let second = named(Kind::TransitGateway, "", "tgw-2");
    desk.api.apply(&second, &gateway(&["default"]));
    desk.settle();
    assert_eq!(programmed(&desk), ["False", "Pending", "1/2 gateways"]);
    desk.api.delete(&second);
    desk.settle();
    assert_eq!(programmed(&desk), ["True", "Programmed", "1/1 gateways"]);
    desk.api.delete(&pair.gateway);
    desk.settle();
    assert_eq!(programmed(&desk), ["False", "NoGateways", "0/0 gateways"]);
}

#[test]
fn gateways_of_both_pools_count() {
    let mut desk = Desk::new();
    let pair = Pair::apply(&mut desk.api);
    let big = named(Kind::TransitGateway, "", "tgw-big");
    desk.api.apply(&big, &gateway(&["big"]));
    desk.settle_gateways();
    let programmed = |desk: &Desk| desk.api.condition(&pair.peering, "Programmed");
    assert_eq!(programmed(&desk)[2], "1/1 gateways");
    desk.api.apply(&pair.blue, &vpc(1, "10.1.0.0/16", "big"));
    desk.settle();
    assert_eq!(programmed(&desk)[2], "0/2 gateways");
    desk.api.sync_gateways();
    desk.settle();
    assert_eq!(programmed(&desk)[2], "2/2 gateways");
}

#[test]
fn a_member_stays_programmed_until_it_changes() {
    let mut desk = Desk::new();
    let pair = Pair::apply(&mut desk.api);
    desk.settle_gateways();
    let programmed = |desk: &Desk| desk.api.condition(&pair.web, "Programmed");
    assert_eq!(programmed(&desk)[1], "Programmed");
    let second = named(Kind::TransitGateway, "", "tgw-2");
    desk.api.apply(&second, &gateway(&["default"]));
    desk.settle();
    assert_eq!(programmed(&desk)[1], "Programmed");

    desk.api.apply(&pair.web, &member("blue", "10.1.0.3"));
    desk.settle();
    assert_eq!(programmed(&desk)[1], "Pending");
    desk.api.sync_gateways();
    desk.settle();
    assert_eq!(programmed(&desk)[1], "Programmed");
    desk.api.apply(&pair.web, &member("blue", "10.9.0.3"));
    desk.settle();
    assert_eq!(programmed(&desk)[1], "NotAccepted");
    let accepted = desk.api.condition(&pair.web, "Accepted");
    assert_eq!(accepted[1], "AddressOutsideVpc");
}

/// What a gateway says of its pools: how far both kinds of slices reach there.
fn says(desk: &mut Desk, pair: &Pair, pools: &[(&str, u64)]) {
    let pools = pools.iter().map(|(pool, version)| {
        let version = version.to_string();
        json!({"pool": pool, "peeringSlices": version, "forwardingSlices": version})
    });
    let status = json!({"synced": pools.collect::<Vec<_>>()});
    desk.api.set_status(&pair.gateway, &status);
    desk.settle();
}

#[test]
fn of_a_gateway_of_two_pools_a_watch_that_lags_behind_is_waited_for() {
    let mut desk = Desk::new();
    let pair = Pair::apply(&mut desk.api);
    desk.api.apply(&pair.gateway, &gateway(&["big", "default"]));
    desk.settle_gateways();
    let before = desk.api.version;
    let programmed = |desk: &Desk, object| desk.api.condition(object, "Programmed");
    assert_eq!(programmed(&desk, &pair.web)[1], "Programmed");

    desk.api.apply(&pair.web, &member("blue", "10.1.0.3"));
    let mut spec = peering("blue", None, "green");
    spec["exportPrefixes"] = json!(["10.1.8.0/24"]);
    desk.api.apply(&pair.peering, &spec);
    desk.settle();
    let now = desk.api.version;
    // The other pool's watch has told of something newer than these changes.
    says(&mut desk, &pair, &[("big", now), ("default", before)]);
    assert_eq!(programmed(&desk, &pair.web)[1], "Pending");
    assert_eq!(programmed(&desk, &pair.peering)[2], "0/1 gateways");
    says(&mut desk, &pair, &[("big", now), ("default", now)]);
    assert_eq!(programmed(&desk, &pair.web)[1], "Programmed");
    assert_eq!(programmed(&desk, &pair.peering)[2], "1/1 gateways");
}

#[test]
fn a_peering_of_two_pools_waits_for_one_watch_of_a_gateway_that_serves_both() {
    let mut desk = Desk::new();
    let pair = Pair::apply(&mut desk.api);
    desk.api.apply(&pair.gateway, &gateway(&["big", "default"]));
    desk.api.apply(&pair.blue, &vpc(1, "10.1.0.0/16", "big"));
    desk.settle();
    let (now, programmed) = (desk.api.version, |desk: &Desk, object| {
        desk.api.condition(object, "Programmed")
    });
    // Every slice of the peering is in both pools.
    says(&mut desk, &pair, &[("big", 1), ("default", now)]);
    assert_eq!(programmed(&desk, &pair.peering)[2], "1/1 gateways");
    assert_eq!(programmed(&desk, &pair.db)[1], "Programmed");
    assert_eq!(
        programmed(&desk, &pair.web)[1],
        "Pending",
        "of the pool big"
    );
}

#[test]
fn what_moves_to_another_pool_is_programmed_once_that_pools_gateways_have_it() {
    let mut desk = Desk::new();
    let pair = Pair::apply(&mut desk.api);
    let big = named(Kind::TransitGateway, "", "tgw-big");
    desk.api.apply(&big, &gateway(&["big"]));
    desk.settle_gateways();
    desk.api.apply(&pair.blue, &vpc(1, "10.1.0.0/16", "big"));
    desk.settle();
    let programmed = |desk: &Desk, object| desk.api.condition(object, "Programmed");
    assert_eq!(programmed(&desk, &pair.web)[1], "Pending");
    assert_eq!(programmed(&desk, &pair.db)[1], "Programmed");
    assert_eq!(programmed(&desk, &pair.peering)[1], "Pending");
    desk.settle_gateways();
    assert_eq!(programmed(&desk, &pair.web)[1], "Programmed");
    assert_eq!(programmed(&desk, &pair.peering)[2], "2/2 gateways");
}

#[test]
fn a_member_of_a_pool_without_gateways_says_so() {
    let mut desk = Desk::new();
    let pair = Pair::apply(&mut desk.api);
    desk.api.apply(&pair.blue, &vpc(1, "10.1.0.0/16", "big"));
    desk.settle_gateways();
    let programmed = desk.api.condition(&pair.web, "Programmed");
    assert_eq!(
        programmed,
        ["False", "NoGateways", "no gateway serves the pool big"]
    );
    let big = named(Kind::TransitGateway, "", "tgw-big");
    desk.api.apply(&big, &gateway(&["big"]));
    desk.settle();
    assert_eq!(desk.api.condition(&pair.web, "Programmed")[1], "Pending");
    desk.api.sync_gateways();
    desk.settle();
    assert_eq!(desk.api.condition(&pair.web, "Programmed")[1], "Programmed");
}

#[test]
fn counts_and_prefixes_follow() {
    let mut desk = Desk::new();
    let pair = Pair::apply(&mut desk.api);
    desk.settle();
    let status = desk.api.status(&pair.blue);
    assert_eq!(
        (&status["members"], &status["peers"], &status["entries"]),
        (&json!(1), &json!(1), &json!(1))
    );
    let mut spec = peering("blue", None, "green");
    spec["exportPrefixes"] = json!(["10.1.8.0/24"]);
    desk.api.apply(&pair.peering, &spec);
    desk.settle();
    let status = desk.api.status(&pair.peering);
    assert_eq!(status["exportedPrefixes"], json!(["10.1.8.0/24"]));
    assert_eq!(status["importedPrefixes"], json!(["10.2.0.0/16"]));
    assert_eq!(status["observedGeneration"], json!(2));
    desk.api.delete(&pair.peering);
    desk.api.delete(&pair.web);
    desk.settle();
    let status = desk.api.status(&pair.blue);
    assert_eq!(
        (&status["members"], &status["peers"], &status["entries"]),
        (&json!(0), &json!(0), &json!(0))
    );
}

#[test]
fn the_other_halfs_narrower_export_is_told_to_this_half() {
    let mut desk = Desk::new();
    for (namespace, name, vni) in [("team-a", "blue", 1), ("team-b", "green", 2)] {
        let object = named(Kind::Vpc, namespace, name);
        desk.api
            .apply(&object, &vpc(vni, &format!("10.{vni}.0.0/16"), "default"));
    }
    let ours = named(Kind::VpcPeering, "team-a", "to-green");
    let theirs = named(Kind::VpcPeering, "team-b", "to-blue");
    desk.api
        .apply(&ours, &peering("blue", Some("team-b"), "green"));
    desk.settle();
    let accepted = desk.api.condition(&ours, "Accepted");
    assert_eq!(accepted[..2], ["False", "WaitingForPeer"]);
    assert_eq!(
        desk.api.condition(&ours, "PeerAccepted")[..2],
        ["False", "WaitingForPeer"]
    );
    assert_eq!(desk.api.condition(&ours, "Programmed")[1], "NotAccepted");

    let mut spec = peering("green", Some("team-a"), "blue");
    desk.api.apply(&theirs, &spec);
    desk.settle();
    for half in [&ours, &theirs] {
        assert_eq!(desk.api.condition(half, "PeerAccepted")[0], "True");
    }
    spec["exportPrefixes"] = json!(["10.2.4.0/24"]);
    desk.api.apply(&theirs, &spec);
    desk.settle();
    assert_eq!(
        desk.api.status(&ours)["importedPrefixes"],
        json!(["10.2.4.0/24"])
    );
    assert_eq!(
        desk.api.status(&theirs)["exportedPrefixes"],
        json!(["10.2.4.0/24"])
    );
}

#[test]
fn a_status_names_no_object_of_another_namespace_that_the_object_does_not_name() {
    let mut desk = Desk::new();
    let mine = named(Kind::Vpc, "team-a", "mine");
    desk.api.apply(
        &named(Kind::Vpc, "team-b", "secret"),
        &vpc(1, "10.1.0.0/16", "default"),
    );
    desk.api.apply(&mine, &vpc(1, "10.2.0.0/16", "default"));
    desk.api.apply(
        &named(Kind::Vpc, "team-a", "blue"),
        &vpc(2, "10.3.0.0/16", "default"),
    );
    desk.api.apply(
        &named(Kind::Vpc, "team-b", "green"),
        &vpc(3, "10.4.0.0/16", "default"),
    );
    let ours = named(Kind::VpcPeering, "team-a", "to-green");
    let theirs = named(Kind::VpcPeering, "team-b", "hush");
    desk.api
        .apply(&ours, &peering("blue", Some("team-b"), "green"));
    let mut spec = peering("green", Some("team-a"), "blue");
    spec["exportPrefixes"] = json!(["10.77.0.0/24"]);
    desk.api.apply(&theirs, &spec);
    desk.settle();
    assert_eq!(desk.api.condition(&mine, "Accepted")[1], "VniTaken");
    assert_eq!(desk.api.condition(&ours, "Accepted")[1], "WaitingForPeer");
    for object in [&mine, &ours] {
        let status = desk.api.status(object).to_string();
        for word in ["secret", "hush", "10.77"] {
            assert!(!status.contains(word), "{word} in {status}");
        }
    }
}

#[test]
fn an_object_that_cannot_be_read_says_so_and_stops_no_other() {
    let mut desk = Desk::new();
    let pair = Pair::apply(&mut desk.api);
    desk.settle_gateways();
    let mut spec = peering("blue", None, "green");
    spec["bandwidth"] = json!("10G");
    desk.api.apply(&pair.peering, &spec);
    desk.api.apply(&pair.web, &member("blue", "10.1.0.9"));
    desk.settle_gateways();
    let accepted = desk.api.condition(&pair.peering, "Accepted");
    assert_eq!(accepted[..2], ["False", "Malformed"]);
    assert!(accepted[2].contains("bandwidth"), "{accepted:?}");
    assert!(
        desk.api
            .slices
            .keys()
            .all(|key| key.kind != isthmus_compiler::slices::SliceKind::Peering)
    );
    assert_eq!(desk.api.condition(&pair.web, "Programmed")[0], "True");
    assert_eq!(desk.world.counts()[&(Kind::VpcPeering, "Malformed")], 1);
    // Mended, it is in force again.
    desk.api
        .apply(&pair.peering, &peering("blue", None, "green"));
    desk.settle_gateways();
    assert_eq!(desk.api.condition(&pair.peering, "Programmed")[0], "True");
}

#[test]
fn a_broken_status_is_put_right() {
    let mut desk = Desk::new();
    let pair = Pair::apply(&mut desk.api);
    desk.settle_gateways();
    let right = desk.api.statuses();
    for broken in [json!({"conditions": 7}), json!({}), json!("?")] {
        desk.api.set_status(&pair.web, &broken);
        desk.api.set_status(&pair.peering, &broken);
        desk.settle();
        assert_eq!(desk.api.statuses(), right);
    }
}

#[test]
fn conditions_of_others_are_left_alone_and_cause_no_writes() {
    let mut desk = Desk::new();
    let pair = Pair::apply(&mut desk.api);
    desk.settle_gateways();
    let mut status = desk.api.objects[&pair.web]["status"].clone();
    status["conditions"].as_array_mut().unwrap().insert(
        0,
        json!({
            "type": "Audited", "status": "True", "reason": "Seen", "message": "",
            "lastTransitionTime": "2026-01-01T00:00:00Z",
        }),
    );
    desk.api.set_status(&pair.web, &status);
    assert_eq!(desk.settle(), 0);
}

#[test]
fn transition_times_change_only_with_the_status() {
    let mut desk = Desk::new();
    let pair = Pair::apply(&mut desk.api);
    desk.settle_gateways();
    let time = |desk: &Desk, kind: &str| {
        let conditions = &desk.api.objects[&pair.web]["status"]["conditions"];
        let condition = conditions
            .as_array()
            .unwrap()
            .iter()
            .find(|c| c["type"] == kind);
        condition.unwrap()["lastTransitionTime"].clone()
    };
    let [accepted, programmed] = ["Accepted", "Programmed"].map(|kind| time(&desk, kind));
    desk.api.apply(&pair.web, &member("blue", "10.1.0.3"));
    desk.settle();
    assert_eq!(time(&desk, "Accepted"), accepted);
    assert_ne!(time(&desk, "Programmed"), programmed);
}

#[test]
fn an_object_of_the_same_name_does_not_get_its_predecessors_status() {
    let mut desk = Desk::new();
    let pair = Pair::apply(&mut desk.api);
    desk.settle_gateways();
    desk.api.apply(&pair.web, &member("blue", "10.1.0.3"));
    desk.deliver(Source::Objects(Kind::VpcMember), 9);
    desk.plan(9, true);
    // The write is on its way while the object becomes another one.
    desk.api.delete(&pair.web);
    desk.api.apply(&pair.web, &member("blue", "10.1.0.4"));
    while desk.api.feeds[&Source::Objects(Kind::VpcMember)].len() > 2 {
        desk.deliver(Source::Objects(Kind::VpcMember), 1);
    }
    desk.perform(1);
    assert_eq!(desk.api.objects[&pair.web]["status"], json!(null));
    desk.settle_gateways();
    assert_eq!(desk.api.condition(&pair.web, "Programmed")[0], "True");
}

#[test]
fn another_operator_finds_nothing_to_do() {
    let mut desk = Desk::new();
    Pair::apply(&mut desk.api);
    desk.settle_gateways();
    let mut desk = Desk::over(desk.api);
    assert_eq!(desk.settle(), 0);
}

#[test]
fn members_of_a_vpc_that_was_made_again_while_no_operator_ran_are_not_programmed() {
    let mut desk = Desk::new();
    let pair = Pair::apply(&mut desk.api);
    desk.settle_gateways();
    desk.api.delete(&pair.blue);
    desk.api
        .apply(&pair.blue, &vpc(1, "10.1.0.0/16", "default"));
    let mut desk = Desk::over(desk.api);
    desk.settle();
    let programmed = |desk: &Desk, object| desk.api.condition(object, "Programmed");
    assert_eq!(programmed(&desk, &pair.web)[1], "Pending");
    assert_eq!(programmed(&desk, &pair.db)[1], "Programmed");
    desk.settle_gateways();
    assert_eq!(programmed(&desk, &pair.web)[1], "Programmed");
}

#[test]
fn nothing_is_planned_before_everything_was_listed() {
    let mut desk = Desk::new();
    Pair::apply(&mut desk.api);
    for source in Source::ALL {
        assert!(!desk.world.is_complete());
        assert!(desk.world.plan_slices(9).is_empty());
        let now = desk.now();
        assert!(desk.world.plan_statuses(9, true, now).is_empty());
        desk.deliver(source, usize::MAX);
    }
    assert!(desk.world.is_complete());
    assert!(!desk.world.plan_slices(9).is_empty());
}

#[test]
fn a_slice_that_is_nobodys_work_is_replaced_or_deleted() {
    let mut desk = Desk::new();
    Pair::apply(&mut desk.api);
    desk.settle_gateways();
    let slices: Vec<SliceKey> = desk.api.slices.keys().cloned().collect();
    let stray = SliceKey::forwarding("stray");
    for key in slices.iter().chain([&stray]) {
        let foreign = Slice::Foreign(Foreign {
            key: key.clone(),
            version: None,
            uid: None,
        });
        desk.api.put(key, Some(foreign));
    }
    assert_eq!(desk.settle(), 5);
    assert!(desk.api.slices.keys().eq(&slices));
    assert!(
        desk.api
            .slices
            .values()
            .all(|slice| !matches!(slice, Slice::Foreign(_)))
    );
}

#[test]
fn a_list_that_lacks_a_slice_has_it_written_again() {
    let mut desk = Desk::new();
    Pair::apply(&mut desk.api);
    desk.settle_gateways();
    let key = desk.api.slices.keys().next().unwrap().clone();
    let before = desk.api.slices.len();
    desk.api.put(&key, None);
    desk.api.relist(Source::Slices(key.kind));
    desk.settle();
    assert_eq!(desk.api.slices.len(), before);
}
