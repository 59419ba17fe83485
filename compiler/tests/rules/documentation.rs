//! That no reason goes without a test.

use isthmus_compiler::Reason;

const TESTS: &[&str] = &[
    include_str!("members.rs"),
    include_str!("peerings.rs"),
    include_str!("prefixes.rs"),
    include_str!("siblings.rs"),
    include_str!("vpcs.rs"),
    include_str!("world.rs"),
];

#[test]
fn every_reason_is_named_by_a_test() {
    for reason in Reason::ALL {
        let name = format!("Reason::{reason}");
        assert!(TESTS.iter().any(|test| test.contains(&name)), "{reason}");
    }
}
