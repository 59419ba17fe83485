//! A cluster that was restored from a backup and counts on from a later version,
//! as etcd does where it is told to: what is there keeps its older versions, and
//! all that watches say is a new list.

use isthmus_compiler::Kind;
use isthmus_operator::intake::Source;

use crate::api::named;
use crate::desk::Desk;
use crate::objects::{Pair, member, vpc};

#[test]
fn lists_are_believed_though_they_are_older_than_what_is_known() {
    let mut desk = Desk::new();
    let pair = Pair::apply(&mut desk.api);
    desk.settle_gateways();
    let (objects, slices) = (desk.api.objects.clone(), desk.api.slices.clone());

    desk.api.apply(&pair.web, &member("blue", "10.1.0.3"));
    desk.api.delete(&pair.db);
    desk.api.delete(&pair.peering);
    let red = named(Kind::Vpc, "team-b", "red");
    desk.api.apply(&red, &vpc(3, "10.3.0.0/16", "default"));
    let cache = named(Kind::VpcMember, "team-b", "cache-1");
    desk.api.apply(&cache, &member("red", "10.3.0.2"));
    desk.settle_gateways();

    (desk.api.objects, desk.api.slices) = (objects, slices);
    desk.api.version += 1_000;
    for source in Source::ALL {
        desk.api.relist(source);
    }
    desk.settle_gateways();
    for object in [&pair.web, &pair.db, &pair.peering] {
        let programmed = desk.api.condition(object, "Programmed");
        assert_eq!(programmed[1], "Programmed", "{object}");
    }
    // One that has known nothing of all that has nothing to add.
    let mut desk = Desk::over(desk.api);
    assert_eq!(desk.settle(), 0);
}

#[test]
fn statuses_that_went_back_are_written_again() {
    let mut desk = Desk::new();
    let pair = Pair::apply(&mut desk.api);
    desk.settle();
    let objects = desk.api.objects.clone();
    desk.api.sync_gateways();
    desk.settle();
    let before = desk.api.statuses();

    // The gateways say it anew, and nothing else changed.
    let gateway = desk.api.objects[&pair.gateway].clone();
    desk.api.objects = objects;
    desk.api.version += 1_000;
    desk.api.objects.insert(pair.gateway.clone(), gateway);
    for source in Source::ALL {
        desk.api.relist(source);
    }
    desk.settle();
    assert_eq!(desk.api.statuses(), before);
}
