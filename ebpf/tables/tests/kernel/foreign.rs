//! An XDP program of somebody else.

use std::ffi::CString;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Commands and types of `bpf(2)` (linux/bpf.h).
const PROG_LOAD: libc::c_int = 5;
const OBJ_PIN: libc::c_int = 6;
const LINK_CREATE: libc::c_int = 28;
const PROG_TYPE_XDP: u32 = 6;
const ATTACH_XDP: u32 = 37;

/// Modes (linux/if_link.h).
pub(crate) const GENERIC: u32 = 1 << 1;
pub(crate) const DRIVER: u32 = 1 << 2;

/// `r0 = XDP_PASS; exit` (RFC 9669).
const PROGRAM: [u64; 2] = [0x0000_0002_0000_00b7, 0x0000_0000_0000_0095];

#[repr(C)]
struct ProgLoad {
    prog_type: u32,
    insn_cnt: u32,
    insns: u64,
    license: u64,
}

#[repr(C)]
struct LinkCreate {
    program: u32,
    ifindex: u32,
    attach_type: u32,
    flags: u32,
}

#[repr(C)]
struct ObjPin {
    path: u64,
    fd: u32,
    flags: u32,
}

/// A program that passes everything.
pub(crate) fn program() -> OwnedFd {
    let fd = bpf(
        PROG_LOAD,
        &ProgLoad {
            prog_type: PROG_TYPE_XDP,
            insn_cnt: PROGRAM.len() as u32,
            insns: PROGRAM.as_ptr() as u64,
            license: c"Apache-2.0".as_ptr() as u64,
        },
    );
    descriptor(fd)
}

/// Its link to an interface: there until the value is dropped or, if pinned,
/// the pin is removed.
pub(crate) fn attach(ifindex: u32, flags: u32) -> OwnedFd {
    let program = program();
    let fd = bpf(
        LINK_CREATE,
        &LinkCreate {
            program: program.as_raw_fd() as u32,
            ifindex,
            attach_type: ATTACH_XDP,
            flags,
        },
    );
    descriptor(fd)
}

/// Pins an object.
pub(crate) fn pin(object: &OwnedFd, path: &Path) {
    let path = CString::new(path.as_os_str().as_bytes()).expect("no zero in it");
    let pin = ObjPin {
        path: path.as_ptr() as u64,
        fd: object.as_raw_fd() as u32,
        flags: 0,
    };
    bpf(OBJ_PIN, &pin);
}

fn bpf<T>(command: libc::c_int, attributes: &T) -> libc::c_long {
    // SAFETY: `attributes` is the head of `union bpf_attr` for the command, the
    // kernel takes the rest for zero, and what it points at outlives the call.
    let returned = unsafe {
        libc::syscall(
            libc::SYS_bpf,
            command,
            std::ptr::from_ref(attributes),
            size_of::<T>(),
        )
    };
    assert!(
        returned >= 0,
        "bpf({command}): {}",
        io::Error::last_os_error()
    );
    returned
}

fn descriptor(fd: libc::c_long) -> OwnedFd {
    // SAFETY: the kernel has just made this descriptor for us.
    unsafe { OwnedFd::from_raw_fd(fd as i32) }
}
