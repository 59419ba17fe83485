//! Slices that became few, make-before-break.

use isthmus_compiler::Object;

use crate::cluster::{Cluster, tell};
use crate::objects::{numbered, reference, vpc};

/// Three full slices of four, of which so many members are left.
fn thinned(left: impl Fn(u32) -> bool) -> Cluster {
    let vpc: Object = vpc("team-a/blue", 1, 1, "10.1.0.0/16", "default").into();
    let members = (0..12).map(|i| numbered("blue", 1, i).into());
    let mut cluster = Cluster::new([vpc].into_iter().chain(members));
    for i in (0..12).filter(|i| !left(*i)) {
        cluster.delete(&reference(numbered("blue", 1, i)));
    }
    cluster
}

#[test]
fn twice_the_slices_that_are_needed_are_left_alone() {
    // Five members need two slices; four are not more than twice as many.
    let mut cluster = thinned(|i| i % 3 == 0 || i == 1);
    assert_eq!(cluster.settle().len(), 3);
    assert_eq!(
        cluster.store.members_of(1),
        ["0: blue-m0 blue-m1 blue-m3", "1: blue-m6", "2: blue-m9"]
    );
}

#[test]
fn a_merge_writes_the_union_first_and_deletes_the_source_once_that_is_confirmed() {
    // Four members need one slice, and have three.
    let mut cluster = thinned(|i| [0, 1, 4, 8].contains(&i));
    let plan = cluster.plan();
    let told: Vec<_> = plan.writes.iter().map(|write| tell(&write.write)).collect();
    assert_eq!(
        told,
        [
            "write forwarding 1-00000001-0",
            "write forwarding 1-00000001-1",
            "write forwarding 1-00000001-2"
        ]
    );
    for planned in &plan.writes {
        cluster.store.write(&planned.write).expect("no conflict");
    }
    // The member of the source is in both.
    assert_eq!(
        cluster.store.members_of(1),
        ["0: blue-m0 blue-m1", "1: blue-m4", "2: blue-m4 blue-m8"]
    );
    assert!(cluster.plan().is_empty(), "before it is confirmed");
    for (i, planned) in plan.writes.iter().enumerate() {
        cluster.confirm(planned, &(cluster.store.version - 2 + i as u64).to_string());
    }
    assert_eq!(cluster.settle(), ["delete forwarding 1-00000001-1"]);
    assert_eq!(
        cluster.store.members_of(1),
        ["0: blue-m0 blue-m1", "2: blue-m4 blue-m8"]
    );
}

#[test]
fn a_change_during_a_merge_is_written_to_both() {
    let mut cluster = thinned(|i| [0, 1, 4, 8].contains(&i));
    let plan = cluster.plan();
    let mut moved = numbered("blue", 1, 4);
    moved.spec.hypervisor = [172, 16, 0, 9].into();
    cluster.apply(moved.clone());
    for planned in &plan.writes {
        cluster.land(planned).expect("no conflict");
    }
    let plan = cluster.plan();
    let told: Vec<_> = plan.writes.iter().map(|write| tell(&write.write)).collect();
    assert_eq!(
        told,
        [
            "write forwarding 1-00000001-1",
            "write forwarding 1-00000001-2"
        ]
    );
    for planned in &plan.writes {
        assert_eq!(planned.carries, [reference(moved.clone())]);
        cluster.land(planned).expect("no conflict");
    }
    assert_eq!(cluster.settle(), ["delete forwarding 1-00000001-1"]);
}

#[test]
fn a_member_that_goes_during_a_merge_is_in_neither() {
    let mut cluster = thinned(|i| [0, 1, 4, 5, 8].contains(&i));
    cluster.delete(&reference(numbered("blue", 1, 0)));
    let plan = cluster.plan();
    cluster.delete(&reference(numbered("blue", 1, 4)));
    for planned in &plan.writes {
        cluster.land(planned).expect("no conflict");
    }
    cluster.settle();
}

#[test]
fn a_merge_that_was_cut_short_ends_after_a_restart() {
    let mut cluster = thinned(|i| [0, 1, 4, 8].contains(&i));
    let plan = cluster.plan();
    for planned in &plan.writes {
        cluster.store.write(&planned.write).expect("no conflict");
    }
    cluster.restart();
    assert_eq!(cluster.settle(), ["delete forwarding 1-00000001-1"]);
}

#[test]
fn a_merge_whose_write_fails_is_tried_again_and_takes_nothing_before() {
    let mut cluster = thinned(|i| [0, 1, 4, 8].contains(&i));
    let plan = cluster.plan();
    for planned in &plan.writes {
        cluster.slicer.failed(&planned.write.key());
    }
    let plan = cluster.plan();
    assert_eq!(plan.writes.len(), 3);
    for planned in &plan.writes {
        cluster.land(planned).expect("no conflict");
    }
    assert_eq!(cluster.settle(), ["delete forwarding 1-00000001-1"]);
}
