//! The rows of `docs/packet-decisions.md`, one by one, through the real program.

mod rows;

use std::collections::{HashMap, HashSet};

use isthmus_abi::{DropReason, Liveness, Outcome};
use isthmus_harness::scene::world;
use isthmus_harness::{Brain, Gateway, World, check_forwarded, model};

use rows::{Row, rows};

fn worlds() -> HashMap<(bool, Liveness), (World, Gateway)> {
    let all = [Liveness::NotSynced, Liveness::Serving, Liveness::Draining];
    let keys = all
        .into_iter()
        .flat_map(|liveness| [(false, liveness), (true, liveness)]);
    keys.map(|(tagged, liveness)| {
        let mut world = world(tagged);
        world.liveness = liveness;
        let gateway = Gateway::new(&world).expect("the router is loaded; this needs root");
        ((tagged, liveness), (world, gateway))
    })
    .collect()
}

#[test]
fn every_row_gets_its_verdict_its_bytes_and_its_counter() {
    let worlds = worlds();
    let mut wrong = Vec::new();
    for Row {
        name,
        tagged_port,
        liveness,
        input,
        expected,
    } in rows()
    {
        let (world, gateway) = &worlds[&(tagged_port, liveness)];
        let got = gateway
            .judge(&input)
            .unwrap_or_else(|error| panic!("{name}: {error:#}"));
        if got != expected {
            wrong.push(format!(
                "{name}: the program says\n{got:x?}, not\n{expected:x?}"
            ));
        }
        if Brain::new(world).judge(&input) != expected {
            wrong.push(format!("{name}: the brain disagrees"));
        }
        if model(world, &input) != expected {
            wrong.push(format!(
                "{name}: the model says {:x?}",
                model(world, &input)
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn what_the_program_sends_is_sound_to_another_parser() {
    let worlds = worlds();
    let mut sent = 0;
    for row in rows()
        .into_iter()
        .filter(|row| matches!(row.expected.outcome, Outcome::Forwarded | Outcome::Answered))
    {
        let (_, gateway) = &worlds[&(row.tagged_port, row.liveness)];
        let got = gateway.judge(&row.input).expect("runs");
        if !row.name.contains("wrong") {
            check_forwarded(&got.frame).unwrap_or_else(|error| panic!("{}: {error:#}", row.name));
            sent += 1;
        }
    }
    assert!(sent >= 150, "only {sent} rows are sent");
}

#[test]
fn the_rows_are_many_and_name_every_outcome() {
    let rows = rows();
    let names: HashSet<_> = rows.iter().map(|row| &row.name).collect();
    assert_eq!(names.len(), rows.len(), "two rows have one name");
    assert!(rows.len() >= 120, "only {} rows", rows.len());
    let outcomes: HashSet<_> = rows.iter().map(|row| row.expected.outcome).collect();
    let all = [Outcome::Passed, Outcome::Forwarded, Outcome::Answered]
        .into_iter()
        .chain(DropReason::ALL.iter().copied().map(Outcome::Dropped));
    for outcome in all {
        assert!(outcomes.contains(&outcome), "no row ends as {outcome:?}");
    }
}
