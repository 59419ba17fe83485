//! A native XDP program that passes everything, on the far end of a gateway's
//! veth.
//!
//! A veth delivers what its peer's program sends back (`XDP_TX`) only where it
//! has a native program of its own. Hardware has no such condition; this
//! program stands in for it.

use std::ffi::CString;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use super::namespace::Namespace;
use crate::error::Result;

/// linux/bpf.h
const BPF_PROG_LOAD: libc::c_int = 5;
const BPF_LINK_CREATE: libc::c_int = 28;
const BPF_PROG_TYPE_XDP: u32 = 6;
const BPF_XDP: u32 = 37;
const BPF_F_XDP_HAS_FRAGS: u32 = 1 << 5;
/// linux/if_link.h
pub(super) const XDP_FLAGS_DRV_MODE: u32 = 1 << 2;

/// `r0 = XDP_PASS; exit` (instruction set: RFC 9669).
const PROGRAM: [u64; 2] = [0x0000_0002_0000_00b7, 0x0000_0000_0000_0095];

/// The head of `union bpf_attr` for `BPF_PROG_LOAD`.
#[repr(C)]
#[derive(Default)]
struct ProgLoad {
    prog_type: u32,
    insn_cnt: u32,
    insns: u64,
    license: u64,
    log_level: u32,
    log_size: u32,
    log_buf: u64,
    kern_version: u32,
    prog_flags: u32,
    prog_name: [u8; 16],
    prog_ifindex: u32,
    expected_attach_type: u32,
}

/// The head of `union bpf_attr` for `BPF_LINK_CREATE`.
#[repr(C)]
struct LinkCreate {
    prog_fd: u32,
    target_ifindex: u32,
    attach_type: u32,
    flags: u32,
}

/// Loads the program.
pub(crate) fn load() -> io::Result<OwnedFd> {
    let license = CString::from(c"Apache-2.0");
    bpf(
        BPF_PROG_LOAD,
        &ProgLoad {
            prog_type: BPF_PROG_TYPE_XDP,
            insn_cnt: PROGRAM.len() as u32,
            insns: PROGRAM.as_ptr() as u64,
            license: license.as_ptr() as u64,
            prog_flags: BPF_F_XDP_HAS_FRAGS,
            prog_name: *b"lab_pass\0\0\0\0\0\0\0\0",
            expected_attach_type: BPF_XDP,
            ..ProgLoad::default()
        },
    )
}

/// Attaches the program to interface `index` of `namespace`. It stays until the
/// returned link is closed.
pub(crate) fn attach(namespace: &Namespace, index: u32) -> Result<OwnedFd> {
    namespace.attempt(
        "attaching a native XDP program to the gateway's veth peer",
        || {
            let program = load()?;
            bpf(
                BPF_LINK_CREATE,
                &LinkCreate {
                    prog_fd: program.as_raw_fd().cast_unsigned(),
                    target_ifindex: index,
                    attach_type: BPF_XDP,
                    flags: XDP_FLAGS_DRV_MODE,
                },
            )
        },
    )
}

fn bpf<T>(command: libc::c_int, attributes: &T) -> io::Result<OwnedFd> {
    // SAFETY: `attributes` is the head of `union bpf_attr` for `command` and `size_of::<T>()`
    // bytes long; the kernel takes the rest for zero. What its pointers lead to lives until the
    // call returns.
    let fd = unsafe {
        libc::syscall(
            libc::SYS_bpf,
            command,
            std::ptr::from_ref(attributes),
            size_of::<T>(),
        )
    };
    let fd = libc::c_int::try_from(fd).map_err(|_| io::ErrorKind::InvalidData)?;
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel has just made this descriptor for us.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}
