//! Any frame among any tables gets the same verdict and the same bytes from
//! model, brain and loaded program. Needs root.
//!
//! From the repository's root, on stable Rust, for a minute:
//!
//! ```text
//! RUSTC_BOOTSTRAP=1 cargo fuzz run --fuzz-dir ebpf/harness/fuzz agreement -- -max_total_time=60
//! ```
//!
//! The first byte of the input chooses the tables: one of the two scenes of the
//! fixtures, or one of the generated worlds. The second chooses the shape of
//! the frame; its bit 3 says whether the rest is a whole frame, or changes to a
//! sound one: two bytes of offset and one of value each. A sound frame for a
//! generated world, and one with bit 4 for a scene, takes eight bytes more, from
//! which it is made; with bit 5 for a scene these make a hypervisor's question
//! whether the gateway lives.
#![no_main]

#[path = "../../tests/generated/mod.rs"]
mod generated;

use std::cell::OnceCell;

use isthmus_harness::scene::{Shape, world};
use isthmus_harness::{Brain, Gateway, World, model};
use libfuzzer_sys::fuzz_target;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// Least frame that `BPF_PROG_TEST_RUN` takes.
const LEAST: usize = 14;
/// The scenes, without and with a tag, and then generated worlds.
const WORLDS: usize = 64;
const SCENES: usize = 2;

thread_local! {
    static PLACES: [OnceCell<(World, Gateway)>; WORLDS] = const { [const { OnceCell::new() }; WORLDS] };
}

fuzz_target!(|input: &[u8]| {
    let [tables, choice, rest @ ..] = input else {
        return;
    };
    let number = usize::from(*tables) % WORLDS;
    PLACES.with(|places| {
        let (world, gateway) = places[number].get_or_init(|| place(number));
        let frame = frame(number, world, *choice, rest);
        let expected = model(world, &frame);
        assert_eq!(
            Brain::new(world).judge(&frame),
            expected,
            "the brain on {frame:02x?}"
        );
        if frame.len() >= LEAST {
            let judged = gateway.judge(&frame).expect("a test run");
            assert_eq!(judged, expected, "the program on {frame:02x?}");
        }
    });
});

fn place(number: usize) -> (World, Gateway) {
    let world = if number < SCENES {
        world(number == 1)
    } else {
        generate(&generated::world(), number as u64)
    };
    let gateway = Gateway::new(&world).expect("the router is loaded; this needs root");
    (world, gateway)
}

fn frame(number: usize, world: &World, choice: u8, rest: &[u8]) -> Vec<u8> {
    if choice & 8 != 0 {
        return rest.to_vec();
    }
    let seeded = rest.split_first_chunk();
    let (mut frame, changes) = match seeded.map(|(seed, rest)| (u64::from_be_bytes(*seed), rest)) {
        Some((seed, changes)) if number >= SCENES => {
            let recipe = generate(&generated::frame(), seed);
            (generated::aim(world, &recipe), changes)
        }
        Some((seed, changes)) if choice & 32 != 0 => {
            (generate(&generated::question(), seed), changes)
        }
        Some((seed, changes)) if choice & 16 != 0 => {
            (generate(&generated::mutated_frame(), seed), changes)
        }
        _ => {
            let shape = Shape::all()[usize::from(choice & 7)];
            (shape.frame().bytes(), rest)
        }
    };
    if frame.is_empty() {
        return frame;
    }
    for change in changes.chunks_exact(3) {
        let at = usize::from(u16::from_be_bytes([change[0], change[1]])) % frame.len();
        frame[at] = change[2];
    }
    frame
}

/// What a strategy makes of a seed.
fn generate<T: Strategy>(strategy: &T, seed: u64) -> T::Value {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_be_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let tree = strategy.new_tree(&mut runner);
    tree.expect("a strategy without filters").current()
}
