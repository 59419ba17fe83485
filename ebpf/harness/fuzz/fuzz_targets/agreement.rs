//! Any frame gets the same verdict and the same bytes from model and brain.
//!
//! From the repository's root, on stable Rust, for a minute:
//!
//! ```text
//! RUSTC_BOOTSTRAP=1 cargo fuzz run --fuzz-dir ebpf/harness/fuzz agreement -- -max_total_time=60
//! ```
//!
//! The first byte of the input chooses the shape; its bit 3 says whether the
//! rest is a whole frame, or changes to a sound one: two bytes of offset and
//! one of value each.
#![no_main]

use std::sync::OnceLock;

use isthmus_harness::scene::{Shape, world};
use isthmus_harness::{Brain, World, model};
use libfuzzer_sys::fuzz_target;

static WORLDS: OnceLock<[World; 2]> = OnceLock::new();

fuzz_target!(|input: &[u8]| {
    let Some((&choice, rest)) = input.split_first() else {
        return;
    };
    let shape = Shape::all()[usize::from(choice & 7)];
    let frame = if choice & 8 != 0 {
        rest.to_vec()
    } else {
        let mut frame = shape.frame().bytes();
        for change in rest.chunks_exact(3) {
            let at = usize::from(u16::from_be_bytes([change[0], change[1]])) % frame.len();
            frame[at] = change[2];
        }
        frame
    };
    let worlds = WORLDS.get_or_init(|| [world(false), world(true)]);
    let world = &worlds[usize::from(shape.tagged)];
    assert_eq!(
        Brain::new(world).judge(&frame),
        model(world, &frame),
        "{frame:02x?}"
    );
});
