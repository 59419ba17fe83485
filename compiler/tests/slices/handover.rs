//! VNIs, names and UIDs that pass from one VPC to another.

use isthmus_compiler::{Event, Object};

use crate::cluster::Cluster;
use crate::objects::{member, numbered, peering, reference, uid, vpc};

#[test]
fn a_vni_that_passes_to_another_vpc_has_slices_of_another_uid() {
    let blue: Object = vpc("team-a/blue", 1, 1, "10.1.0.0/16", "default").into();
    let heir: Object = vpc("team-b/heir", 1, 7, "10.1.0.0/16", "default").into();
    let mut cluster = Cluster::new([blue.clone(), numbered("blue", 1, 0).into()]);
    cluster.apply(heir);
    cluster.apply(member("team-b/web", "heir", "10.1.0.2"));
    assert_eq!(cluster.settle(), [""; 0], "the heir waits");
    cluster.delete(&blue.reference());
    assert_eq!(
        cluster.settle(),
        [
            "delete forwarding 1-00000001-0",
            "write forwarding 1-00000007-0"
        ]
    );
    let slice = &cluster.store.forwarding["vni-1-00000007-0"];
    assert_eq!(slice.spec.vpc.uid, uid(7));
}

#[test]
fn a_vpc_that_is_made_anew_under_its_name_gets_new_slices_and_its_peers_new_routes() {
    let again = |n| Object::from(vpc("team-a/blue", 1, n, "10.1.0.0/16", "default"));
    let mut cluster = Cluster::new([
        again(1),
        vpc("team-a/green", 2, 2, "10.2.0.0/16", "default").into(),
        numbered("blue", 1, 0).into(),
        numbered("green", 2, 0).into(),
        peering("team-a/blue-green", "blue", "team-a/green").into(),
    ]);
    // Deleted and made between two looks: all entries are the same.
    cluster.apply_all([Event::Delete(reference(again(1))), Event::Apply(again(9))]);
    assert_eq!(
        cluster.settle(),
        [
            "delete peering 1-00000001-0",
            "write peering 2-00000002-0",
            "delete forwarding 1-00000001-0",
            "write forwarding 1-00000009-0",
            "write peering 1-00000009-0"
        ]
    );
    let route = &cluster.store.peering["vni-2-00000002-0"].spec.routes[0];
    assert_eq!(route.peer_uid, uid(9));
}

#[test]
fn a_vpc_whose_vni_changes_gets_new_slices() {
    let mut cluster = Cluster::new([
        vpc("team-a/blue", 1, 1, "10.1.0.0/16", "default").into(),
        numbered("blue", 1, 0).into(),
    ]);
    cluster.apply(vpc("team-a/blue", 5, 1, "10.1.0.0/16", "default"));
    assert_eq!(
        cluster.settle(),
        [
            "delete forwarding 1-00000001-0",
            "write forwarding 5-00000001-0"
        ]
    );
}

#[test]
fn a_vpc_that_is_rejected_and_accepted_again_takes_its_slices_over() {
    let blue = || vpc("team-a/blue", 1, 1, "10.1.0.0/16", "default");
    let mut cluster = Cluster::new([blue().into(), numbered("blue", 1, 0).into()]);
    let mut faulty = blue();
    faulty.spec.cidrs.clear();
    cluster.apply(faulty);
    cluster.apply(blue());
    assert_eq!(cluster.settle(), [""; 0]);
}
