//! The look at the tables that goes on beside changes.

use std::sync::Arc;

use isthmus_compiler::EntryChange;
use proptest::prelude::*;
use router_agent::dataplane::{
    Audit, Desired, Finding, KernelDataplane, Reading, Touched, execute, plan_touched,
};

use crate::convergence::history;
use crate::setting::{SIZING, audit, converge, dataplane, desired, member, net, tables};

fn change(desired: &mut Desired, dataplane: &mut KernelDataplane, change: &EntryChange) -> Touched {
    let mut touched = Touched::default();
    desired.apply(change, &mut touched);
    let plan = plan_touched(desired, dataplane, &touched);
    let outcome = execute(&plan, dataplane).expect("executed");
    assert!(outcome.failures.is_empty(), "{:?}", outcome.failures);
    touched
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn changes_before_and_after_the_reading_and_between_the_pieces_are_no_drift(
        old in history(),
        new in history(),
        read_at in 0usize..60,
        piece in 1usize..5,
    ) {
        let tables = tables(&SIZING);
        let mut dataplane = dataplane(Arc::clone(&tables));
        let mut wanted = desired(&old);
        converge(&wanted, &mut dataplane);
        let mut audit = Audit::begin(&Touched::default());
        let mut finding = None;
        for (number, entry) in new.iter().enumerate() {
            if number == read_at {
                audit.compare(Reading::take(&tables).expect("read"));
            }
            audit.note(&change(&mut wanted, &mut dataplane, entry));
            if number >= read_at {
                finding = finding.or_else(|| audit.step(&wanted, piece));
            }
        }
        if new.len() <= read_at {
            audit.compare(Reading::take(&tables).expect("read"));
        }
        let finding = finding.or_else(|| (0..1_000).find_map(|_| audit.step(&wanted, piece)));
        prop_assert_eq!(finding, Some(Finding::Sound));
    }
}

#[test]
fn what_did_not_fit_is_no_drift_and_what_is_missing_beside_it_is() {
    let tables = tables(&SIZING);
    let mut dataplane = dataplane(Arc::clone(&tables));
    let fits = member(1, net(false, 2, 8), Some((2, 1)));
    let does_not = member(1, net(false, 3, 8), Some((3, 1)));
    converge(&desired(std::slice::from_ref(&fits)), &mut dataplane);
    let wanted = desired(&[fits, does_not.clone()]);
    assert_eq!(
        audit(&wanted, &tables, &Touched::default()),
        Finding::Drifted
    );
    let mut refused = Touched::default();
    Desired::default().apply(&does_not, &mut refused);
    assert_eq!(audit(&wanted, &tables, &refused), Finding::Sound);
}
