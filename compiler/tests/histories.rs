//! Random histories over a small universe, where conflicts abound.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

use isthmus_compiler::{
    Changes, Compiler, EntryChange, Event, Kind, MemberKey, MemberTarget, Object, ObjectName,
    ObjectRef, RouteKey, RouteTarget, Verdict, VpcCounts,
};
use isthmus_crds::Vni;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

const CIDRS: &[&str] = &[
    "10.0.0.0/24",
    "10.0.0.0/28",
    "10.0.1.0/24",
    "10.0.2.0/24",
    "10.0.0.0/22",
    "fd00::/64",
    "fd01::/64",
    "10.0.3.0/31",
];
const ADDRESSES: &[&str] = &[
    "10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.1.2", "10.0.2.2", "fd00::2", "fd01::2",
];
const PREFIXES: &[&str] = &[
    "10.0.0.0/30",
    "10.0.0.2/32",
    "10.0.0.8/29",
    "10.0.1.128/25",
    "fd00::8/125",
    "10.9.0.0/16",
];

fn list(items: &[&str]) -> String {
    let quoted: Vec<_> = items.iter().map(|item| format!("'{item}'")).collect();
    format!("[{}]", quoted.join(", "))
}

/// Namespace, and a creation time or none.
fn place() -> impl Strategy<Value = (&'static str, String)> {
    let created = prop_oneof![
        1 => Just(String::new()),
        4 => (0..4u8).prop_map(|s| format!(", creationTimestamp: '2026-01-01T00:00:0{s}Z'")),
    ];
    let uid = prop_oneof![
        Just(String::new()),
        (0..4u8).prop_map(|u| format!(", uid: 'u{u}'"))
    ];
    (select(&["a", "b"][..]), created, uid).prop_map(|(ns, created, uid)| (ns, created + &uid))
}

fn vpc() -> impl Strategy<Value = Object> {
    (0..3u8, place(), 1..4u8, subsequence(CIDRS, 1..3)).prop_map(
        |(name, (ns, meta), vni, cidrs)| {
            let text = format!(
            "{{metadata: {{name: v{name}, namespace: {ns}{meta}}}, apiVersion: isthmus.dev/v1alpha1,
              kind: Vpc, spec: {{vni: {vni}, cidrs: {}}}}}",
            list(&cidrs)
        );
            serde_yaml::from_str::<isthmus_crds::Vpc>(&text)
                .expect("a Vpc")
                .into()
        },
    )
}

fn member() -> impl Strategy<Value = Object> {
    let nets = (subsequence(ADDRESSES, 1..3), subsequence(PREFIXES, 0..2));
    (0..5u8, place(), 0..3u8, nets, 1..3u8).prop_map(|(name, (ns, meta), vpc, nets, host)| {
        let text = format!(
            "{{metadata: {{name: m{name}, namespace: {ns}{meta}}}, apiVersion: isthmus.dev/v1alpha1,
              kind: VpcMember, spec: {{vpc: v{vpc}, addresses: {}, prefixes: {},
              mac: '02:00:00:00:00:0{host}', hypervisor: 172.16.0.{host}}}}}",
            list(&nets.0),
            list(&nets.1)
        );
        serde_yaml::from_str::<isthmus_crds::VpcMember>(&text)
            .expect("a VpcMember")
            .into()
    })
}

fn peering() -> impl Strategy<Value = Object> {
    let prefixes = |field: &'static str| {
        prop_oneof![
            2 => Just(String::new()),
            1 => subsequence(CIDRS, 1..3).prop_map(move |nets| format!(", {field}: {}", list(&nets))),
        ]
    };
    let peer = (0..3u8, select(&["a", "b"][..]));
    let lists = (prefixes("exportPrefixes"), prefixes("importPrefixes"));
    (0..5u8, place(), 0..3u8, peer, lists).prop_map(|(name, (ns, meta), vpc, peer, lists)| {
        let text = format!(
            "{{metadata: {{name: p{name}, namespace: {ns}{meta}}}, apiVersion: isthmus.dev/v1alpha1,
              kind: VpcPeering, spec: {{vpc: v{vpc}, peer: {{name: v{}, namespace: {}}}{}{}}}}}",
            peer.0, peer.1, lists.0, lists.1
        );
        serde_yaml::from_str::<isthmus_crds::VpcPeering>(&text)
            .expect("a VpcPeering")
            .into()
    })
}

fn event() -> impl Strategy<Value = Event> {
    let object = || prop_oneof![3 => vpc(), 4 => member(), 5 => peering()];
    prop_oneof![
        5 => object().prop_map(Event::Apply),
        1 => object().prop_map(|object| Event::Delete(object.reference())),
    ]
}

#[derive(Debug, Default, PartialEq)]
struct State {
    verdicts: BTreeMap<ObjectRef, Verdict>,
    routes: BTreeMap<RouteKey, RouteTarget>,
    members: BTreeMap<MemberKey, MemberTarget>,
}

impl State {
    fn of(compiler: &Compiler) -> Self {
        let (routes, members): (Vec<_>, Vec<_>) =
            (compiler.routes().collect(), compiler.members().collect());
        let state = Self {
            verdicts: compiler.verdicts(),
            routes: routes.iter().cloned().collect(),
            members: members.iter().copied().collect(),
        };
        assert_eq!(
            state.routes.len(),
            routes.len(),
            "a route key is there twice"
        );
        assert_eq!(
            state.members.len(),
            members.len(),
            "a member key is there twice"
        );
        state
    }

    fn carry_out(&mut self, changes: Changes) {
        assert_keys_differ(&changes.entries);
        for entry in &changes.entries {
            self.carry_out_entry(entry);
        }
        for (object, verdict) in changes.verdicts {
            assert_ne!(
                self.verdicts.get(&object),
                verdict.as_ref(),
                "{object} does not change"
            );
            match verdict {
                Some(verdict) => drop(self.verdicts.insert(object, verdict)),
                None => drop(self.verdicts.remove(&object)),
            }
        }
    }

    fn carry_out_entry(&mut self, entry: &EntryChange) {
        match entry {
            EntryChange::Route(key, target) => change(&mut self.routes, *key, target.clone()),
            EntryChange::Member(key, target) => change(&mut self.members, *key, *target),
        }
    }

    fn has_route(&self, (key, target): (&RouteKey, &RouteTarget)) -> bool {
        self.routes.get(key) == Some(target)
    }

    fn has_member(&self, (key, target): (&MemberKey, &MemberTarget)) -> bool {
        self.members.get(key) == Some(target)
    }
}

fn change<K: Ord + Debug, V: PartialEq + Debug>(
    entries: &mut BTreeMap<K, V>,
    key: K,
    target: Option<V>,
) {
    assert_ne!(
        entries.get(&key),
        target.as_ref(),
        "{key:?} does not change"
    );
    match target {
        Some(target) => drop(entries.insert(key, target)),
        None => drop(entries.remove(&key)),
    }
}

fn assert_keys_differ(entries: &[EntryChange]) {
    let (mut routes, mut members) = (BTreeSet::new(), BTreeSet::new());
    for entry in entries {
        let is_new = match entry {
            EntryChange::Route(key, _) => routes.insert(*key),
            EntryChange::Member(key, _) => members.insert(*key),
        };
        assert!(is_new, "{entry:?}: the key changes twice");
    }
}

/// The desired state before an event and after it, and who holds each VNI.
struct Step {
    before: State,
    after: State,
    holders: [BTreeMap<Vni, ObjectRef>; 2],
}

impl Step {
    /// Whether what a gateway holds between two entries lets no packet through
    /// that neither state lets through.
    fn explains(&self, between: &State) -> Result<(), TestCaseError> {
        for route in &between.routes {
            prop_assert!(
                self.before.has_route(route) || self.after.has_route(route),
                "{route:?} is of neither state"
            );
        }
        for member in &between.members {
            prop_assert!(
                self.before.has_member(member) || self.after.has_member(member),
                "{member:?} is of neither state"
            );
        }
        let [old, new] = &self.holders;
        let passes = |vni: &Vni| old.get(vni) != new.get(vni);
        for route @ (from, to) in &between.routes {
            if !passes(&from.vni) && !passes(&to.peer_vni) {
                continue;
            }
            for member @ (at, _) in &between.members {
                if at.vni != to.peer_vni && at.vni != from.vni {
                    continue;
                }
                let met = [&self.before, &self.after]
                    .iter()
                    .any(|state| state.has_route(route) && state.has_member(member));
                prop_assert!(met, "{route:?} never met {member:?}");
            }
        }
        Ok(())
    }
}

fn holders(objects: &[Object], state: &State) -> BTreeMap<Vni, ObjectRef> {
    let vpcs = objects.iter().filter_map(|object| match object {
        Object::Vpc(vpc) => Some((vpc.spec.vni, object.reference())),
        _ => None,
    });
    vpcs.filter(|(_, vpc)| state.verdicts.get(vpc).is_some_and(Verdict::is_accepted))
        .collect()
}

fn counts_of(compiler: &Compiler) -> BTreeMap<ObjectName, VpcCounts> {
    let vpcs = compiler.verdicts().into_keys();
    let vpcs = vpcs.filter(|object| object.kind == Kind::Vpc);
    vpcs.filter_map(|vpc| Some((vpc.name.clone(), compiler.vpc_counts(&vpc.name)?)))
        .collect()
}

fn survivors(events: &[Event]) -> Vec<Object> {
    let mut objects = BTreeMap::new();
    for event in events {
        match event {
            Event::Apply(object) => drop(objects.insert(object.reference(), object.clone())),
            Event::Delete(object) => drop(objects.remove(object)),
        }
    }
    objects.into_values().collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn incremental_equals_from_scratch_in_any_order(
        events in vec(event(), 1..60),
        seed in any::<u64>(),
    ) {
        let mut compiler = Compiler::new();
        let mut followed = State::default();
        let mut counts = counts_of(&compiler);
        for event in &events {
            let mut resized = BTreeSet::new();
            for changes in compiler.apply_all([event.clone()]) {
                resized.extend(changes.resized.clone());
                followed.carry_out(changes);
            }
            prop_assert_eq!(&followed, &State::of(&compiler));
            let before = std::mem::replace(&mut counts, counts_of(&compiler));
            for vpc in before.keys().chain(counts.keys()) {
                prop_assert!(before.get(vpc) == counts.get(vpc) || resized.contains(vpc));
            }
        }

        let mut objects = survivors(&events);
        // A permutation that differs from case to case.
        objects.sort_by_key(|object| {
            use std::hash::{DefaultHasher, Hash, Hasher};
            let mut hasher = DefaultHasher::new();
            (seed, object.reference()).hash(&mut hasher);
            hasher.finish()
        });
        let mut scratch = Compiler::new();
        for object in objects {
            scratch.apply(object);
        }
        prop_assert_eq!(&followed, &State::of(&scratch));
        prop_assert_eq!(counts, counts_of(&scratch));
    }

    #[test]
    fn a_batch_ends_where_single_events_end(events in vec(event(), 1..60), cut in 1..59usize) {
        let mut single = Compiler::new();
        for event in &events {
            match event.clone() {
                Event::Apply(object) => single.apply(object),
                Event::Delete(object) => single.delete(&object),
            };
        }
        let mut batched = Compiler::new();
        let mut followed = State::default();
        for batch in events.chunks(cut) {
            for changes in batched.apply_all(batch.iter().cloned()) {
                followed.carry_out(changes);
            }
        }
        prop_assert_eq!(&followed, &State::of(&batched));
        prop_assert_eq!(&followed, &State::of(&single));
    }

    #[test]
    fn every_entry_that_is_carried_out_leaves_what_the_state_before_or_after_explains(
        events in vec(event(), 1..60),
    ) {
        let mut compiler = Compiler::new();
        let mut between = State::default();
        for (i, event) in events.iter().enumerate() {
            let before = State::of(&compiler);
            let all = compiler.apply_all([event.clone()]);
            let after = State::of(&compiler);
            let holders = [
                holders(&survivors(&events[..i]), &before),
                holders(&survivors(&events[..=i]), &after),
            ];
            let step = Step { before, after, holders };
            for changes in all {
                assert_keys_differ(&changes.entries);
                for entry in &changes.entries {
                    between.carry_out_entry(entry);
                    step.explains(&between)?;
                }
            }
            prop_assert_eq!(&between.routes, &step.after.routes);
            prop_assert_eq!(&between.members, &step.after.members);
        }
    }

    #[test]
    fn every_route_leads_to_an_accepted_pair_and_back_to_nothing_else(
        events in vec(event(), 1..60),
    ) {
        let mut compiler = Compiler::new();
        compiler.apply_all(events);
        for (_, target) in compiler.routes() {
            let name = &*target.peering;
            let verdict = compiler.verdict(&ObjectRef::peering(&name.namespace, &name.name));
            prop_assert!(verdict.is_some_and(Verdict::is_accepted));
        }
        let routes: Vec<_> = compiler.routes().collect();
        for (i, (a, _)) in routes.iter().enumerate() {
            for (b, _) in &routes[..i] {
                let overlap = a.prefix.contains(&b.prefix) || b.prefix.contains(&a.prefix);
                prop_assert!(a.vni != b.vni || !overlap, "{a:?} {b:?}");
            }
        }
    }

    #[test]
    fn deleting_everything_leaves_nothing(events in vec(event(), 1..60)) {
        let mut compiler = Compiler::new();
        compiler.apply_all(events.clone());
        for object in survivors(&events) {
            compiler.delete(&object.reference());
        }
        prop_assert_eq!(State::of(&compiler), State::default());
    }
}
