//! Members that come and go in crowds, so that slices are merged, while others
//! stay: no gateway loses one that stays for a moment.

use std::collections::BTreeSet;

use isthmus_compiler::slices::{PlannedWrite, SliceKey, SliceKind};
use isthmus_compiler::{MemberKey, Object};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::cluster::{Cluster, Contents, Store};
use crate::gateway::{Event, Gateway, Peered, events};
use crate::objects::{numbered, reference, vpc};

const MEMBERS: u32 = 24;

#[derive(Clone, Debug)]
enum Step {
    Fill,
    /// All go but those that stay.
    Thin,
    /// One comes or goes.
    Toggle(u32),
    Plan(usize),
    Land(usize),
    Lose(usize),
    Fail(usize),
    Restart,
    Watch(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        1 => Just(Step::Fill),
        2 => Just(Step::Thin),
        4 => (0..MEMBERS).prop_map(Step::Toggle),
        6 => (1..9usize).prop_map(Step::Plan),
        12 => any::<usize>().prop_map(Step::Land),
        1 => any::<usize>().prop_map(Step::Lose),
        1 => any::<usize>().prop_map(Step::Fail),
        1 => Just(Step::Restart),
        6 => (1..5usize).prop_map(Step::Watch),
    ]
}

/// One of each slice of four, as they are filled at first.
const fn stays(i: u32) -> bool {
    i % 4 == 1
}

struct Crowd {
    cluster: Cluster,
    there: BTreeSet<u32>,
    flights: Vec<PlannedWrite>,
    watch: Vec<Event>,
    gateway: Gateway,
    merges: usize,
}

impl Crowd {
    fn new() -> Self {
        let blue: Object = vpc("team-a/blue", 1, 1, "10.1.0.0/16", "default").into();
        let members = (0..MEMBERS).map(|i| numbered("blue", 1, i).into());
        let cluster = Cluster::new([blue].into_iter().chain(members));
        let mut gateway = Gateway::new(None);
        gateway.list(
            &cluster.store,
            SliceKind::Forwarding,
            usize::MAX,
            &Peered::new(),
        );
        Self {
            cluster,
            there: (0..MEMBERS).collect(),
            flights: Vec::new(),
            watch: Vec::new(),
            gateway,
            merges: 0,
        }
    }

    fn set(&mut self, i: u32, is_there: bool) {
        let member = numbered("blue", 1, i);
        if is_there && self.there.insert(i) {
            self.cluster.apply(member);
        } else if !is_there && !stays(i) && self.there.remove(&i) {
            self.cluster.delete(&reference(member));
        }
    }

    fn step(&mut self, step: &Step) {
        let before = self.cluster.store.clone();
        match step {
            Step::Fill => (0..MEMBERS).for_each(|i| self.set(i, true)),
            Step::Thin => (0..MEMBERS).for_each(|i| self.set(i, false)),
            Step::Toggle(i) => self.set(*i, !self.there.contains(i)),
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
            Step::Restart => {
                self.flights.clear();
                self.cluster.restart();
            }
            Step::Watch(count) => self.deliver(*count),
        }
        self.cluster.ledger.remember(&self.cluster.store);
        self.record(&before);
    }

    fn record(&mut self, before: &Store) {
        self.watch.extend(events(before, &self.cluster.store));
        let slices = self.cluster.store.forwarding.values();
        let members = slices.flat_map(|slice| &slice.spec.members);
        let names: Vec<_> = members.map(|member| &member.name).collect();
        let distinct: BTreeSet<_> = names.iter().collect();
        self.merges += usize::from(distinct.len() < names.len());
    }

    fn take(&mut self, which: usize) -> Option<PlannedWrite> {
        let at = which.checked_rem(self.flights.len())?;
        Some(self.flights.remove(at))
    }

    fn land(&mut self, planned: &PlannedWrite) {
        if self.cluster.land(planned).is_err() {
            self.cluster.slicer.failed(&planned.write.key());
            let (store, slicer) = (&self.cluster.store, &mut self.cluster.slicer);
            let gone: Vec<SliceKey> = slicer.known().filter(|key| !store.has(key)).collect();
            for key in gone {
                slicer.observe_gone(&key, None);
            }
            store.observed_by(slicer);
        }
    }

    /// So many events; none takes away a member that stays.
    fn deliver(&mut self, count: usize) {
        let count = count.min(self.watch.len());
        for event in self.watch.drain(..count).collect::<Vec<_>>() {
            self.gateway.take(&event, &Peered::new());
            for i in (0..MEMBERS).filter(|i| stays(*i)) {
                let key = MemberKey {
                    vni: isthmus_crds::Vni::new(1).expect("a VNI"),
                    prefix: numbered("blue", 1, i).spec.addresses[0].into(),
                };
                assert!(self.gateway.entries.members.contains_key(&key), "{key:?}");
            }
        }
    }

    fn finish(&mut self) {
        let before = self.cluster.store.clone();
        for planned in std::mem::take(&mut self.flights) {
            self.land(&planned);
        }
        self.cluster
            .store
            .clone()
            .observed_by(&mut self.cluster.slicer);
        self.record(&before);
        for _ in 0..100 {
            let before = self.cluster.store.clone();
            let plan = self.cluster.plan();
            if plan.is_empty() {
                break;
            }
            for planned in &plan.writes {
                self.land(planned);
            }
            self.record(&before);
        }
        self.cluster.settle();
        self.deliver(usize::MAX);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_member_that_stays_is_an_entry_through_every_merge(steps in vec(step(), 1..120)) {
        let mut crowd = Crowd::new();
        steps.iter().for_each(|step| crowd.step(step));
        crowd.finish();
        prop_assert_eq!(&crowd.gateway.entries, &Contents::of(&crowd.cluster.compiler));
        // No more than twice the slices that are needed, whatever happened.
        let needed = crowd.there.len().div_ceil(4);
        prop_assert!(crowd.cluster.store.forwarding.len() <= 2 * needed);
    }
}

#[test]
fn a_crowd_that_thins_out_is_merged_step_by_step() {
    let mut crowd = Crowd::new();
    crowd.step(&Step::Thin);
    crowd.finish();
    assert!(crowd.merges > 0, "an entry was in two slices for a while");
    // Six members need two slices, and have no more than twice as many.
    assert_eq!(crowd.cluster.store.forwarding.len(), 4);
}
