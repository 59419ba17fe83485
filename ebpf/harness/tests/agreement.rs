//! Model, brain and loaded program agree on frames and tables of all kinds.

mod generated;

use std::cell::Cell;

use isthmus_abi::{Liveness, Outcome};
use isthmus_harness::scene::{Shape, world};
use isthmus_harness::{Brain, Gateway, World, model};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};

/// Least frame that `BPF_PROG_TEST_RUN` takes.
const LEAST: usize = 14;

fn agree(world: &World, gateway: &Gateway, frame: &[u8]) -> Result<(), TestCaseError> {
    let expected = model(world, frame);
    prop_assert_eq!(
        &Brain::new(world).judge(frame),
        &expected,
        "the brain on {:02x?}",
        frame
    );
    if frame.len() >= LEAST {
        let got = gateway
            .judge(frame)
            .map_err(|error| TestCaseError::fail(format!("{error:#} on {frame:02x?}")))?;
        prop_assert_eq!(&got, &expected, "the program on {:02x?}", frame);
    }
    Ok(())
}

#[test]
fn they_agree_on_mutated_frames() {
    for tagged in [false, true] {
        let world = world(tagged);
        let gateway = Gateway::new(&world).expect("the router is loaded; this needs root");
        let mut runner = TestRunner::new(cases(3000));
        runner
            .run(&generated::mutated_frame(), |frame| {
                agree(&world, &gateway, &frame)
            })
            .unwrap_or_else(|error| panic!("{error}"));
    }
}

#[test]
fn they_agree_on_garbage() {
    let world = world(false);
    let gateway = Gateway::new(&world).expect("the router is loaded; this needs root");
    let mut runner = TestRunner::new(cases(1000));
    runner
        .run(&prop::collection::vec(any::<u8>(), 0..200), |frame| {
            agree(&world, &gateway, &frame)
        })
        .unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn they_agree_on_questions_of_hypervisors() {
    for liveness in [Liveness::NotSynced, Liveness::Serving, Liveness::Draining] {
        let mut world = world(false);
        world.liveness = liveness;
        let gateway = Gateway::new(&world).expect("the router is loaded; this needs root");
        TestRunner::new(cases(2000))
            .run(&generated::question(), |frame| {
                agree(&world, &gateway, &frame)
            })
            .unwrap_or_else(|error| panic!("{error}"));
    }
}

#[test]
fn they_agree_on_every_truncation() {
    for shape in Shape::all() {
        let world = world(shape.tagged);
        let gateway = Gateway::new(&world).expect("the router is loaded; this needs root");
        let frame = shape.frame().bytes();
        for length in 0..=frame.len() {
            agree(&world, &gateway, &frame[..length]).unwrap_or_else(|error| panic!("{error}"));
        }
    }
}

#[test]
fn they_agree_on_any_tables() {
    const WORLDS: u32 = 24;
    const FRAMES: usize = 300;
    let mut runner = TestRunner::new(Config {
        max_shrink_iters: 40,
        ..cases(WORLDS)
    });
    let strategy = (
        generated::world(),
        prop::collection::vec(generated::frame(), FRAMES),
    );
    let forwarded = Cell::new(0);
    runner
        .run(&strategy, |(world, frames)| {
            let gateway = Gateway::new(&world)
                .map_err(|error| TestCaseError::fail(format!("not loaded: {error:#}")))?;
            for recipe in &frames {
                let frame = generated::aim(&world, recipe);
                agree(&world, &gateway, &frame)?;
                if model(&world, &frame).outcome == Outcome::Forwarded {
                    forwarded.set(forwarded.get() + 1);
                }
            }
            Ok(())
        })
        .unwrap_or_else(|error| panic!("{error}"));
    println!("{} frames were forwarded", forwarded.get());
    assert!(
        forwarded.get() >= 2 * WORLDS,
        "the tables hardly meet: {}",
        forwarded.get()
    );
}

/// So many cases; failures are printed whole, so none is kept in a file.
fn cases(cases: u32) -> Config {
    Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    }
}
