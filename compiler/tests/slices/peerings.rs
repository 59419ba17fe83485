//! Routes, their slices, and the order of writes.

use isthmus_compiler::slices::Phase;
use isthmus_compiler::{Event, Object};

use crate::cluster::{Cluster, tell};
use crate::objects::{member, peering, reference, uid, vpc};

fn blue_green() -> Cluster {
    Cluster::new([
        vpc("team-a/blue", 1, 1, "10.1.0.0/16", "default").into(),
        vpc("team-b/green", 2, 2, "10.2.0.0/16", "default").into(),
        member("team-a/web", "blue", "10.1.0.2").into(),
        member("team-b/db", "green", "10.2.0.2").into(),
    ])
}

fn halves() -> [Object; 2] {
    [
        peering("team-a/to-green", "blue", "team-b/green").into(),
        peering("team-b/to-blue", "green", "team-a/blue").into(),
    ]
}

#[test]
fn a_peering_is_a_slice_of_each_side_that_names_both_vpcs_and_both_halves() {
    let mut cluster = blue_green();
    cluster.apply_all(halves().map(Event::Apply));
    let plan = cluster.plan();
    let told: Vec<_> = plan.writes.iter().map(|write| tell(&write.write)).collect();
    assert_eq!(
        told,
        ["write peering 1-00000001-0", "write peering 2-00000002-0"]
    );
    for planned in &plan.writes {
        assert_eq!(planned.carries, halves().map(reference));
        assert_eq!(planned.phase, Phase::Routes);
        cluster.land(planned).expect("no conflict");
    }
    cluster.settle();
    let slice = &cluster.store.peering["vni-1-00000001-0"].spec;
    assert_eq!((slice.vni.get(), &slice.vpc.uid), (1, &uid(1)));
    let route = &slice.routes[0];
    assert_eq!((route.peer_vni.get(), &route.peer_uid), (2, &uid(2)));
    assert_eq!(route.prefix.to_string(), "10.2.0.0/16");
}

#[test]
fn half_a_peering_writes_nothing() {
    let mut cluster = blue_green();
    let [half, _] = halves();
    cluster.apply(half);
    assert_eq!(cluster.settle(), [""; 0]);
}

#[test]
fn the_end_of_a_peering_deletes_the_slices_of_both_sides_first() {
    let mut cluster = blue_green();
    cluster.apply_all(halves().map(Event::Apply));
    cluster.settle();
    let [_, half] = halves();
    cluster.delete(&reference(half));
    cluster.apply(member("team-a/web-2", "blue", "10.1.0.3"));
    let plan = cluster.plan();
    let phases: Vec<_> = plan.writes.iter().map(|write| write.phase).collect();
    assert_eq!(phases, [Phase::RoutesGo, Phase::RoutesGo, Phase::Members]);
    for planned in plan.writes {
        cluster.land(&planned).expect("no conflict");
    }
    cluster.settle();
    assert!(cluster.store.peering.is_empty());
}

#[test]
fn an_export_that_goes_is_a_write_that_carries_its_peering() {
    let mut cluster = blue_green();
    let [mut mine, theirs] = halves();
    let ranges = ["10.1.1.0/24", "10.1.2.0/24"];
    if let Object::VpcPeering(mine) = &mut mine {
        mine.spec.export_prefixes = Some(ranges.map(|net| net.parse().unwrap()).into());
    }
    cluster.apply_all([mine.clone(), theirs].map(Event::Apply));
    cluster.settle();
    if let Object::VpcPeering(mine) = &mut mine {
        mine.spec.export_prefixes = Some(vec![ranges[0].parse().unwrap()]);
    }
    cluster.apply(mine.clone());
    let plan = cluster.plan();
    let [planned] = plan.writes.as_slice() else {
        panic!("{plan:?}");
    };
    assert_eq!(&*planned.write.key().name, "vni-2-00000002-0");
    assert!(planned.carries.contains(&reference(mine)), "{planned:?}");
    assert_eq!(planned.phase, Phase::RoutesGo);
}

#[test]
fn routes_past_the_limit_have_a_slice_of_their_own() {
    let mut cluster = blue_green();
    let [mut mine, theirs] = halves();
    if let Object::VpcPeering(mine) = &mut mine {
        let nets = (0..5).map(|i| format!("10.1.{i}.0/24").parse().unwrap());
        mine.spec.export_prefixes = Some(nets.collect());
    }
    cluster.apply_all([mine, theirs].map(Event::Apply));
    assert_eq!(
        cluster.settle(),
        [
            "write peering 1-00000001-0",
            "write peering 2-00000002-0",
            "write peering 2-00000002-1"
        ]
    );
}

#[test]
fn members_come_before_the_routes_to_them_and_go_after() {
    let mut cluster = Cluster::new([]);
    let objects: [Object; 6] = [
        vpc("team-a/blue", 1, 1, "10.1.0.0/16", "default").into(),
        vpc("team-b/green", 2, 2, "10.2.0.0/16", "default").into(),
        member("team-a/web", "blue", "10.1.0.2").into(),
        member("team-b/db", "green", "10.2.0.2").into(),
        peering("team-a/to-green", "blue", "team-b/green").into(),
        peering("team-b/to-blue", "green", "team-a/blue").into(),
    ];
    cluster.apply_all(objects.clone().map(Event::Apply));
    assert_eq!(
        cluster.settle(),
        [
            "write forwarding 1-00000001-0",
            "write forwarding 2-00000002-0",
            "write peering 1-00000001-0",
            "write peering 2-00000002-0"
        ]
    );
    cluster.apply_all(objects.map(|object| Event::Delete(object.reference())));
    assert_eq!(
        cluster.settle(),
        [
            "delete peering 1-00000001-0",
            "delete peering 2-00000002-0",
            "delete forwarding 1-00000001-0",
            "delete forwarding 2-00000002-0"
        ]
    );
}
