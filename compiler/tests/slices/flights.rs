//! Writes that are on their way, fail, or cross with others.

use isthmus_compiler::Object;
use isthmus_compiler::slices::SliceKey;

use crate::cluster::{Cluster, tell};
use crate::objects::{numbered, reference, vpc};

fn blue() -> Cluster {
    let vpc: Object = vpc("team-a/blue", 1, 1, "10.1.0.0/16", "default").into();
    Cluster::new([vpc, numbered("blue", 1, 0).into()])
}

fn on(host: u8) -> Object {
    let mut moved = numbered("blue", 1, 0);
    moved.spec.hypervisor = [172, 16, 0, host].into();
    moved.into()
}

#[test]
fn changes_during_a_flight_end_in_one_more_write() {
    let mut cluster = blue();
    cluster.apply(on(7));
    let first = cluster.plan().writes.remove(0);
    cluster.apply(on(8));
    assert!(cluster.plan().is_empty(), "it is on its way");
    cluster.apply(on(9));
    assert!(cluster.plan().is_empty());
    cluster.land(&first).expect("no conflict");
    assert_eq!(cluster.settle(), ["write forwarding 1-00000001-0"]);
}

#[test]
fn a_change_that_is_taken_back_during_a_flight_is_written_once_more() {
    let mut cluster = blue();
    cluster.apply(on(7));
    let first = cluster.plan().writes.remove(0);
    cluster.apply(numbered("blue", 1, 0));
    cluster.land(&first).expect("no conflict");
    assert_eq!(cluster.settle(), ["write forwarding 1-00000001-0"]);
}

#[test]
fn a_write_that_failed_is_planned_again_with_what_it_carried() {
    let mut cluster = blue();
    cluster.apply(on(7));
    let first = cluster.plan().writes.remove(0);
    cluster.slicer.failed(&first.write.key());
    let again = cluster.plan().writes.remove(0);
    assert_eq!(again, first);
    cluster.land(&again).expect("no conflict");
    assert_eq!(cluster.settle(), [""; 0]);
}

#[test]
fn a_write_that_failed_because_another_came_first_is_based_on_that_one() {
    let mut cluster = blue();
    cluster.apply(on(7));
    let first = cluster.plan().writes.remove(0);
    let slice = cluster
        .store
        .forwarding
        .get_mut("vni-1-00000001-0")
        .unwrap();
    slice.spec.members.clear();
    slice.metadata.resource_version = Some("50".to_owned());
    cluster.store.version = 50;
    assert!(cluster.store.write(&first.write).is_err(), "a conflict");
    cluster.slicer.failed(&first.write.key());
    cluster.store.clone().observed_by(&mut cluster.slicer);
    assert_eq!(cluster.settle(), ["write forwarding 1-00000001-0"]);
}

#[test]
fn a_write_that_landed_although_nobody_heard_is_not_written_again() {
    let mut cluster = blue();
    cluster.apply(on(7));
    let first = cluster.plan().writes.remove(0);
    cluster.store.write(&first.write).expect("no conflict");
    cluster.slicer.failed(&first.write.key());
    cluster.store.clone().observed_by(&mut cluster.slicer);
    let plan = cluster.plan();
    assert_eq!(plan.writes, []);
    assert_eq!(plan.settled[0].carries, [reference(on(7))]);
}

#[test]
fn an_edit_after_the_write_that_is_seen_before_its_answer_is_mended() {
    let mut cluster = blue();
    cluster.apply(on(7));
    let first = cluster.plan().writes.remove(0);
    let version = cluster.store.write(&first.write).expect("no conflict");
    cluster.ledger.remember(&cluster.store);
    let slice = cluster
        .store
        .forwarding
        .get_mut("vni-1-00000001-0")
        .unwrap();
    slice.spec.members.clear();
    cluster.store.version += 1;
    slice.metadata.resource_version = Some(cluster.store.version.to_string());
    cluster.store.clone().observed_by(&mut cluster.slicer);
    cluster.confirm(&first, &version);
    assert_eq!(cluster.settle(), ["write forwarding 1-00000001-0"]);
}

#[test]
fn a_member_that_comes_while_its_slice_is_being_deleted_is_written_after() {
    let mut cluster = blue();
    cluster.delete(&reference(on(1)));
    let deletion = cluster.plan().writes.remove(0);
    assert_eq!(tell(&deletion.write), "delete forwarding 1-00000001-0");
    cluster.apply(numbered("blue", 1, 1));
    assert!(cluster.plan().is_empty());
    cluster.land(&deletion).expect("no conflict");
    assert_eq!(cluster.settle(), ["write forwarding 1-00000001-0"]);
}

#[test]
fn the_watchs_word_of_an_own_deletion_may_come_first() {
    let mut cluster = blue();
    cluster.delete(&reference(on(1)));
    let deletion = cluster.plan().writes.remove(0);
    let version = cluster.store.write(&deletion.write).expect("no conflict");
    let key = SliceKey::forwarding("vni-1-00000001-0");
    cluster.slicer.observe_gone(&key, Some(&version));
    cluster.slicer.deleted(&key);
    assert_eq!(cluster.settle(), [""; 0]);
    cluster.apply(numbered("blue", 1, 1));
    assert_eq!(cluster.settle(), ["write forwarding 1-00000001-0"]);
}
