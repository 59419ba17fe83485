//! What gateways make of the operator's writes, however late and in whatever
//! order the two watches tell of them.

use std::collections::BTreeSet;

use isthmus_compiler::slices::SliceKind;
use isthmus_compiler::{Compiler, Kind};
use isthmus_crds::Vni;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::cluster::{Contents, Store};
use crate::gateway::{Event, Gateway, Peered, events};
use crate::histories::{Run, Step, step};

#[derive(Clone, Debug)]
enum Delivery {
    Step(Step),
    /// So many events of a watch.
    Watch(SliceKind, usize),
    /// A list that is broken off after so many slices.
    PartOfList(SliceKind, usize),
    List(SliceKind),
}

fn kind() -> impl Strategy<Value = SliceKind> {
    select(&[SliceKind::Forwarding, SliceKind::Peering][..])
}

fn delivery() -> impl Strategy<Value = Delivery> {
    prop_oneof![
        10 => step().prop_map(Delivery::Step),
        4 => (kind(), 1..6usize).prop_map(|(kind, count)| Delivery::Watch(kind, count)),
        1 => (kind(), 0..4usize).prop_map(|(kind, count)| Delivery::PartOfList(kind, count)),
        1 => kind().prop_map(Delivery::List),
    ]
}

/// Events of each kind, and how many of them were told.
#[derive(Default)]
struct Watches {
    forwarding: (Vec<Event>, usize),
    peering: (Vec<Event>, usize),
}

impl Watches {
    fn of(&mut self, kind: SliceKind) -> &mut (Vec<Event>, usize) {
        match kind {
            SliceKind::Forwarding => &mut self.forwarding,
            SliceKind::Peering => &mut self.peering,
        }
    }

    fn record(&mut self, old: &Store, new: &Store) {
        for event in events(old, new) {
            let kind = match event {
                Event::Forwarding(..) => SliceKind::Forwarding,
                Event::Peering(..) => SliceKind::Peering,
            };
            self.of(kind).0.push(event);
        }
    }
}

/// UIDs of the VPCs that are peered.
fn peered(compiler: &Compiler) -> Peered {
    let vpcs = compiler.verdicts().into_keys();
    let vpcs = vpcs.filter(|object| object.kind == Kind::Vpc);
    vpcs.filter_map(|object| Some((compiler.vpc(&object.name)?.uid, object.name)))
        .flat_map(|(uid, name)| {
            let peers = compiler.peers(&name);
            let peers = peers.filter_map(|peer| compiler.vpc(&peer.vpc));
            peers
                .map(move |peer| (uid.clone(), peer.uid))
                .collect::<Vec<_>>()
        })
        .collect()
}

/// What a gateway of a pool is to have: the VPCs of its pool and their peers;
/// of routes, those that lead to members.
fn expected(compiler: &Compiler, pool: Option<&str>) -> Contents {
    let vpcs = compiler.verdicts().into_keys();
    let vpcs = vpcs.filter(|object| object.kind == Kind::Vpc);
    let needed: BTreeSet<Vni> = vpcs
        .filter_map(|object| {
            let vpc = compiler.vpc(&object.name)?;
            let is_in = |of: &str| pool.is_none_or(|pool| pool == of);
            let mut peers = compiler.peers(&object.name);
            let by_peer = peers.any(|peer| {
                let peer = compiler.vpc(&peer.vpc);
                peer.is_some_and(|peer| is_in(&peer.pool))
            });
            (is_in(&vpc.pool) || by_peer).then_some(vpc.vni)
        })
        .collect();
    let all = Contents::of(compiler);
    let members = all.members.into_iter();
    let members: Vec<_> = members
        .filter(|(key, _)| needed.contains(&key.vni))
        .collect();
    let has_members = |vni: Vni| members.iter().any(|(key, _)| key.vni == vni);
    let routes = all.routes.into_iter();
    let routes = routes
        .filter(|(key, target)| needed.contains(&key.vni) && has_members(target.peer_vni))
        .collect();
    Contents {
        routes,
        members: members.into_iter().collect(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn entries_end_as_the_compiler_says_and_never_join_vpcs_that_were_not_peered(
        deliveries in vec(delivery(), 1..100),
        pool in select(&[None, Some("east"), Some("west")][..]),
    ) {
        let mut run = Run::new();
        let mut gateway = Gateway::new(pool);
        let mut watches = Watches::default();
        watches.record(&Store::default(), &run.cluster.store);
        let mut ever = peered(&run.cluster.compiler);
        for delivery in &deliveries {
            match delivery {
                Delivery::Step(step) => {
                    let before = run.cluster.store.clone();
                    run.step(step);
                    watches.record(&before, &run.cluster.store);
                    ever.extend(peered(&run.cluster.compiler));
                }
                Delivery::Watch(kind, count) => {
                    let (events, told) = watches.of(*kind);
                    for event in events.iter().skip(*told).take(*count) {
                        gateway.take(event, &ever);
                        *told += 1;
                    }
                }
                Delivery::PartOfList(kind, count) => {
                    // The watch goes on from where it was only after a list.
                    gateway.list(&run.cluster.store, *kind, *count, &ever);
                    gateway.list(&run.cluster.store, *kind, usize::MAX, &ever);
                    gateway.end_list(&run.cluster.store, *kind, &ever);
                    let (events, told) = watches.of(*kind);
                    *told = events.len();
                }
                Delivery::List(kind) => {
                    gateway.list(&run.cluster.store, *kind, usize::MAX, &ever);
                    gateway.end_list(&run.cluster.store, *kind, &ever);
                    let (events, told) = watches.of(*kind);
                    *told = events.len();
                }
            }
        }
        let before = run.cluster.store.clone();
        run.finish();
        watches.record(&before, &run.cluster.store);
        for kind in [SliceKind::Peering, SliceKind::Forwarding] {
            let (events, told) = watches.of(kind);
            for event in events.iter().skip(*told) {
                gateway.take(event, &ever);
            }
        }
        prop_assert_eq!(&gateway.entries, &expected(&run.cluster.compiler, pool));
    }
}
