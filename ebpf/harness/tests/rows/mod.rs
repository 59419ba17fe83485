//! The rows: description, packet in, verdict, packet out, counter.

mod answered;
mod dropped;
mod forwarded;
mod passed;

use isthmus_abi::{DropReason, Liveness, Outcome};
use isthmus_harness::scene::Shape;
use isthmus_harness::{FrameSpec, Judged};

/// One row.
pub(crate) struct Row {
    /// Shape and what is special.
    pub(crate) name: String,
    /// Whether the port's frames are tagged.
    pub(crate) tagged_port: bool,
    /// What the gateway says of itself.
    pub(crate) liveness: Liveness,
    /// Packet in.
    pub(crate) input: Vec<u8>,
    /// Verdict, packet out, counter.
    pub(crate) expected: Judged,
}

/// All of them: each kind in every shape in which it can be.
pub(crate) fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for shape in Shape::all() {
        passed::rows(shape, &mut rows);
        dropped::rows(shape, &mut rows);
        forwarded::rows(shape, &mut rows);
        answered::rows(shape, &mut rows);
    }
    rows
}

/// A frame that is left as it is.
fn untouched(shape: Shape, name: &str, outcome: Outcome, input: Vec<u8>) -> Row {
    Row {
        name: format!("{}: {name}", shape.name()),
        tagged_port: shape.tagged,
        liveness: Liveness::Serving,
        expected: Judged {
            outcome,
            peering: None,
            frame: input.clone(),
        },
        input,
    }
}

/// The shape's frame with one thing changed, passed.
fn passed(shape: Shape, name: &str, change: impl FnOnce(&mut FrameSpec)) -> Row {
    let mut frame = shape.frame();
    change(&mut frame);
    untouched(shape, name, Outcome::Passed, frame.bytes())
}

/// The shape's frame with one thing changed, dropped.
fn dropped(
    shape: Shape,
    name: &str,
    reason: DropReason,
    change: impl FnOnce(&mut FrameSpec),
) -> Row {
    let mut frame = shape.frame();
    change(&mut frame);
    untouched(shape, name, Outcome::Dropped(reason), frame.bytes())
}
