use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use ipnet::{IpNet, Ipv4Net};
use isthmus_compiler::{EntryChange, MemberKey, MemberTarget, ObjectName, RouteKey, RouteTarget};
use isthmus_crds::{MacAddress, Vni};
use isthmus_tables::Label;
use proptest::prelude::*;

use super::*;

fn vni(number: u32) -> Vni {
    Vni::new(number).expect("a VNI")
}

fn vtep(number: u8) -> IpAddr {
    Ipv4Addr::new(172, 16, 0, number).into()
}

fn net(host: u8, length: u8) -> IpNet {
    Ipv4Net::new(Ipv4Addr::new(10, 0, 0, host), length)
        .expect("a length")
        .trunc()
        .into()
}

/// Changes among few keys, so that they meet.
fn change() -> impl Strategy<Value = EntryChange> {
    let length = prop_oneof![Just(28u8), Just(30), Just(32)];
    let route = (
        1u32..4,
        0u8..32,
        length.clone(),
        proptest::option::of((1u32..4, 0u8..2)),
    )
        .prop_map(|(from, host, length, target)| {
            let target = target.map(|(peer, name)| RouteTarget {
                peer_vni: vni(peer),
                peering: Arc::new(ObjectName {
                    namespace: "n".into(),
                    name: format!("p{name}"),
                }),
            });
            EntryChange::Route(
                RouteKey {
                    vni: vni(from),
                    prefix: net(host, length),
                },
                target,
            )
        });
    let member = (
        1u32..4,
        0u8..32,
        length,
        proptest::option::of((0u8..3, 1u8..4)),
    )
        .prop_map(|(of, host, length, target)| {
            let target = target.map(|(mac, hypervisor)| MemberTarget {
                mac: MacAddress::new([2, 0, 0, 0, 0, mac]).expect("a MAC"),
                hypervisor: vtep(hypervisor),
            });
            EntryChange::Member(
                MemberKey {
                    vni: vni(of),
                    prefix: net(host, length),
                },
                target,
            )
        });
    prop_oneof![route, member]
}

fn desired(changes: &[EntryChange]) -> Desired {
    let mut desired = Desired::default();
    for change in changes {
        desired.apply(change, &mut Touched::default());
    }
    desired
}

/// What a dataplane holds once it holds what is desired.
fn reached(desired: &Desired) -> Observed {
    let mut dataplane = FakeDataplane::default();
    let outcome = execute(&plan(desired, &Observed::default()), &mut dataplane).expect("fake");
    assert!(outcome.failures.is_empty(), "{:?}", outcome.failures);
    dataplane.state
}

/// Things that no plan of ours leaves behind.
fn litter(mut observed: Observed, which: u8) -> Observed {
    let label = Label {
        vni: 3,
        peer_vni: 9,
        name: "gone/gone".into(),
    };
    if which & 1 != 0 {
        observed.labels.insert(label);
        observed.hypervisors.insert(vtep(200));
    }
    if which & 2 != 0 {
        let id = MemberId {
            vni: 0x0100_0000,
            prefix: net(1, 32),
        };
        observed.members.insert(id, (0, None));
    }
    if which & 4 != 0 {
        observed.routes.insert(2, Routes::default());
        observed.members.insert(
            MemberId {
                vni: 1,
                prefix: net(0, 32),
            },
            (7, None),
        );
    }
    observed
}

/// Where routes lead each address that the changes are about.
fn reach(observed: &Observed, from: u32, host: u8) -> Option<u32> {
    let address = Ipv4Addr::new(10, 0, 0, host).into();
    Some(observed.routes.get(&from)?.block().find(address)?.peer_vni)
}

proptest! {
    #[test]
    fn a_second_plan_is_empty(
        old in proptest::collection::vec(change(), 0..40),
        new in proptest::collection::vec(change(), 0..40),
        garbage in 0u8..8,
    ) {
        let wanted = desired(&new);
        let mut dataplane = FakeDataplane::with_state(litter(reached(&desired(&old)), garbage));
        let first = plan(&wanted, &dataplane.state);
        let outcome = execute(&first, &mut dataplane).expect("fake");
        prop_assert!(outcome.failures.is_empty(), "{:?}", outcome.failures);
        prop_assert!(plan(&wanted, &dataplane.state).is_empty());
        prop_assert_eq!(dataplane.state, reached(&wanted));
    }

    #[test]
    fn a_plan_for_what_changed_ends_where_a_full_plan_does(
        old in proptest::collection::vec(change(), 0..40),
        new in proptest::collection::vec(change(), 0..20),
    ) {
        let mut wanted = desired(&old);
        let mut dataplane = FakeDataplane::with_state(reached(&wanted));
        let mut touched = Touched::default();
        for change in &new {
            wanted.apply(change, &mut touched);
        }
        let plan = plan_touched(&wanted, &dataplane.state, &touched);
        execute(&plan, &mut dataplane).expect("fake");
        prop_assert_eq!(dataplane.state, reached(&wanted));
    }

    #[test]
    fn wherever_a_plan_stops_routes_lead_where_the_old_or_the_new_ones_do(
        old in proptest::collection::vec(change(), 0..40),
        new in proptest::collection::vec(change(), 0..40),
        stop in any::<prop::sample::Index>(),
    ) {
        let (before, wanted) = (reached(&desired(&old)), desired(&new));
        let after = reached(&wanted);
        let mut whole = plan(&wanted, &before);
        whole.operations.truncate(stop.index(whole.operations.len() + 1));
        let mut dataplane = FakeDataplane::with_state(before.clone());
        execute(&whole, &mut dataplane).expect("fake");
        for (from, host) in (1..4).flat_map(|from| (0..32).map(move |host| (from, host))) {
            let now = reach(&dataplane.state, from, host);
            prop_assert!(
                now.is_none() || now == reach(&before, from, host) || now == reach(&after, from, host)
            );
        }
    }
}

#[test]
fn what_a_full_table_does_not_take_is_named_and_the_rest_is_in_place() {
    let member = |host| {
        EntryChange::Member(
            MemberKey {
                vni: vni(1),
                prefix: net(host, 32),
            },
            Some(MemberTarget {
                mac: MacAddress::new([2, 0, 0, 0, 0, 1]).expect("a MAC"),
                hypervisor: vtep(1),
            }),
        )
    };
    let wanted = desired(&[member(2), member(3), member(4)]);
    let mut dataplane = FakeDataplane::default();
    dataplane.capacities.members = 2;
    let outcome = execute(&plan(&wanted, &Observed::default()), &mut dataplane).expect("fake");
    assert_eq!(outcome.failures.len(), 1);
    assert!(matches!(outcome.failures[0].entry, Entry::Member(_)));
    assert_eq!(
        outcome.failures[0].error.full_table(),
        Some(isthmus_tables::Table::MembersV4)
    );
    assert_eq!(dataplane.state.members.len(), 2);
}
