//! Whatever order news, writes and answers come in, the end is the same.

use isthmus_compiler::slices::SliceKey;
use isthmus_compiler::{Kind, ObjectRef};
use isthmus_operator::intake::{Slice, Source};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::api::{Api, named};
use crate::desk::Desk;
use crate::objects::{gateway, member, peering, vpc};

#[derive(Clone, Debug)]
enum Step {
    Apply(ObjectRef, Value),
    Delete(ObjectRef),
    Recreate(ObjectRef),
    Break(ObjectRef),
    Deface(usize),
    Remove(usize),
    Relist(usize),
    Deliver(usize, usize),
    Plan(usize, bool),
    Perform(usize),
    Refuse(usize),
    Answer(usize, bool),
    Sync,
}

const NAMESPACES: [&str; 2] = ["a", "b"];
const VPCS: [&str; 3] = ["v0", "v1", "v2"];

fn place() -> impl Strategy<Value = (&'static str, &'static str)> {
    (
        prop::sample::select(&NAMESPACES[..]),
        prop::sample::select(&VPCS[..]),
    )
}

fn object() -> impl Strategy<Value = ObjectRef> {
    let namespaced = (place(), 0..6_u32, 0..3_u8);
    prop_oneof![
        4 => namespaced.prop_map(|((namespace, vpc), i, kind)| match kind {
            0 => named(Kind::Vpc, namespace, vpc),
            1 => named(Kind::VpcMember, namespace, &format!("m{i}")),
            _ => named(Kind::VpcPeering, namespace, &format!("p{i}")),
        }),
        1 => (0..2_u32).prop_map(|i| named(Kind::TransitGateway, "", &format!("g{i}"))),
    ]
}

fn change() -> impl Strategy<Value = Step> {
    let a_vpc = (place(), 1..5_u32, 1..6_u32, any::<bool>()).prop_map(
        |((namespace, name), vni, net, is_big)| {
            let pool = if is_big { "big" } else { "default" };
            let spec = vpc(vni, &format!("10.{net}.0.0/16"), pool);
            Step::Apply(named(Kind::Vpc, namespace, name), spec)
        },
    );
    let a_member =
        (place(), 0..6_u32, 1..6_u32, 1..5_u32).prop_map(|((namespace, vpc), i, net, host)| {
            let spec = member(vpc, &format!("10.{net}.0.{host}"));
            Step::Apply(named(Kind::VpcMember, namespace, &format!("m{i}")), spec)
        });
    let a_peering = (place(), 0..6_u32, place(), 0..3_u32).prop_map(
        |((namespace, vpc), i, (there, peer), narrow)| {
            let there = (there != namespace).then_some(there);
            let mut spec = peering(vpc, there, peer);
            if narrow > 0 {
                spec["exportPrefixes"] = json!([format!("10.{narrow}.0.0/24")]);
            }
            Step::Apply(named(Kind::VpcPeering, namespace, &format!("p{i}")), spec)
        },
    );
    let a_gateway = (0..2_u32, 0..3_u8).prop_map(|(i, pools)| {
        let pools: &[&str] = match pools {
            0 => &["default"],
            1 => &["big"],
            _ => &["big", "default"],
        };
        Step::Apply(
            named(Kind::TransitGateway, "", &format!("g{i}")),
            gateway(pools),
        )
    });
    prop_oneof![
        4 => a_vpc,
        6 => a_member,
        6 => a_peering,
        1 => a_gateway,
        3 => object().prop_map(Step::Delete),
        2 => object().prop_map(Step::Recreate),
        1 => object().prop_map(Step::Break),
        1 => any::<usize>().prop_map(Step::Deface),
        1 => any::<usize>().prop_map(Step::Remove),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => change(),
        8 => (0..6_usize, 1..9_usize).prop_map(|(source, count)| Step::Deliver(source, count)),
        1 => (0..6_usize).prop_map(Step::Relist),
        4 => (1..4_usize, any::<bool>()).prop_map(|(max, soon)| Step::Plan(max, soon)),
        6 => any::<usize>().prop_map(Step::Perform),
        1 => any::<usize>().prop_map(Step::Refuse),
        6 => (any::<usize>(), prop::bool::weighted(0.1))
            .prop_map(|(choice, is_lost)| Step::Answer(choice, is_lost)),
        1 => Just(Step::Sync),
    ]
}

fn carry_out(desk: &mut Desk, step: Step) {
    let slice = |api: &Api, choice: usize| -> Option<SliceKey> {
        let count = api.slices.len();
        api.slices.keys().nth(choice.checked_rem(count)?).cloned()
    };
    match step {
        Step::Apply(object, spec) => desk.api.apply(&object, &spec),
        Step::Delete(object) => desk.api.delete(&object),
        Step::Recreate(object) => {
            if let Some(stored) = desk.api.objects.get(&object).cloned() {
                desk.api.delete(&object);
                desk.api.apply(&object, &stored["spec"]);
            }
        }
        Step::Break(object) => {
            if let Some(stored) = desk.api.objects.get(&object).cloned() {
                let mut spec = stored["spec"].clone();
                spec["novelty"] = json!(true);
                desk.api.apply(&object, &spec);
            }
        }
        Step::Deface(choice) => {
            if let Some(key) = slice(&desk.api, choice) {
                let mut slice = desk.api.slices[&key].clone();
                match &mut slice {
                    Slice::Forwarding(slice) => slice.spec.members.clear(),
                    Slice::Peering(slice) => slice.metadata.labels = None,
                    Slice::Foreign(_) => {}
                }
                desk.api.put(&key, Some(slice));
            }
        }
        Step::Remove(choice) => {
            if let Some(key) = slice(&desk.api, choice) {
                desk.api.put(&key, None);
            }
        }
        Step::Relist(source) => desk.api.relist(Source::ALL[source]),
        Step::Deliver(source, count) => desk.deliver(Source::ALL[source], count),
        Step::Plan(max, soon) => desk.plan(max, soon),
        Step::Perform(choice) => desk.perform(choice),
        Step::Refuse(choice) => desk.refuse(choice),
        Step::Answer(choice, is_lost) => desk.answer(choice, is_lost),
        Step::Sync => desk.api.sync_gateways(),
    }
}

proptest! {
    #[test]
    fn every_history_ends_with_what_a_fresh_operator_would_say(
        steps in prop::collection::vec(step(), 1..160),
    ) {
        let mut desk = Desk::new();
        for step in steps {
            carry_out(&mut desk, step);
        }
        desk.settle_gateways();
        prop_assert_eq!(desk.settle(), 0, "idle means idle");

        // Nothing that is accepted still waits for a gateway that has seen all.
        for (object, status) in desk.api.statuses() {
            let [programmed, reason, message] = desk.api.condition(&object, "Programmed");
            prop_assert_ne!(&reason, "Pending", "{} {} {}", object, programmed, message);
            prop_assert!(!status.is_null(), "{} has no status", object);
        }
        let told = desk.api.statuses();

        // Another operator finds nothing to do,
        let before = desk.api.objects.clone();
        let mut other = Desk::over(desk.api);
        let writes = other.settle();
        prop_assert_eq!(&other.api.objects, &before, "another operator changes something");
        prop_assert_eq!(writes, 0, "another operator changes slices");

        // and one that finds no status says the same.
        let objects: Vec<_> = told.keys().cloned().collect();
        let mut api = other.api;
        for object in &objects {
            api.set_status(object, &Value::Null);
        }
        let mut fresh = Desk::over(api);
        fresh.settle();
        for (object, status) in fresh.api.statuses() {
            let programmed = |status: &Value| status["conditions"][1]["reason"] == "Programmed";
            // What was programmed once stays so, though its pool has no gateway now.
            let is_kept = object.kind == Kind::VpcMember
                && status["conditions"][1]["reason"] == "NoGateways"
                && programmed(&told[&object]);
            if !is_kept {
                prop_assert_eq!(&status, &told[&object], "{}", object);
            }
        }
    }
}
