//! Which gateways get which slices.

use isthmus_compiler::{Event, Object};

use crate::cluster::{Cluster, pools_of, tell};
use crate::objects::{numbered, peering, reference, vpc};

/// A VPC of each pool, with a member each.
fn two_pools() -> Cluster {
    Cluster::new([
        vpc("team-a/blue", 1, 1, "10.1.0.0/16", "east").into(),
        vpc("team-a/green", 2, 2, "10.2.0.0/16", "west").into(),
        numbered("blue", 1, 0).into(),
        numbered("green", 2, 0).into(),
    ])
}

fn blue_green() -> Object {
    peering("team-a/blue-green", "blue", "team-a/green").into()
}

fn pools(cluster: &Cluster) -> Vec<String> {
    let forwarding = cluster.store.forwarding.values();
    let forwarding = forwarding.map(|slice| ("forwarding", &slice.metadata));
    let peering = cluster.store.peering.values();
    let peering = peering.map(|slice| ("peering", &slice.metadata));
    forwarding
        .chain(peering)
        .map(|(kind, meta)| {
            let pools: Vec<_> = pools_of(meta).into_iter().collect();
            format!("{kind} {}", pools.join(" "))
        })
        .collect()
}

#[test]
fn a_vpc_without_peers_has_its_own_pools_label() {
    assert_eq!(pools(&two_pools()), ["forwarding east", "forwarding west"]);
}

#[test]
fn a_peering_labels_members_and_routes_of_both_sides_with_both_pools_and_is_carried_by_all() {
    let mut cluster = two_pools();
    cluster.apply(blue_green());
    let plan = cluster.plan();
    assert_eq!(plan.writes.len(), 4);
    for planned in &plan.writes {
        assert_eq!(planned.carries, [reference(blue_green())]);
        cluster.land(planned).expect("no conflict");
    }
    cluster.settle();
    assert_eq!(
        pools(&cluster),
        [
            "forwarding east west",
            "forwarding east west",
            "peering east west",
            "peering east west"
        ]
    );
    cluster.delete(&reference(blue_green()));
    let told: Vec<_> = (cluster.settle()).into_iter().collect();
    assert_eq!(
        told,
        [
            "delete peering 1-00000001-0",
            "delete peering 2-00000002-0",
            "write forwarding 1-00000001-0",
            "write forwarding 2-00000002-0"
        ]
    );
    assert_eq!(pools(&cluster), ["forwarding east", "forwarding west"]);
}

#[test]
fn a_peering_within_a_pool_writes_no_member() {
    let mut cluster = two_pools();
    cluster.apply(vpc("team-a/red", 3, 3, "10.3.0.0/16", "east"));
    cluster.apply(numbered("red", 3, 0));
    cluster.settle();
    cluster.apply(peering("team-a/blue-red", "blue", "team-a/red"));
    assert_eq!(
        cluster.settle(),
        ["write peering 1-00000001-0", "write peering 3-00000003-0"]
    );
}

#[test]
fn a_vpc_that_changes_its_pool_takes_its_peers_with_it() {
    let mut cluster = two_pools();
    cluster.apply(blue_green());
    cluster.settle();
    cluster.apply(vpc("team-a/blue", 1, 1, "10.1.0.0/16", "north"));
    assert_eq!(cluster.settle().len(), 4);
    assert_eq!(
        pools(&cluster),
        [
            "forwarding north west",
            "forwarding north west",
            "peering north west",
            "peering north west"
        ]
    );
}

#[test]
fn a_pool_is_needed_until_the_last_peer_in_it_goes() {
    let mut cluster = two_pools();
    let red: [Object; 3] = [
        vpc("team-a/red", 3, 3, "10.3.0.0/16", "west").into(),
        numbered("red", 3, 0).into(),
        peering("team-a/blue-red", "blue", "team-a/red").into(),
    ];
    cluster.apply(blue_green());
    cluster.apply_all(red.clone().map(Event::Apply));
    cluster.settle();
    cluster.delete(&reference(blue_green()));
    let plan = cluster.plan();
    let told: Vec<_> = plan.writes.iter().map(|write| tell(&write.write)).collect();
    assert_eq!(
        told,
        [
            "write peering 1-00000001-0",
            "delete peering 2-00000002-0",
            "write forwarding 2-00000002-0"
        ]
    );
    for planned in plan.writes {
        cluster.land(&planned).expect("no conflict");
    }
    cluster.settle();
}
