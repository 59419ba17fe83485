//! VXLAN to the router that it does not route, each with its reason.

use std::net::IpAddr;

use isthmus_abi::DropReason as Drop;
use isthmus_harness::scene::{GATEWAY_MAC, Shape};

use super::{Row, dropped};

pub(super) fn rows(shape: Shape, rows: &mut Vec<Row>) {
    lengths(shape, rows);
    headers(shape, rows);
    tables(shape, rows);
}

fn lengths(shape: Shape, rows: &mut Vec<Row>) {
    let udp = if shape.tagged { 18 } else { 14 } + if shape.outer_v6 { 40 } else { 20 };
    let inner = if shape.inner_v6 { 40 } else { 20 };
    rows.extend([
        dropped(
            shape,
            "cut in the VXLAN header",
            Drop::OuterLength,
            |frame| {
                frame.cut = Some(udp + 12);
            },
        ),
        dropped(shape, "cut in the payload", Drop::OuterLength, |frame| {
            frame.cut = Some(frame.bytes().len() - 1);
        }),
        dropped(
            shape,
            "outer IP length one too long",
            Drop::OuterLength,
            |frame| {
                frame.outer.length_error = 1;
            },
        ),
        dropped(
            shape,
            "outer IP length one too short",
            Drop::OuterLength,
            |frame| {
                frame.outer.length_error = -1;
            },
        ),
        dropped(shape, "outer IP length 0", Drop::OuterLength, |frame| {
            let header = if shape.outer_v6 { 0 } else { 20 };
            let length = frame.bytes().len() - udp + header;
            frame.outer.length_error = -(length as i32);
        }),
        dropped(
            shape,
            "UDP length one too long",
            Drop::OuterLength,
            |frame| {
                frame.udp_length_error = 1;
            },
        ),
        dropped(shape, "UDP length 0", Drop::OuterLength, |frame| {
            frame.udp_length_error = -((frame.bytes().len() - udp) as i32);
        }),
        dropped(
            shape,
            "padding instead of payload",
            Drop::OuterLength,
            |frame| {
                frame.padding = 8;
                frame.outer.length_error = 9;
            },
        ),
        // Lengths that agree with each other, of a packet that is too short.
        dropped(shape, "nothing after UDP", Drop::Truncated, |frame| {
            short(frame, udp, 8);
        }),
        dropped(
            shape,
            "ends in the VXLAN header",
            Drop::Truncated,
            |frame| short(frame, udp, 15),
        ),
        dropped(shape, "ends in the inner MACs", Drop::Truncated, |frame| {
            short(frame, udp, 29);
        }),
        dropped(
            shape,
            "nothing after inner Ethernet",
            Drop::Truncated,
            |frame| {
                short(frame, udp, 30);
            },
        ),
        dropped(
            shape,
            "ends in the inner IP header",
            Drop::Truncated,
            |frame| {
                short(frame, udp, 30 + inner - 1);
            },
        ),
    ]);
}

/// Makes all lengths say that UDP has `length` bytes, and cuts the frame there.
fn short(frame: &mut isthmus_harness::FrameSpec, udp: usize, length: usize) {
    let missing = (frame.bytes().len() - udp - length) as i32;
    frame.outer.length_error = -missing;
    frame.udp_length_error = -missing;
    frame.cut = Some(udp + length);
}

fn headers(shape: Shape, rows: &mut Vec<Row>) {
    rows.extend([
        dropped(shape, "no VXLAN flags", Drop::VxlanFlags, |frame| {
            frame.vxlan = 100 << 8;
        }),
        dropped(shape, "all VXLAN flags but I", Drop::VxlanFlags, |frame| {
            frame.vxlan = 0xf7ff_ffff_0000_0000 | 100 << 8;
        }),
        dropped(shape, "VNI 0", Drop::VniZero, |frame| {
            frame.vxlan = 0x0800_0000_0000_00ff;
        }),
        dropped(
            shape,
            "inner frame to another MAC",
            Drop::InnerMac,
            |frame| {
                frame.inner_to = GATEWAY_MAC + 1;
            },
        ),
        dropped(shape, "inner broadcast", Drop::InnerMac, |frame| {
            frame.inner_to = 0xffff_ffff_ffff;
        }),
        dropped(shape, "inner ARP", Drop::InnerNotIp, |frame| {
            frame.inner_ethertype = Some(0x0806);
        }),
        dropped(shape, "inner VLAN tag", Drop::InnerNotIp, |frame| {
            frame.inner_ethertype = Some(0x8100);
        }),
        dropped(shape, "inner version 7", Drop::InnerHeader, |frame| {
            frame.inner.first_byte_error = if shape.inner_v6 { 0x10 } else { 0x30 };
        }),
        dropped(
            shape,
            "inner length one beyond UDP's",
            Drop::InnerHeader,
            |frame| {
                frame.inner.length_error = 1;
            },
        ),
    ]);
    if shape.inner_v6 {
        rows.push(dropped(
            shape,
            "inner IPv4 under IPv6's EtherType",
            Drop::InnerHeader,
            |frame| {
                frame.inner.first_byte_error = 0x20;
            },
        ));
    } else {
        rows.extend([
            dropped(
                shape,
                "inner header of 16 bytes",
                Drop::InnerHeader,
                |frame| {
                    frame.inner.first_byte_error = 1;
                },
            ),
            dropped(
                shape,
                "inner header longer than the packet",
                Drop::InnerHeader,
                |frame| {
                    frame.inner.first_byte_error = 0x0a;
                },
            ),
            dropped(
                shape,
                "inner length below its header's",
                Drop::InnerHeader,
                |frame| {
                    frame.inner.length_error = -13;
                },
            ),
            dropped(
                shape,
                "inner IPv6 under IPv4's EtherType",
                Drop::InnerHeader,
                |frame| {
                    frame.inner.first_byte_error = 0x20;
                },
            ),
        ]);
    }
}

fn tables(shape: Shape, rows: &mut Vec<Row>) {
    let special = |four: [u8; 4], six: [u16; 8]| {
        if shape.inner_v6 {
            IpAddr::from(six)
        } else {
            IpAddr::from(four)
        }
    };
    let multicast = special([224, 0, 0, 5], [0xff02, 0, 0, 0, 0, 0, 0, 5]);
    let loopback = special([127, 0, 0, 1], [0, 0, 0, 0, 0, 0, 0, 1]);
    let link_local = special([169, 254, 0, 1], [0xfe80, 0, 0, 0, 0, 0, 0, 1]);
    let ones = special([255; 4], [0xffff; 8]);
    let zero = special([0; 4], [0; 8]);
    for (name, address) in [
        ("multicast", multicast),
        ("loopback", loopback),
        ("link-local", link_local),
        ("all-ones", ones),
        ("zero", zero),
    ] {
        rows.push(dropped(
            shape,
            &format!("inner packet to a {name} address"),
            Drop::NoRoute,
            |frame| {
                frame.inner.destination = address;
            },
        ));
        rows.push(dropped(
            shape,
            &format!("inner packet from a {name} address"),
            Drop::SpoofedSource,
            |frame| {
                frame.inner.source = address;
            },
        ));
    }
    rows.extend([
        dropped(shape, "to an unpeered VPC", Drop::NoRoute, |frame| {
            frame.inner.destination = shape.address(300, 0, 3);
        }),
        dropped(shape, "from an unpeered VPC", Drop::NoRoute, |frame| {
            frame.vxlan = 0x0800_0000_0000_0000 | 300 << 8;
            frame.inner.source = shape.address(300, 0, 2);
        }),
        dropped(
            shape,
            "from a VPC that is not there",
            Drop::NoRoute,
            |frame| {
                frame.vxlan = 0x08ff_ffff_ffff_ff00;
            },
        ),
        dropped(
            shape,
            "to a member of the own VPC",
            Drop::NoRoute,
            |frame| {
                frame.inner.destination = shape.address(100, 0, 3);
            },
        ),
        dropped(
            shape,
            "to an address that nobody holds",
            Drop::NoMember,
            |frame| {
                frame.inner.destination = shape.address(200, 0, 100);
            },
        ),
        dropped(
            shape,
            "from an address that nobody holds",
            Drop::SpoofedSource,
            |frame| {
                frame.inner.source = shape.address(100, 0, 100);
            },
        ),
        dropped(
            shape,
            "from a member on another hypervisor",
            Drop::SpoofedSource,
            |frame| {
                frame.outer.source = shape.vtep(12);
            },
        ),
        dropped(
            shape,
            "from no hypervisor at all",
            Drop::SpoofedSource,
            |frame| {
                frame.outer.source = shape.vtep(99);
            },
        ),
        dropped(
            shape,
            "from the zero outer address",
            Drop::SpoofedSource,
            |frame| {
                frame.outer.source = if shape.outer_v6 {
                    [0_u16; 8].into()
                } else {
                    [0_u8; 4].into()
                };
            },
        ),
        dropped(
            shape,
            "nobody from the zero outer address",
            Drop::SpoofedSource,
            |frame| {
                frame.inner.source = shape.address(100, 0, 100);
                frame.outer.source = if shape.outer_v6 {
                    [0_u16; 8].into()
                } else {
                    [0_u8; 4].into()
                };
            },
        ),
        dropped(
            shape,
            "from a member of the destination's VPC",
            Drop::SpoofedSource,
            |frame| {
                frame.inner.source = shape.address(200, 0, 2);
            },
        ),
        dropped(
            shape,
            "source that the peering does not export",
            Drop::SourceNotExported,
            |frame| frame.inner.destination = shape.address(400, 0, 3),
        ),
        dropped(shape, "TTL 1", Drop::TtlExpired, |frame| {
            frame.inner.ttl = 1;
        }),
        dropped(shape, "TTL 0", Drop::TtlExpired, |frame| {
            frame.inner.ttl = 0;
        }),
        dropped(
            shape,
            "next hop unknown",
            Drop::NextHopUnresolved,
            |frame| {
                frame.inner.destination = shape.address(200, 0, 4);
            },
        ),
        dropped(
            shape,
            "member on the other underlay family",
            Drop::UnderlayFamily,
            |frame| {
                frame.inner.destination = shape.address(200, 0, 5);
            },
        ),
        // Which of two reasons is given.
        dropped(
            shape,
            "no route before spoofed source",
            Drop::NoRoute,
            |frame| {
                frame.inner.destination = shape.address(300, 0, 3);
                frame.outer.source = shape.vtep(12);
            },
        ),
        dropped(
            shape,
            "no member before spoofed source",
            Drop::NoMember,
            |frame| {
                frame.inner.destination = shape.address(200, 0, 100);
                frame.outer.source = shape.vtep(12);
            },
        ),
        dropped(
            shape,
            "spoofed source before TTL",
            Drop::SpoofedSource,
            |frame| {
                frame.outer.source = shape.vtep(12);
                frame.inner.ttl = 1;
            },
        ),
        dropped(shape, "TTL before next hop", Drop::TtlExpired, |frame| {
            frame.inner.destination = shape.address(200, 0, 4);
            frame.inner.ttl = 1;
        }),
    ]);
    if shape.outer_v6 {
        // Only a frame of the IPv4 underlay can come from an IPv4 VTEP.
        rows.push(dropped(
            shape,
            "from a mapped IPv4 address",
            Drop::SpoofedSource,
            |frame| {
                frame.outer.source = IpAddr::from([0, 0, 0, 0, 0, 0xffff, 0xac10, 11_u16]);
                frame.inner.source = Shape {
                    outer_v6: false,
                    ..shape
                }
                .address(100, 0, 2);
            },
        ));
    }
}
