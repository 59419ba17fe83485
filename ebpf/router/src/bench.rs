//! Programs that the packet benchmark runs beside the router: the driver, which
//! writes a fresh frame from a table of flows and tail-calls what is measured,
//! and what the router is compared with.
#![no_std]
#![no_main]

use aya_ebpf::bindings::xdp_action::{XDP_ABORTED, XDP_DROP, XDP_PASS, XDP_TX};
use aya_ebpf::btf_maps::{Array, PerCpuArray, ProgramArray};
use aya_ebpf::macros::{btf_map, xdp};
use aya_ebpf::programs::XdpContext;
use isthmus_abi::{HypervisorEntry, Liveness, MemberWord};
use isthmus_datapath::{Frame as _, Hypervisor, Route, Tables, Verdict, process};

mod packet;
mod rodata;

/// Bytes of a frame in [`FLOWS`], IPv4 in IPv4.
const BYTES_V4: usize = 96;
/// The same of IPv6 in IPv4.
const BYTES_V6: usize = 120;

/// Frames in rotation; user space sets the number, a power of two.
#[btf_map]
static FLOWS: Array<[u64; 16], 1> = Array::new();
/// Place in the rotation, and mask of the number of flows.
#[btf_map]
static ROTATION: PerCpuArray<[u64; 2], 1> = PerCpuArray::new();
/// The program under test, alone.
#[btf_map]
static SUBJECT: ProgramArray<1> = ProgramArray::new();
/// Lines each naming another; user space sets the number.
#[btf_map]
static LINES: Array<[u64; 8], 1> = Array::new();
/// Frames that came to [`sink`]: with the VNI that a router gives them, others.
#[btf_map]
static SUNK: PerCpuArray<[u64; 2], 1> = PerCpuArray::new();

/// Number of [`LINES`], set by the loader.
#[unsafe(no_mangle)]
static SPAN: u64 = 1;

/// Writes the next flow's frame, IPv4 in IPv4, and calls the subject.
#[xdp(frags)]
pub fn driver_v4(context: XdpContext) -> u32 {
    drive::<BYTES_V4>(&context)
}

/// As [`driver_v4`], IPv6 in IPv4.
#[xdp(frags)]
pub fn driver_v6(context: XdpContext) -> u32 {
    drive::<BYTES_V6>(&context)
}

#[inline(always)]
fn drive<const BYTES: usize>(context: &XdpContext) -> u32 {
    let mut packet = packet::Packet::new(context);
    let Some(frame) = packet.chunk::<BYTES>(0) else {
        return XDP_ABORTED;
    };
    let Some(rotation) = ROTATION.get_ptr_mut(0) else {
        return XDP_ABORTED;
    };
    // SAFETY: this CPU's own entry.
    let place = unsafe {
        (*rotation)[0] = (*rotation)[0].wrapping_add(1);
        (*rotation)[0] & (*rotation)[1]
    };
    let Some(flow) = FLOWS.get(place as u32) else {
        return XDP_ABORTED;
    };
    // In pieces that none of the fields of an untagged frame in IPv4 crosses: a
    // load across two fresh stores waits until both have left the processor's
    // store buffer, and with it for the misses of the packet before. A frame
    // that a NIC wrote has no such stores.
    let from = flow.as_ptr().cast::<u8>();
    let to = frame.as_mut_ptr();
    // SAFETY: all pieces end within `BYTES`, which both have.
    unsafe {
        for at in [0, 8, 16, 26, 34, 42] {
            copy::<u64>(from, to, at);
        }
        copy::<u16>(from, to, 24);
        copy::<u32>(from, to, 50);
        copy::<u16>(from, to, 54);
        let mut at = 56;
        while at < BYTES {
            copy::<u64>(from, to, at);
            at += 8;
        }
    }
    // SAFETY: the context is the one that the kernel gave the program.
    unsafe { SUBJECT.tail_call(context, 0) };
    XDP_ABORTED
}

/// Copies a number at an offset.
///
/// # Safety
///
/// It must lie in both.
#[inline(always)]
unsafe fn copy<T: Copy>(from: *const u8, to: *mut u8, at: usize) {
    // SAFETY: the caller's promise; numbers need no alignment.
    unsafe {
        let value = from.add(at).cast::<T>().read_unaligned();
        to.add(at).cast::<T>().write_unaligned(value);
    }
}

/// Sends every frame back as it is.
#[xdp(frags)]
pub fn empty(_: XdpContext) -> u32 {
    XDP_TX
}

/// Leaves every frame to the kernel.
#[xdp(frags)]
pub fn pass(_: XdpContext) -> u32 {
    XDP_PASS
}

/// Counts what comes out of a gateway, and ends it. The VPC of an inner
/// destination in IPv4 can be told from the address: see the benchmark's flows.
#[xdp(frags)]
pub fn sink(context: XdpContext) -> u32 {
    let mut packet = packet::Packet::new(&context);
    let Some(udp) = packet.chunk::<4>(34) else {
        return XDP_DROP;
    };
    if u16::from_be_bytes([udp[2], udp[3]]) != 4789 {
        return XDP_DROP;
    }
    let Some(vxlan) = packet.chunk::<8>(42) else {
        return XDP_DROP;
    };
    let vni = u64::from_be_bytes(*vxlan) >> 8 & 0x00ff_ffff;
    let Some(destination) = packet.chunk::<4>(80) else {
        return XDP_DROP;
    };
    let vpc = (u32::from_be_bytes(*destination) & 0x00ff_ffff) >> 9;
    if let Some(sunk) = SUNK.get_ptr_mut(0) {
        // SAFETY: this CPU's own entry.
        unsafe { (*sunk)[(vni != vpc as u64 + 1) as usize] += 1 };
    }
    XDP_DROP
}

/// The brain with tables that know everything: parse and rewrite, no look-up.
#[xdp(frags)]
pub fn rewrite(context: XdpContext) -> u32 {
    let mut packet = packet::Packet::new(&context);
    let Some(source) = packet.chunk::<4>(26) else {
        return XDP_PASS;
    };
    let tables = Known(HypervisorEntry::mapped(u32::from_be_bytes(*source)));
    match process(&mut packet, &rodata::Rodata, &tables) {
        Verdict::Passed => XDP_PASS,
        Verdict::Forwarded { .. } | Verdict::Answered => XDP_TX,
        Verdict::Dropped(_) => XDP_DROP,
    }
}

/// Two random misses, the second where the first says.
#[xdp(frags)]
pub fn two_misses(context: XdpContext) -> u32 {
    let mut packet = packet::Packet::new(&context);
    // Bytes that differ from flow to flow: the inner source and what is beside it.
    let Some(inner) = packet.chunk::<16>(72) else {
        return XDP_PASS;
    };
    let inner = inner.as_ptr().cast::<u64>();
    // SAFETY: both words are inside the chunk.
    let [first, second] = unsafe { [inner.read_unaligned(), inner.add(1).read_unaligned()] };
    let flow = first.rotate_left(29) ^ second;
    // SAFETY: a live static, aligned and initialised; the loader sets it.
    let span = unsafe { (&raw const SPAN).read_volatile() };
    let start = ((flow.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) * span) >> 32;
    let Some(first) = LINES.get(start as u32) else {
        return XDP_ABORTED;
    };
    let Some(second) = LINES.get(first[0] as u32) else {
        return XDP_ABORTED;
    };
    if second[1] == 0 { XDP_TX } else { XDP_DROP }
}

/// Every address is a member's, and every packet comes from where it should.
struct Known([u64; 2]);

impl Tables for Known {
    #[inline(always)]
    fn route_v4(&self, vni: u32, _: u32) -> Option<Route> {
        Some(Route {
            peer_vni: vni ^ 1,
            peering: 0,
        })
    }
    #[inline(always)]
    fn route_v6(&self, vni: u32, _: [u64; 2]) -> Option<Route> {
        Some(Route {
            peer_vni: vni ^ 1,
            peering: 0,
        })
    }
    #[inline(always)]
    fn member_v4(&self, vni: u32, address: u32) -> MemberWord {
        MemberWord(u64::from(vni ^ address) << 16 | 1)
    }
    #[inline(always)]
    fn member_v6(&self, _: u32, [high, low]: [u64; 2]) -> MemberWord {
        MemberWord(high ^ low | 1)
    }
    #[inline(always)]
    fn hypervisor(&self, _: u16, _: u32) -> Hypervisor {
        Hypervisor {
            vtep: self.0,
            next_hop: 0x0200_0000_0001,
        }
    }
    #[inline(always)]
    fn is_hypervisor(&self, _: [u64; 2]) -> bool {
        true
    }
    #[inline(always)]
    fn liveness(&self) -> Liveness {
        Liveness::Serving
    }
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}

/// The licence as the kernel reads it.
#[unsafe(link_section = "license")]
#[unsafe(no_mangle)]
static LICENSE: [u8; 4] = *b"GPL\0";
