//! BFD: what hypervisors are answered, and what they are not.

use isthmus_abi::{DropReason as Drop, Liveness, Outcome};
use isthmus_harness::bfd::{Control, discriminator};
use isthmus_harness::scene::Shape;
use isthmus_harness::{Checksum, FrameSpec, Judged};

use super::{Row, untouched};

/// States as a control packet has them.
const ADMIN_DOWN: u8 = 0;
const DOWN: u8 = 1;
const INIT: u8 = 2;
const UP: u8 = 3;

/// What is inside is IPv4, whatever the members speak.
pub(super) fn rows(shape: Shape, rows: &mut Vec<Row>) {
    if shape.inner_v6 {
        return;
    }
    states(shape, rows);
    envelopes(shape, rows);
    invalid(shape, rows);
    strangers(shape, rows);
}

fn own(shape: Shape) -> u32 {
    discriminator(shape.vtep(1), shape.vtep(11))
}

fn answered(
    shape: Shape,
    name: &str,
    liveness: Liveness,
    control: &Control,
    change: impl FnOnce(&mut FrameSpec),
) -> Row {
    let mut frame = shape.question(control);
    change(&mut frame);
    let own = discriminator(frame.outer.destination, frame.outer.source);
    let answer = shape.answer(&frame, &control.answered(own, liveness));
    Row {
        name: format!("{}: BFD, {name}", shape.name()),
        tagged_port: shape.tagged,
        liveness,
        input: frame.bytes(),
        expected: Judged {
            outcome: Outcome::Answered,
            peering: None,
            frame: answer.bytes(),
        },
    }
}

fn states(shape: Shape, rows: &mut Vec<Row>) {
    for (liveness, name) in [
        (Liveness::Serving, "serving"),
        (Liveness::NotSynced, "not synced"),
        (Liveness::Draining, "draining"),
    ] {
        for (state, yours) in [
            (ADMIN_DOWN, 0),
            (DOWN, 0),
            (DOWN, own(shape)),
            (INIT, own(shape)),
            (UP, own(shape)),
        ] {
            let control = Control::question(state, yours);
            let name = format!("{name}, asked in state {state} by one who knows {yours:#x}");
            rows.push(answered(shape, &name, liveness, &control, |_| {}));
        }
    }
}

fn envelopes(shape: Shape, rows: &mut Vec<Row>) {
    let up = Control::question(UP, own(shape));
    let mut row = |name, control: &Control, change: fn(&mut FrameSpec)| {
        rows.push(answered(shape, name, Liveness::Serving, control, change));
    };
    row(
        "polled",
        &Control {
            flags: 0x20,
            ..up.clone()
        },
        |_| {},
    );
    row(
        "control plane independent",
        &Control {
            flags: 0x08,
            ..up.clone()
        },
        |_| {},
    );
    row(
        "with a diagnostic",
        &Control {
            diagnostic: 1,
            ..up.clone()
        },
        |_| {},
    );
    row("without UDP checksum", &up, |frame| {
        frame.checksum = Checksum::None;
    });
    row("padded inside", &up, |frame| frame.inner_padding = 6);
    row("padded outside", &up, |frame| frame.padding = 6);
    row("reserved bits", &up, |frame| frame.vxlan |= 0xff);
    // The second VTEP has a discriminator of its own.
    let second = discriminator(shape.vtep(2), shape.vtep(11));
    let control = Control::question(UP, second);
    let to_second = |frame: &mut FrameSpec| frame.outer.destination = shape.vtep(2);
    rows.push(answered(
        shape,
        "to the second VTEP",
        Liveness::Serving,
        &control,
        to_second,
    ));
}

fn refused(
    shape: Shape,
    name: &str,
    reason: Drop,
    control: &Control,
    change: impl FnOnce(&mut FrameSpec),
) -> Row {
    let mut frame = shape.question(control);
    change(&mut frame);
    let name = format!("BFD, {name}");
    untouched(shape, &name, Outcome::Dropped(reason), frame.bytes())
}

fn invalid(shape: Shape, rows: &mut Vec<Row>) {
    let up = Control::question(UP, own(shape));
    let mut row = |name, control: Control| {
        rows.push(refused(shape, name, Drop::BfdInvalid, &control, |_| {}));
    };
    row(
        "version 0",
        Control {
            version: 0,
            ..up.clone()
        },
    );
    row(
        "multiplier 0",
        Control {
            detect_multiplier: 0,
            ..up.clone()
        },
    );
    row(
        "length 23",
        Control {
            length: 23,
            ..up.clone()
        },
    );
    row(
        "length 25",
        Control {
            length: 25,
            ..up.clone()
        },
    );
    row(
        "authentication",
        Control {
            flags: 0x04,
            ..up.clone()
        },
    );
    row(
        "multipoint",
        Control {
            flags: 0x01,
            ..up.clone()
        },
    );
    row(
        "no discriminator",
        Control {
            mine: 0,
            ..up.clone()
        },
    );
    row("up with nobody", Control::question(UP, 0));
    row("init with nobody", Control::question(INIT, 0));
    row("another's session", Control::question(UP, own(shape) ^ 1));
    rows.extend([
        refused(shape, "TTL 254", Drop::BfdInvalid, &up, |frame| {
            frame.inner.ttl = 254;
        }),
        refused(
            shape,
            "more than a packet",
            Drop::BfdInvalid,
            &up,
            |frame| {
                frame.inner.payload.extend([0; 4]);
            },
        ),
        refused(shape, "UDP length", Drop::BfdInvalid, &up, |frame| {
            frame.inner.payload[5] += 1;
        }),
    ]);
}

fn strangers(shape: Shape, rows: &mut Vec<Row>) {
    let down = Control::question(DOWN, 0);
    rows.extend([
        refused(
            shape,
            "from no hypervisor",
            Drop::BfdUnknown,
            &down,
            |frame| {
                frame.outer.source = shape.vtep(99);
            },
        ),
        refused(shape, "cut short", Drop::VniZero, &down, |frame| {
            frame.inner.payload.pop();
        }),
        refused(shape, "another port", Drop::VniZero, &down, |frame| {
            frame.inner.payload = down.udp(49_321, 3785);
        }),
        refused(shape, "another protocol", Drop::VniZero, &down, |frame| {
            frame.inner.protocol = 6;
        }),
        refused(shape, "a fragment", Drop::VniZero, &down, |frame| {
            frame.inner.fragment = 0x2000;
        }),
        refused(shape, "another EtherType", Drop::VniZero, &down, |frame| {
            frame.inner_ethertype = Some(0x0806);
        }),
        refused(shape, "options", Drop::VniZero, &down, |frame| {
            frame.inner.options = vec![1, 1, 1, 1];
        }),
    ]);
}
