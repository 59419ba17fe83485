//! The XDP router: the maps around the brain in `isthmus-datapath`.
#![no_std]
#![no_main]
#![feature(asm_experimental_arch)]

use aya_ebpf::bindings::xdp_action::{XDP_DROP, XDP_PASS, XDP_TX};
use aya_ebpf::macros::xdp;
use aya_ebpf::programs::XdpContext;
use isthmus_datapath::{Frame as _, Lookup, Verdict, process};

mod counters;
mod maps;
mod memory;
mod packet;
mod rodata;

/// Routes one frame.
#[xdp(frags)]
pub fn router(context: XdpContext) -> u32 {
    let mut packet = packet::Packet::new(&context);
    let length = packet.length() as u64;
    let verdict = process(
        &mut packet,
        &rodata::Rodata,
        &Lookup(memory::Maps, rodata::Rodata),
    );
    counters::outcome(verdict.outcome(), length);
    match verdict {
        Verdict::Passed => XDP_PASS,
        Verdict::Forwarded { peering } => {
            counters::peering(peering, length);
            XDP_TX
        }
        Verdict::Answered => XDP_TX,
        Verdict::Dropped(_) => XDP_DROP,
    }
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}

/// The licence as the kernel reads it; no helper in use asks for the GPL.
#[unsafe(link_section = "license")]
#[unsafe(no_mangle)]
static LICENSE: [u8; 4] = *b"GPL\0";
