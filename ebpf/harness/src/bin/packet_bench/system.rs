//! System calls that the benchmark makes itself.

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};

use anyhow::{Context as _, Result, ensure};

/// Commands of bpf(2) (linux/bpf.h).
const MAP_UPDATE_ELEM: libc::c_long = 2;
const PROG_TEST_RUN: libc::c_long = 10;
const LINK_CREATE: libc::c_long = 28;
/// Attach type of XDP.
const BPF_XDP: u32 = 37;
/// Flag of a test run whose frames go where the program sends them.
const TEST_XDP_LIVE_FRAMES: u32 = 2;
/// Native mode (linux/if_link.h).
const XDP_FLAGS_DRV_MODE: u32 = 1 << 2;

fn bpf<T>(command: libc::c_long, attributes: &mut T) -> io::Result<RawFd> {
    // SAFETY: `attributes` is the head of `union bpf_attr` for the command, of the size given, and
    // its pointers are to values that live until the call returns.
    let result =
        unsafe { libc::syscall(libc::SYS_bpf, command, &raw mut *attributes, size_of::<T>()) };
    match RawFd::try_from(result) {
        Ok(result) if result >= 0 => Ok(result),
        _ => Err(io::Error::last_os_error()),
    }
}

/// `map[0] = program`, by the system call, because aya's own call takes the map
/// out of the object.
pub(crate) fn set_program(map: RawFd, program: RawFd) -> Result<()> {
    #[repr(C)]
    struct Element {
        map: RawFd,
        padding: u32,
        key: u64,
        value: u64,
        flags: u64,
    }
    let key = 0_u32;
    let mut element = Element {
        map,
        padding: 0,
        key: (&raw const key) as u64,
        value: (&raw const program) as u64,
        flags: 0,
    };
    bpf(MAP_UPDATE_ELEM, &mut element).context("a program array")?;
    Ok(())
}

/// Attaches an XDP program to an interface in native mode, until the link is
/// closed.
pub(crate) fn attach(program: RawFd, interface: u32) -> Result<OwnedFd> {
    #[repr(C)]
    struct Create {
        program: RawFd,
        interface: u32,
        kind: u32,
        flags: u32,
    }
    let mut create = Create {
        program,
        interface,
        kind: BPF_XDP,
        flags: XDP_FLAGS_DRV_MODE,
    };
    let link = bpf(LINK_CREATE, &mut create).context("native XDP on a veth")?;
    // SAFETY: the kernel has just made this descriptor for us.
    Ok(unsafe { OwnedFd::from_raw_fd(link) })
}

/// Runs a program as if `packets` frames of `length` bytes had come in on an
/// interface, and sends them where it says.
pub(crate) fn live(program: RawFd, interface: u32, length: u32, packets: u32) -> Result<()> {
    /// `struct xdp_md`.
    #[repr(C)]
    struct Context {
        data: u32,
        data_end: u32,
        data_meta: u32,
        ingress: u32,
        queue: u32,
        egress: u32,
    }
    #[repr(C)]
    #[derive(Default)]
    struct Run {
        program: RawFd,
        result: u32,
        size_in: u32,
        size_out: u32,
        data_in: u64,
        data_out: u64,
        repeat: u32,
        duration: u32,
        context_size_in: u32,
        context_size_out: u32,
        context_in: u64,
        context_out: u64,
        flags: u32,
        cpu: u32,
        batch: u32,
        padding: u32,
    }
    let data = vec![0_u8; length as usize];
    let context = Context {
        data: 0,
        data_end: length,
        data_meta: 0,
        ingress: interface,
        queue: 0,
        egress: 0,
    };
    let mut run = Run {
        program,
        size_in: length,
        data_in: data.as_ptr() as u64,
        repeat: packets,
        context_size_in: size_of::<Context>() as u32,
        context_in: (&raw const context) as u64,
        flags: TEST_XDP_LIVE_FRAMES,
        ..Run::default()
    };
    bpf(PROG_TEST_RUN, &mut run).context("a test run with live frames")?;
    Ok(())
}

/// Keeps this thread on one CPU; returns which.
pub(crate) fn stay_on_one_cpu() -> Result<usize> {
    let count = std::thread::available_parallelism()?.get();
    let cpu = count - 1;
    // SAFETY: an all-zero set is a valid, empty one, and `cpu` is within it.
    let result = unsafe {
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        libc::CPU_SET(cpu, &mut set);
        libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &raw const set)
    };
    ensure!(result == 0, "affinity: {}", io::Error::last_os_error());
    Ok(cpu)
}

/// Moves this thread into a network namespace of its own.
pub(crate) fn own_network() -> Result<()> {
    // SAFETY: takes no pointer; changes this thread's namespace alone.
    let result = unsafe { libc::unshare(libc::CLONE_NEWNET) };
    ensure!(
        result == 0,
        "a network namespace: {}",
        io::Error::last_os_error()
    );
    Ok(())
}

/// Moves this thread into the network namespace of a descriptor.
pub(crate) fn enter_network(namespace: &impl AsRawFd) -> Result<()> {
    // SAFETY: takes no pointer; changes this thread's namespace alone.
    let result = unsafe { libc::setns(namespace.as_raw_fd(), libc::CLONE_NEWNET) };
    ensure!(result == 0, "setns: {}", io::Error::last_os_error());
    Ok(())
}

/// CPU time of this thread, softirqs that ran on it included where the kernel
/// does not account for them apart.
pub(crate) fn thread_ns() -> Result<f64> {
    clock_ns(libc::CLOCK_THREAD_CPUTIME_ID)
}

/// CPU time of a process.
pub(crate) fn process_ns(process: libc::pid_t) -> Result<f64> {
    let mut clock = 0;
    // SAFETY: a live clockid_t.
    let result = unsafe { libc::clock_getcpuclockid(process, &raw mut clock) };
    ensure!(result == 0, "no clock of process {process}");
    clock_ns(clock)
}

fn clock_ns(clock: libc::clockid_t) -> Result<f64> {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: a live timespec.
    let result = unsafe { libc::clock_gettime(clock, &raw mut time) };
    ensure!(result == 0, "CPU time: {}", io::Error::last_os_error());
    Ok(time.tv_sec as f64 * 1e9 + time.tv_nsec as f64)
}
