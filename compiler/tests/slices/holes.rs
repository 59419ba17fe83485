//! Where members go, and what a change costs.

use isthmus_compiler::Object;

use crate::cluster::Cluster;
use crate::objects::{numbered, reference, vpc};

fn blue(members: u32) -> Cluster {
    let vpc: Object = vpc("team-a/blue", 1, 1, "10.1.0.0/16", "default").into();
    let members = (0..members).map(|i| numbered("blue", 1, i).into());
    Cluster::new([vpc].into_iter().chain(members))
}

fn gone(cluster: &mut Cluster, members: impl IntoIterator<Item = u32>) {
    for i in members {
        cluster.delete(&reference(numbered("blue", 1, i)));
    }
}

#[test]
fn members_fill_slices_in_order() {
    let cluster = blue(10);
    assert_eq!(
        cluster.store.members_of(1),
        [
            "0: blue-m0 blue-m1 blue-m2 blue-m3",
            "1: blue-m4 blue-m5 blue-m6 blue-m7",
            "2: blue-m8 blue-m9"
        ]
    );
}

#[test]
fn one_members_change_is_one_write_that_names_it() {
    let mut cluster = blue(10);
    let mut moved = numbered("blue", 1, 5);
    moved.spec.hypervisor = [172, 16, 0, 9].into();
    cluster.apply(moved.clone());
    let plan = cluster.plan();
    let [planned] = plan.writes.as_slice() else {
        panic!("{plan:?}");
    };
    assert_eq!(&*planned.write.key().name, "vni-1-00000001-1");
    assert_eq!(planned.carries, [reference(moved)]);
}

#[test]
fn an_object_that_changes_nothing_writes_nothing() {
    let mut cluster = blue(3);
    let mut labelled = numbered("blue", 1, 1);
    labelled.metadata.labels = Some([("a".to_owned(), "b".to_owned())].into());
    cluster.apply(labelled);
    assert_eq!(cluster.settle(), [""; 0]);
    // The VPC's ranges are others, and all members judged anew.
    let mut wider = vpc("team-a/blue", 1, 1, "10.1.0.0/16", "default");
    wider.spec.cidrs.push("10.2.0.0/16".parse().unwrap());
    cluster.apply(wider);
    assert_eq!(cluster.settle(), [""; 0]);
}

#[test]
fn a_member_that_goes_leaves_a_hole_that_the_next_takes_the_lowest_first() {
    let mut cluster = blue(12);
    gone(&mut cluster, [9, 5, 6]);
    assert_eq!(
        cluster.settle(),
        [
            "write forwarding 1-00000001-1",
            "write forwarding 1-00000001-2"
        ]
    );
    for i in 12..16 {
        cluster.apply(numbered("blue", 1, i));
        cluster.settle();
    }
    assert_eq!(
        cluster.store.members_of(1),
        [
            "0: blue-m0 blue-m1 blue-m2 blue-m3",
            "1: blue-m12 blue-m13 blue-m4 blue-m7",
            "2: blue-m10 blue-m11 blue-m14 blue-m8",
            "3: blue-m15",
        ]
    );
}

#[test]
fn one_that_comes_as_another_goes_is_one_write() {
    let mut cluster = blue(8);
    gone(&mut cluster, [6]);
    cluster.apply(numbered("blue", 1, 20));
    assert_eq!(cluster.settle(), ["write forwarding 1-00000001-1"]);
}

#[test]
fn a_slice_without_members_is_deleted_and_its_ordinal_used_again() {
    let mut cluster = blue(12);
    gone(&mut cluster, 4..8);
    assert_eq!(cluster.settle(), ["delete forwarding 1-00000001-1"]);
    for i in 20..25 {
        cluster.apply(numbered("blue", 1, i));
    }
    assert_eq!(
        cluster.settle(),
        [
            "write forwarding 1-00000001-1",
            "write forwarding 1-00000001-3"
        ]
    );
}

#[test]
fn a_member_that_is_rejected_leaves_its_slice() {
    let mut cluster = blue(5);
    let mut stray = numbered("blue", 1, 4);
    stray.spec.addresses = vec!["10.9.0.1".parse().unwrap()];
    cluster.apply(stray);
    assert_eq!(cluster.settle(), ["delete forwarding 1-00000001-1"]);
    cluster.apply(numbered("blue", 1, 4));
    assert_eq!(cluster.settle(), ["write forwarding 1-00000001-1"]);
}

#[test]
fn a_member_under_an_old_name_with_other_contents_is_one_write() {
    let mut cluster = blue(2);
    // Deleted and made anew between two looks, under another name.
    let mut heir = numbered("blue", 1, 1);
    cluster.delete(&reference(heir.clone()));
    heir.metadata.name = Some("heir".to_owned());
    cluster.apply(heir);
    assert_eq!(cluster.settle(), ["write forwarding 1-00000001-0"]);
    assert_eq!(cluster.store.members_of(1), ["0: blue-m0 heir"]);
}

#[test]
fn a_plan_has_no_more_writes_than_it_may_and_the_next_has_the_rest() {
    let mut cluster = blue(0);
    for i in 0..40 {
        cluster.apply(numbered("blue", 1, i));
    }
    let first = cluster.slicer.plan(&cluster.compiler, 3);
    assert_eq!(first.writes.len(), 3);
    for planned in &first.writes {
        cluster.land(planned).expect("no conflict");
    }
    assert_eq!(cluster.settle().len(), 7);
}
