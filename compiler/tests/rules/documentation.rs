//! `docs/rejections.md`, and that no reason goes without a test.

use std::collections::BTreeSet;

use isthmus_compiler::Reason;

const TABLE: &str = include_str!("../../../docs/rejections.md");
const TESTS: &[&str] = &[
    include_str!("members.rs"),
    include_str!("peerings.rs"),
    include_str!("prefixes.rs"),
    include_str!("siblings.rs"),
    include_str!("vpcs.rs"),
    include_str!("world.rs"),
];

#[test]
fn the_table_has_every_reason_and_no_other() {
    let rows = TABLE.lines().filter_map(|line| line.strip_prefix("| `"));
    let found: BTreeSet<_> = rows.filter_map(|row| row.split('`').next()).collect();
    let all: BTreeSet<_> = Reason::ALL.iter().map(|reason| reason.as_str()).collect();
    assert_eq!(found, all);
}

#[test]
fn every_reason_is_named_by_a_test() {
    for reason in Reason::ALL {
        let name = format!("Reason::{reason}");
        assert!(TESTS.iter().any(|test| test.contains(&name)), "{reason}");
    }
}
