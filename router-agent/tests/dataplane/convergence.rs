//! From anything to anything else.

use std::sync::Arc;

use isthmus_compiler::EntryChange;
use isthmus_tables::{PrivateBpffs, Tables};
use proptest::prelude::*;
use router_agent::dataplane::{Dataplane, Touched, execute, plan, plan_touched};

use crate::setting::{SIZING, converge, dataplane, desired, member, net, reached, route, tables};

/// Changes among few keys, so that they meet.
fn change() -> impl Strategy<Value = EntryChange> {
    let prefix = || (any::<bool>(), 0u8..32, 4u8..9).prop_map(|(v6, low, bits)| net(v6, low, bits));
    let place = proptest::option::of((0u8..3, 1u8..4));
    let target = proptest::option::of((1u32..4, 0u8..2));
    prop_oneof![
        (1u32..4, prefix(), place).prop_map(|(of, prefix, place)| member(of, prefix, place)),
        (1u32..4, prefix(), target).prop_map(|(from, prefix, to)| route(from, prefix, to)),
    ]
}

pub(crate) fn history() -> impl Strategy<Value = Vec<EntryChange>> {
    proptest::collection::vec(change(), 0..60)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_kernels_tables_reach_what_is_desired_and_a_second_plan_is_empty(
        old in history(),
        new in history(),
    ) {
        let mut dataplane = dataplane(tables(&SIZING));
        for changes in [&old, &new] {
            let wanted = desired(changes);
            let outcome = converge(&wanted, &mut dataplane);
            prop_assert!(outcome.failures.is_empty(), "{:?}", outcome.failures);
            let observed = dataplane.observe().expect("read");
            prop_assert!(plan(&wanted, &observed).is_empty());
            prop_assert_eq!(observed, reached(&wanted));
        }
    }

    #[test]
    fn a_plan_for_what_changed_is_enough(old in history(), new in history()) {
        let mut dataplane = dataplane(tables(&SIZING));
        let mut wanted = desired(&old);
        converge(&wanted, &mut dataplane);
        let mut touched = Touched::default();
        for change in &new {
            wanted.apply(change, &mut touched);
        }
        let plan = plan_touched(&wanted, &dataplane, &touched);
        let outcome = execute(&plan, &mut dataplane).expect("executed");
        prop_assert!(outcome.failures.is_empty(), "{:?}", outcome.failures);
        prop_assert!(plan_touched(&wanted, &dataplane, &touched).is_empty());
        prop_assert_eq!(dataplane.observe().expect("read"), reached(&wanted));
    }
}

#[test]
fn after_a_restart_nothing_is_to_be_done() {
    let bpffs = PrivateBpffs::new().expect("a private bpffs");
    let dir = bpffs.path().join("maps-0");
    let made = tables(&SIZING);
    made.pin(&dir).expect("pins");
    let mut changes = Vec::new();
    for low in 1..60 {
        for v6 in [false, true] {
            changes.push(member(1, net(v6, low, 8), Some((low, low % 7 + 1))));
            changes.push(member(2, net(v6, low, 5), Some((low, 9))));
            changes.push(route(1, net(v6, low, 6), Some((2, low % 3))));
        }
    }
    let wanted = desired(&changes);
    let outcome = converge(&wanted, &mut dataplane(made));
    assert!(outcome.failures.is_empty(), "{:?}", outcome.failures);
    assert!(outcome.applied_total() > 100);
    let mut again = dataplane(Arc::new(Tables::open(&dir).expect("opens")));
    let outcome = converge(&wanted, &mut again);
    assert_eq!(outcome.applied_total(), 0, "{outcome:?}");
    assert_eq!(again.observe().expect("read"), reached(&wanted));
}
