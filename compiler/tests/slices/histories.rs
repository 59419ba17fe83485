//! Random histories: of users, of the answers to writes, of restarts and of
//! hands that edit slices.

use std::collections::BTreeSet;

use ipnet::IpNet;
use isthmus_compiler::slices::{PlannedWrite, SliceKey};
use isthmus_crds::SliceMember;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::api::{Api, Wish, wish};
use crate::cluster::{Cluster, LIMITS, Store};

/// Something that happens. Numbers pick from what there is.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Wish(Wish),
    Plan(usize),
    /// A write succeeds and is answered.
    Land(usize),
    /// It succeeds, and the answer is lost.
    Lose(usize),
    Fail(usize),
    /// The watch catches up.
    Watch,
    Restart,
    Edit(usize, Edit),
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Edit {
    Empty,
    Unlabel,
    Move,
    Delete,
}

pub(crate) fn step() -> impl Strategy<Value = Step> {
    let edit = prop_oneof![
        Just(Edit::Empty),
        Just(Edit::Unlabel),
        Just(Edit::Move),
        Just(Edit::Delete)
    ];
    prop_oneof![
        8 => wish().prop_map(Step::Wish),
        4 => (1..6usize).prop_map(Step::Plan),
        8 => any::<usize>().prop_map(Step::Land),
        1 => any::<usize>().prop_map(Step::Lose),
        1 => any::<usize>().prop_map(Step::Fail),
        1 => Just(Step::Watch),
        1 => Just(Step::Restart),
        1 => (any::<usize>(), edit).prop_map(|(i, edit)| Step::Edit(i, edit)),
    ]
}

pub(crate) struct Run {
    api: Api,
    pub(crate) cluster: Cluster,
    flights: Vec<PlannedWrite>,
}

impl Run {
    pub(crate) fn new() -> Self {
        let mut cluster = Cluster::new([]);
        let (api, events) = Api::populated();
        cluster.apply_all(events);
        cluster.settle();
        Self {
            api,
            cluster,
            flights: Vec::new(),
        }
    }

    pub(crate) fn step(&mut self, step: &Step) {
        match step {
            Step::Wish(wish) => {
                let events = self.api.carry_out(wish);
                self.cluster.apply_all(events);
            }
            Step::Plan(max) => {
                let plan = self.cluster.plan_some(*max);
                self.flights.extend(plan.writes);
            }
            Step::Land(which) => {
                if let Some(planned) = self.take(*which) {
                    self.land(&planned);
                }
            }
            Step::Lose(which) => {
                if let Some(planned) = self.take(*which) {
                    drop(self.cluster.store.write(&planned.write));
                    self.cluster.slicer.failed(&planned.write.key());
                }
            }
            Step::Fail(which) => {
                if let Some(planned) = self.take(*which) {
                    self.cluster.slicer.failed(&planned.write.key());
                }
            }
            Step::Watch => self.watch(),
            Step::Restart => {
                self.flights.clear();
                self.cluster.restart();
            }
            Step::Edit(which, edit) => self.edit(*which, *edit),
        }
        self.cluster.ledger.remember(&self.cluster.store);
    }

    /// What is on its way arrives, the watch catches up, and all is written.
    pub(crate) fn finish(&mut self) {
        for planned in std::mem::take(&mut self.flights) {
            self.land(&planned);
        }
        self.watch();
        self.cluster.settle();
    }

    fn take(&mut self, which: usize) -> Option<PlannedWrite> {
        let at = which.checked_rem(self.flights.len())?;
        Some(self.flights.remove(at))
    }

    fn land(&mut self, planned: &PlannedWrite) {
        if self.cluster.land(planned).is_err() {
            self.cluster.slicer.failed(&planned.write.key());
            self.watch();
        }
    }

    fn watch(&mut self) {
        let (store, slicer) = (&self.cluster.store, &mut self.cluster.slicer);
        let gone: Vec<SliceKey> = slicer.known().filter(|key| !store.has(key)).collect();
        for key in gone {
            slicer.observe_gone(&key, None);
        }
        store.observed_by(slicer);
    }

    fn edit(&mut self, which: usize, edit: Edit) {
        let store = &mut self.cluster.store;
        store.version += 1;
        let version = Some(store.version.to_string());
        let count = store.forwarding.len();
        let Some(at) = which.checked_rem(count + store.peering.len()) else {
            return;
        };
        if let Some(name) = store.peering.keys().nth(at.wrapping_sub(count)).cloned() {
            let Some(slice) = store.peering.get_mut(&name) else {
                return;
            };
            match edit {
                Edit::Unlabel => slice.metadata.labels = None,
                Edit::Empty => slice.spec.routes.clear(),
                Edit::Move => slice.spec.routes.reverse(),
                Edit::Delete => drop(store.peering.remove(&name)),
            }
            if let Some(slice) = store.peering.get_mut(&name) {
                slice.metadata.resource_version = version.clone();
            }
        }
        if let Some(name) = store.forwarding.keys().nth(at).cloned() {
            let Some(slice) = store.forwarding.get_mut(&name) else {
                return;
            };
            match edit {
                Edit::Unlabel => slice.metadata.labels = None,
                Edit::Empty => slice.spec.members.clear(),
                Edit::Move => {
                    if let Some(member) = slice.spec.members.first_mut() {
                        member.hypervisor = [172, 16, 9, 9].into();
                    }
                }
                Edit::Delete => drop(store.forwarding.remove(&name)),
            }
            if let Some(slice) = store.forwarding.get_mut(&name) {
                slice.metadata.resource_version = version;
            }
        }
    }

    fn no_slice_is_too_large(&self) {
        for slice in self.cluster.store.forwarding.values() {
            assert!(slice.spec.members.len() <= LIMITS.members, "{slice:?}");
        }
        for slice in self.cluster.store.peering.values() {
            assert!(slice.spec.routes.len() <= LIMITS.routes, "{slice:?}");
        }
    }
}

/// Own UID, prefix, peer's UID.
type Route = (String, IpNet, String);

fn routes(store: &Store) -> BTreeSet<Route> {
    let slices = store.peering.values();
    slices
        .flat_map(|slice| {
            let routes = slice.spec.routes.iter();
            routes.map(|route| {
                (
                    slice.spec.vpc.uid.clone(),
                    route.prefix.net(),
                    route.peer_uid.clone(),
                )
            })
        })
        .collect()
}

/// UID of the VPC, and the member.
fn members(store: &Store) -> BTreeSet<(String, SliceMember)> {
    let slices = store.forwarding.values();
    slices
        .flat_map(|slice| {
            let members = slice.spec.members.iter().cloned();
            members.map(|member| (slice.spec.vpc.uid.clone(), member))
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn slices_end_as_the_compiler_says_whatever_became_of_writes(steps in vec(step(), 1..80)) {
        let mut run = Run::new();
        for step in &steps {
            run.step(step);
            run.no_slice_is_too_large();
        }
        run.finish();
        // What is settled stays so, also for another operator.
        prop_assert!(run.cluster.plan().is_empty());
        run.cluster.restart();
        prop_assert_eq!(run.cluster.plan().writes, []);
    }

    #[test]
    fn no_write_shows_what_neither_state_has_or_hides_what_both_have(
        batches in vec(vec(wish(), 1..8), 1..12),
    ) {
        let mut run = Run::new();
        for batch in &batches {
            let (old, objects) = (run.cluster.store.clone(), run.api.member_uids());
            let events: Vec<_> = batch.iter().flat_map(|wish| run.api.carry_out(wish)).collect();
            run.cluster.apply_all(events);
            let mut stores = Vec::new();
            loop {
                let plan = run.cluster.plan();
                if plan.is_empty() {
                    break;
                }
                for planned in plan.writes {
                    run.cluster.land(&planned).expect("no conflict");
                    stores.push(run.cluster.store.clone());
                }
            }
            run.cluster.settle();
            let new = run.cluster.store.clone();
            let (old_routes, new_routes) = (routes(&old), routes(&new));
            let (old_members, new_members) = (members(&old), members(&new));
            let same_objects = run.api.member_uids();
            let is_same = |member: &SliceMember| {
                let all = objects.iter().filter(|(name, _)| name.name.name == member.name);
                all.into_iter().all(|(name, uid)| same_objects.get(name) == Some(uid))
            };
            for between in &stores {
                let (shown, there) = (routes(between), members(between));
                for route in &shown {
                    prop_assert!(
                        old_routes.contains(route) || new_routes.contains(route),
                        "{route:?} is of neither state"
                    );
                }
                for member in &there {
                    prop_assert!(
                        old_members.contains(member) || new_members.contains(member),
                        "{member:?} is of neither state"
                    );
                }
                for route in old_routes.intersection(&new_routes) {
                    prop_assert!(shown.contains(route), "{route:?} is gone for a while");
                }
                for member in old_members.intersection(&new_members) {
                    prop_assert!(
                        there.contains(member) || !is_same(&member.1),
                        "{member:?} is gone for a while"
                    );
                }
            }
        }
    }
}
