//! The BPF objects, built by this crate's build script and embedded.
//!
//! `ISTHMUS_BPF_OBJECT` names a router object built elsewhere, to be embedded
//! as it is; `ISTHMUS_BPF_RUSTC` names the compiler to build it with. Without
//! either, the build script looks for a compiler that can: see `build/`.
#![no_std]

/// Bytes aligned for the structures that an ELF parser reads in place.
#[repr(C, align(64))]
struct Aligned<T: ?Sized>(T);

static ROUTER_BYTES: &Aligned<[u8]> = &Aligned(*include_bytes!(env!("ISTHMUS_ROUTER_OBJECT")));

/// The router: program `router` (`xdp.frags`), configuration `CONFIG` in
/// `.rodata`, maps named in `isthmus_abi::map`.
pub static ROUTER: &[u8] = &ROUTER_BYTES.0;

#[cfg(isthmus_bench_object)]
static BENCH_BYTES: &Aligned<[u8]> = &Aligned(*include_bytes!(env!("ISTHMUS_BENCH_OBJECT")));

/// Programs that the packet benchmark runs beside the router: its driver and
/// what the router is compared with. `None` where the router object was built
/// elsewhere.
#[cfg(isthmus_bench_object)]
pub static BENCH: Option<&[u8]> = Some(&BENCH_BYTES.0);

/// Programs that the packet benchmark runs beside the router. `None`, because
/// the router object was built elsewhere.
#[cfg(not(isthmus_bench_object))]
pub static BENCH: Option<&[u8]> = None;
