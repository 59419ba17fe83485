//! What an operator makes of slices that are there.

use isthmus_compiler::Object;
use isthmus_compiler::slices::{SliceKey, Slicer};

use crate::cluster::{Cluster, LIMITS};
use crate::objects::{numbered, peering, reference, vpc};

fn objects() -> Vec<Object> {
    let mut objects: Vec<Object> = vec![
        vpc("team-a/blue", 1, 1, "10.1.0.0/16", "default").into(),
        vpc("team-a/green", 2, 2, "10.2.0.0/16", "default").into(),
        peering("team-a/blue-green", "blue", "team-a/green").into(),
    ];
    objects.extend((0..10).map(|i| numbered("blue", 1, i).into()));
    objects.extend((0..3).map(|i| numbered("green", 2, i).into()));
    objects
}

#[test]
fn a_restart_writes_nothing_when_nothing_differs_and_tells_the_versions() {
    let mut cluster = Cluster::new(objects());
    // Out of the order in which they would be filled.
    cluster.delete(&reference(numbered("blue", 1, 1)));
    cluster.apply(numbered("blue", 1, 20));
    cluster.settle();
    let before = cluster.store.clone();
    cluster.restart();
    let plan = cluster.plan();
    assert_eq!(plan.writes, []);
    let version = |key: &SliceKey| {
        let forwarding = before.forwarding.get(&*key.name).map(|s| &s.metadata);
        let peering = before.peering.get(&*key.name).map(|s| &s.metadata);
        let meta = if *key == SliceKey::forwarding(&key.name) {
            forwarding
        } else {
            peering
        };
        meta.and_then(|meta| meta.resource_version.clone())
    };
    for settled in &plan.settled {
        let version = version(&settled.key).expect("a slice");
        assert_eq!(settled.resource_version.to_string(), version);
    }
    let carried: usize = plan.settled.iter().map(|s| s.carries.len()).sum();
    assert_eq!(
        carried,
        13 + 2,
        "every member, and the peering on both sides"
    );
    assert!(cluster.plan().is_empty());
}

#[test]
fn the_order_of_objects_and_slices_at_the_start_does_not_matter() {
    let mut cluster = Cluster::new(objects());
    cluster.slicer = Slicer::new(LIMITS);
    cluster.slicer.note_everything(&cluster.compiler);
    cluster.store.observed_by(&mut cluster.slicer);
    assert_eq!(cluster.plan().writes, []);
}

#[test]
fn what_changed_while_nobody_looked_is_written_after_the_restart() {
    let mut cluster = Cluster::new(objects());
    cluster.delete(&reference(numbered("blue", 1, 5)));
    cluster.apply(numbered("blue", 1, 20));
    let mut moved = numbered("green", 2, 0);
    moved.spec.hypervisor = [172, 16, 0, 9].into();
    cluster.apply(moved);
    cluster.restart();
    assert_eq!(
        cluster.settle(),
        [
            "write forwarding 1-00000001-1",
            "write forwarding 2-00000002-0"
        ]
    );
}

#[test]
fn a_slice_that_was_edited_by_hand_is_mended() {
    let mut cluster = Cluster::new(objects());
    cluster.store.version += 1;
    let version = Some(cluster.store.version.to_string());
    let edited = cluster
        .store
        .forwarding
        .get_mut("vni-1-00000001-1")
        .unwrap();
    edited.spec.members.swap_remove(1);
    edited.spec.members[0].hypervisor = [172, 16, 0, 66].into();
    edited.metadata.resource_version = version;
    let edited = edited.clone();
    cluster.slicer.observe_forwarding(&edited);
    assert_eq!(cluster.settle(), ["write forwarding 1-00000001-1"]);
    // The same across a restart.
    cluster.store.version += 1;
    let version = Some(cluster.store.version.to_string());
    let edited = cluster.store.peering.get_mut("vni-1-00000001-0").unwrap();
    edited.metadata.labels = None;
    edited.metadata.resource_version = version;
    cluster.restart();
    assert_eq!(cluster.settle(), ["write peering 1-00000001-0"]);
}

#[test]
fn a_slice_that_nothing_explains_is_deleted() {
    let mut cluster = Cluster::new(objects());
    let mut alien = cluster.store.forwarding["vni-1-00000001-0"].clone();
    cluster.store.version += 1;
    alien.metadata.name = Some("by-hand".to_owned());
    alien.metadata.resource_version = Some(cluster.store.version.to_string());
    cluster
        .store
        .forwarding
        .insert("by-hand".to_owned(), alien.clone());
    cluster.slicer.observe_forwarding(&alien);
    assert_eq!(cluster.settle(), ["delete forwarding by-hand"]);
    // Also one of the right name whose Vpc is no more.
    alien.metadata.name = Some("vni-9-0badcafe-0".to_owned());
    cluster.store.version += 1;
    alien.metadata.resource_version = Some(cluster.store.version.to_string());
    let name = "vni-9-0badcafe-0".to_owned();
    cluster.store.forwarding.insert(name, alien);
    cluster.restart();
    assert_eq!(cluster.settle(), ["delete forwarding 9-0badcafe-0"]);
}

#[test]
fn a_slice_that_was_deleted_by_hand_is_written_again() {
    let mut cluster = Cluster::new(objects());
    cluster.store.forwarding.remove("vni-1-00000001-1");
    cluster.store.version += 1;
    let key = SliceKey::forwarding("vni-1-00000001-1");
    let version = cluster.store.version.to_string();
    cluster.slicer.observe_gone(&key, Some(&version));
    assert_eq!(cluster.settle(), ["write forwarding 1-00000001-1"]);
    // The same when the watch missed it, and a list and a read tell.
    cluster.store.forwarding.remove("vni-1-00000001-1");
    assert!(cluster.slicer.known().any(|known| known == key));
    cluster.slicer.observe_gone(&key, None);
    assert!(!cluster.slicer.known().any(|known| known == key));
    assert_eq!(cluster.settle(), ["write forwarding 1-00000001-1"]);
}

#[test]
fn the_echo_of_an_own_write_changes_nothing() {
    let mut cluster = Cluster::new(objects());
    cluster.store.clone().observed_by(&mut cluster.slicer);
    assert_eq!(cluster.settle(), [""; 0]);
}
