//! Not the router's business.

use isthmus_abi::Outcome;
use isthmus_harness::scene::{PORT_MAC, Shape};

use super::{Row, passed, untouched};

pub(super) fn rows(shape: Shape, rows: &mut Vec<Row>) {
    let ip = if shape.tagged { 18 } else { 14 };
    let header = if shape.outer_v6 { 40 } else { 20 };
    rows.extend([
        passed(shape, "to another MAC", |frame| frame.to = PORT_MAC + 1),
        passed(shape, "broadcast", |frame| frame.to = 0xffff_ffff_ffff),
        passed(shape, "to another IP address", |frame| {
            frame.outer.destination = shape.vtep(9);
        }),
        passed(shape, "to a zero address", |frame| {
            frame.outer.destination = if shape.outer_v6 {
                [0_u16; 8].into()
            } else {
                [0_u8; 4].into()
            };
        }),
        passed(shape, "TCP", |frame| frame.outer.protocol = 6),
        passed(shape, "to another UDP port", |frame| frame.port = 22),
        passed(shape, "UDP header cut short", |frame| {
            frame.cut = Some(ip + header + 7);
        }),
        passed(shape, "outer IP header cut short", |frame| {
            frame.cut = Some(ip + header - 1);
        }),
        passed(shape, "nothing but the Ethernet header", |frame| {
            frame.cut = Some(14);
        }),
        passed(shape, "ARP", |frame| frame.ethertype = Some(0x0806)),
        passed(shape, "LLDP", |frame| frame.ethertype = Some(0x88cc)),
        passed(shape, "MPLS", |frame| frame.ethertype = Some(0x8847)),
        passed(shape, "the other family's EtherType", |frame| {
            frame.ethertype = Some(if shape.outer_v6 { 0x0800 } else { 0x86dd });
        }),
        passed(shape, "802.1ad tag outside", |frame| {
            frame.tags.insert(0, (0x88a8, 5));
        }),
        passed(shape, "one 802.1Q tag more", |frame| {
            frame.tags.push((0x8100, 5));
        }),
        passed(shape, "outer version 5", |frame| {
            frame.outer.length_error = 0;
        })
        .edited(|bytes| {
            bytes[ip] = bytes[ip] & 0xf | 0x50;
        }),
    ]);
    if shape.tagged {
        rows.push(passed(shape, "another VLAN", |frame| frame.tags[0].1 = 78));
        rows.push(passed(shape, "priority tag", |frame| frame.tags[0].1 = 0));
        rows.push(passed(shape, "no tag", |frame| frame.tags.clear()));
    } else {
        rows.push(passed(shape, "a tag", |frame| {
            frame.tags.push((0x8100, 77));
        }));
        rows.push(passed(shape, "a priority tag", |frame| {
            frame.tags.push((0x8100, 0));
        }));
    }
    if shape.outer_v6 {
        for (header, name) in [
            (0, "hop-by-hop options"),
            (43, "routing header"),
            (44, "fragment header"),
            (60, "destination options"),
        ] {
            rows.push(passed(shape, &format!("outer {name}"), |frame| {
                frame.outer.protocol = header;
                frame.outer.options = vec![17, 0, 1, 4, 0, 0, 0, 0];
            }));
        }
    } else {
        rows.extend([
            passed(shape, "outer first fragment", |frame| {
                frame.outer.fragment = 0x2000;
            }),
            passed(shape, "outer later fragment", |frame| {
                frame.outer.fragment = 0x0001;
            }),
            passed(shape, "outer last fragment", |frame| {
                frame.outer.fragment = 0x1fff;
            }),
            passed(shape, "outer options", |frame| {
                frame.outer.options = vec![1, 1, 1, 0];
            }),
        ]);
    }
    rows.push(untouched(shape, "zeros", Outcome::Passed, vec![0; 60]));
}

impl Row {
    /// The row with bytes of its (untouched) frame changed.
    fn edited(mut self, change: impl FnOnce(&mut Vec<u8>)) -> Self {
        change(&mut self.input);
        self.expected.frame = self.input.clone();
        self
    }
}
