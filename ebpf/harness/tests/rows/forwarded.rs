//! What crosses a peering, and what it looks like afterwards.

use isthmus_abi::{Liveness, Outcome};
use isthmus_harness::scene::{COUNTERS, IPV6, Shape};
use isthmus_harness::{Checksum, FrameSpec, Judged};

use super::Row;

/// Where a row's frame must go.
#[derive(Clone, Copy)]
struct Goal {
    vni: u32,
    host: u8,
    counter: usize,
}

/// Member 3 of VPC 200.
const BLUE_TO_GREEN: Goal = Goal {
    vni: 200,
    host: 3,
    counter: 0,
};

fn forwarded(shape: Shape, name: &str, goal: Goal, change: impl FnOnce(&mut FrameSpec)) -> Row {
    let mut frame = shape.frame();
    change(&mut frame);
    let out = shape.forwarded(&frame, goal.vni, goal.host, 12);
    let family = if shape.inner_v6 { IPV6 } else { 0 };
    Row {
        name: format!("{}: {name}", shape.name()),
        tagged_port: shape.tagged,
        liveness: Liveness::Serving,
        input: frame.bytes(),
        expected: Judged {
            outcome: Outcome::Forwarded,
            peering: Some(COUNTERS[goal.counter] + family),
            frame: out.bytes(),
        },
    }
}

pub(super) fn rows(shape: Shape, rows: &mut Vec<Row>) {
    let goal = BLUE_TO_GREEN;
    rows.extend([
        forwarded(shape, "across the peering", goal, |_| {}),
        forwarded(shape, "without UDP checksum", goal, |frame| {
            frame.checksum = Checksum::None;
        }),
        forwarded(shape, "to the second VTEP", goal, |frame| {
            frame.outer.destination = shape.vtep(2);
        }),
        forwarded(shape, "reserved bits and other flags", goal, |frame| {
            frame.vxlan = 0xffff_ffff_0000_00ff | 100 << 8;
        }),
        forwarded(shape, "TTL 2", goal, |frame| frame.inner.ttl = 2),
        forwarded(shape, "TTL 255", goal, |frame| frame.inner.ttl = 255),
        forwarded(shape, "outer TTL 1", goal, |frame| frame.outer.ttl = 1),
        forwarded(shape, "congestion experienced", goal, |frame| {
            frame.outer.traffic_class = 3;
        }),
        forwarded(shape, "no payload", goal, |frame| {
            frame.inner.payload.clear();
        }),
        forwarded(shape, "odd payload", goal, |frame| {
            frame.inner.payload = vec![0xab; 333];
        }),
        forwarded(shape, "1,450 bytes", goal, |frame| {
            frame.inner.payload = vec![0xcd; 1400];
        }),
        forwarded(shape, "jumbo frame with fragments", goal, |frame| {
            frame.inner.payload = (0..8800).map(|byte| byte as u8).collect();
        }),
        forwarded(shape, "padding behind the outer packet", goal, |frame| {
            frame.padding = 11;
        }),
        forwarded(shape, "padding behind the inner packet", goal, |frame| {
            frame.inner_padding = 7;
        }),
        forwarded(shape, "source port 0", goal, |frame| frame.source_port = 0),
        forwarded(shape, "another inner source MAC", goal, |frame| {
            frame.inner_from = 0xfeff_ffff_ffff;
        }),
        forwarded(
            shape,
            "to a member's prefix",
            Goal { host: 9, ..goal },
            |frame| {
                frame.inner.destination = shape.address(200, 128, 33);
            },
        ),
        forwarded(
            shape,
            "to a member inside a prefix",
            Goal { host: 7, ..goal },
            |frame| {
                frame.inner.destination = shape.address(200, 128, 7);
            },
        ),
        forwarded(shape, "from a member's prefix", goal, |frame| {
            frame.inner.source = shape.address(100, 128, 33);
        }),
        forwarded(
            shape,
            "back",
            Goal {
                vni: 100,
                host: 3,
                counter: 1,
            },
            |frame| {
                frame.vxlan = 0x0800_0000_0000_0000 | 200 << 8;
                frame.inner.source = shape.address(200, 0, 2);
                frame.inner.destination = shape.address(100, 0, 3);
            },
        ),
        forwarded(
            shape,
            "exported part",
            Goal {
                vni: 400,
                host: 3,
                counter: 2,
            },
            |frame| {
                frame.inner.source = shape.address(100, 1, 2);
                frame.inner.destination = shape.address(400, 0, 3);
            },
        ),
        wrong(shape),
    ]);
    if shape.inner_v6 {
        rows.push(forwarded(shape, "inner extension header", goal, |frame| {
            frame.inner.options = vec![253, 0, 1, 4, 0, 0, 0, 0];
        }));
    } else {
        rows.extend([
            forwarded(shape, "inner options", goal, |frame| {
                frame.inner.options = vec![0x94, 4, 0, 0];
            }),
            forwarded(shape, "inner first fragment", goal, |frame| {
                frame.inner.fragment = 0x2000;
            }),
            forwarded(shape, "inner later fragment", goal, |frame| {
                frame.inner.fragment = 0x00b9;
            }),
        ]);
    }
    if shape.tagged {
        rows.push(forwarded(
            shape,
            "priority bits in the tag",
            goal,
            |frame| {
                frame.tags[0].1 |= 0xf000;
            },
        ));
    }
}

/// A checksum that is wrong by one stays wrong by one, which the receiver sees.
fn wrong(shape: Shape) -> Row {
    let mut row = forwarded(shape, "wrong UDP checksum", BLUE_TO_GREEN, |_| {});
    let at = if shape.tagged { 18 } else { 14 } + if shape.outer_v6 { 46 } else { 26 };
    for frame in [&mut row.input, &mut row.expected.frame] {
        let checksum = u16::from_be_bytes([frame[at], frame[at + 1]]);
        let (sum, carry) = checksum.overflowing_add(1);
        frame[at..at + 2].copy_from_slice(&(sum + u16::from(carry)).to_be_bytes());
    }
    row
}
