//! Tables that do not take everything.

use isthmus_tables::{Sizing, Table};
use router_agent::dataplane::{Dataplane, Entry, Outcome};

use crate::setting::{SIZING, converge, dataplane, desired, member, net, reached, route, tables};

/// The tables that were full, and for which entries.
fn failures(outcome: &Outcome) -> Vec<(Option<Table>, &Entry)> {
    let failures = outcome.failures.iter();
    failures
        .map(|failure| (failure.error.full_table(), &failure.entry))
        .collect()
}

#[test]
fn members_beyond_the_table_are_named_and_all_others_are_in_place() {
    let sizing = Sizing {
        members_v4: 4,
        prefixes_v6: 2,
        ..SIZING
    };
    let mut dataplane = dataplane(tables(&sizing));
    let capacity = Table::MembersV4.capacity(&sizing.capacities()) as usize;
    let mut changes = Vec::new();
    for low in 0..capacity as u8 + 2 {
        changes.push(member(1, net(false, low, 8), Some((low, 1))));
        changes.push(member(1, net(true, low, 8), Some((low, 1))));
    }
    for low in [0, 16, 32] {
        changes.push(member(1, net(true, low, 4), Some((low, 2))));
    }
    let outcome = converge(&desired(&changes), &mut dataplane);
    let found = failures(&outcome);
    let of = |table| {
        found
            .iter()
            .filter(|(full, _)| *full == Some(table))
            .count()
    };
    assert_eq!(of(Table::MembersV4), 2, "{found:?}");
    assert_eq!(of(Table::PrefixesV6), 1, "{found:?}");
    assert_eq!(found.len(), 3, "{found:?}");
    assert!(
        found
            .iter()
            .all(|(_, entry)| matches!(entry, Entry::Member(_)))
    );
    let observed = dataplane.observe().expect("read");
    assert_eq!(observed.members.len(), changes.len() - 3);

    // Two go: what found no room has it, without being asked for again.
    let fewer = desired(&changes[2 * 2..]);
    let outcome = converge(&fewer, &mut dataplane);
    assert_eq!(failures(&outcome).len(), 1, "{outcome:?}");
}

#[test]
fn a_route_without_a_counter_is_named_and_comes_once_there_is_one() {
    let sizing = Sizing {
        peerings: 2,
        ..SIZING
    };
    let mut dataplane = dataplane(tables(&sizing));
    let changes: Vec<_> = (1..=3)
        .map(|from| route(from, net(false, 0, 4), Some((9, from as u8))))
        .collect();
    let outcome = converge(&desired(&changes), &mut dataplane);
    let found = failures(&outcome);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(
        matches!(found[..], [(Some(Table::Peerings), Entry::Label(label)), (None, Entry::Routes(vni))]
            if label.vni == *vni),
        "{found:?}"
    );
    assert_eq!(dataplane.observe().expect("read").routes.len(), 2);
    let fewer = desired(&changes[1..]);
    let outcome = converge(&fewer, &mut dataplane);
    assert!(outcome.failures.is_empty(), "{outcome:?}");
    assert_eq!(dataplane.observe().expect("read"), reached(&fewer));
}
