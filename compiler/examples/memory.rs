//! Prints how many bytes the compiler holds for each of 100 000 members, in
//! 100 VPCs, each with one address and a UID as the API server gives it; how
//! many the slicer adds once all of them are in slices; and how many a gateway
//! holds of those slices.
//!
//! `cargo run --release -p isthmus-compiler --example memory`

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use anyhow::Result;
use isthmus_compiler::received::SliceSet;
use isthmus_compiler::slices::{SliceLimits, SliceWrite, Slicer};
use isthmus_compiler::{Compiler, Event, Object};
use isthmus_crds::{Vpc, VpcMember};
use serde_json::json;

const VPCS: usize = 100;
const MEMBERS: usize = 100_000;

/// The system's allocator, counting the bytes that are asked for and not yet
/// given back; what it adds to each allocation itself is not in the count.
struct Counting;

static HELD: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call goes to `System` with the arguments as they came, so its
// guarantees are ours; the counter allocates nothing. `realloc` and
// `alloc_zeroed` are the provided ones, made of `alloc` and `dealloc`.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        HELD.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promise about `layout` is the one that is needed.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: `at` came from `System.alloc` with this layout, by the caller's promise.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn vpc(i: usize) -> Result<Object> {
    let vpc: Vpc = serde_json::from_value(json!({
        "apiVersion": isthmus_crds::API_VERSION,
        "kind": "Vpc",
        "metadata": {"name": format!("vpc-{i}"), "namespace": "team-a"},
        "spec": {"vni": i + 1, "cidrs": ["10.0.0.0/8"]},
    }))?;
    Ok(vpc.into())
}

fn member(i: usize) -> Result<Object> {
    let member: VpcMember = serde_json::from_value(json!({
        "apiVersion": isthmus_crds::API_VERSION,
        "kind": "VpcMember",
        "metadata": {
            "name": format!("machine-{i:06}"),
            "namespace": "team-a",
            "uid": format!("6f1c2d3e-0000-4000-8000-{i:012x}"),
            "creationTimestamp": "2026-01-01T00:00:00Z",
        },
        "spec": {
            "vpc": format!("vpc-{}", i % VPCS),
            "addresses": [format!("10.{}.{}.{}", 1 + i / VPCS / 65536, i / VPCS / 256, i / VPCS % 256)],
            "mac": format!("02:00:00:{:02x}:{:02x}:{:02x}", i >> 16 & 255, i >> 8 & 255, i & 255),
            "hypervisor": format!("172.16.0.{}", 1 + i % 200),
        },
    }))?;
    Ok(member.into())
}

fn main() -> Result<()> {
    let mut compiler = Compiler::new();
    for i in 0..VPCS {
        compiler.apply_all([Event::Apply(vpc(i)?)]);
    }
    let before = HELD.load(Ordering::Relaxed);
    for i in 0..MEMBERS {
        compiler.apply_all([Event::Apply(member(i)?)]);
    }
    let bytes = HELD.load(Ordering::Relaxed) - before;
    anyhow::ensure!(
        compiler.members().count() == MEMBERS,
        "not every member was accepted"
    );
    println!("{} bytes a member at {MEMBERS} members", bytes / MEMBERS);

    let before = HELD.load(Ordering::Relaxed);
    let mut slicer = Slicer::new(SliceLimits::default());
    slicer.note_everything(&compiler);
    let slices = write_all(&mut slicer, &compiler, |_| {});
    let bytes = HELD.load(Ordering::Relaxed) - before;
    println!(
        "{} bytes a member in {slices} slices",
        bytes.div_ceil(MEMBERS)
    );

    let mut slicer = Slicer::new(SliceLimits::default());
    slicer.note_everything(&compiler);
    let mut written = Vec::new();
    write_all(&mut slicer, &compiler, |write| written.push(write));
    let before = HELD.load(Ordering::Relaxed);
    let mut set = SliceSet::new();
    let start = Instant::now();
    for write in &written {
        if let SliceWrite::ApplyForwarding(slice) = write {
            set.apply_forwarding(slice);
        }
    }
    let took = start.elapsed();
    let bytes = HELD.load(Ordering::Relaxed) - before;
    anyhow::ensure!(set.members().count() == MEMBERS, "an entry is missing");
    println!(
        "{} bytes a member at a gateway, received in {took:?}",
        bytes.div_ceil(MEMBERS)
    );
    Ok(())
}

/// Confirms writes until there are no more; gives their number.
fn write_all(slicer: &mut Slicer, compiler: &Compiler, mut each: impl FnMut(SliceWrite)) -> u64 {
    let mut version = 0;
    loop {
        let plan = slicer.plan(compiler, 64);
        if plan.is_empty() {
            return version;
        }
        for planned in plan.writes {
            version += 1;
            slicer.written(&planned.write.key(), &version.to_string());
            each(planned.write);
        }
    }
}
