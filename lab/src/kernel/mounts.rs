//! A mount namespace with a BPF file system of its own.
//!
//! What a router pins in a lab's gateway is seen by that gateway's processes
//! only, labs beside it have the same paths to themselves, and all of it is
//! gone with the last reference, even after SIGKILL.

use std::ffi::CStr;
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::ptr;
use std::sync::Arc;

use super::namespace::on_thread;
use super::syscall::check;
use crate::error::{Result, Tried};

/// Where the BPF file system is.
const BPFFS: &CStr = c"/sys/fs/bpf";

/// A mount namespace, kept by file descriptor. Clones are the same namespace.
#[derive(Clone, Debug)]
pub struct MountNamespace {
    fd: Arc<OwnedFd>,
}

impl MountNamespace {
    /// Copies the caller's mounts, privately, with a fresh BPF file system at
    /// `/sys/fs/bpf`.
    ///
    /// # Errors
    /// Without `CAP_SYS_ADMIN`, or where the kernel has no BPF file system.
    pub fn with_bpffs() -> Result<Self> {
        let fd = on_thread(|| {
            // SAFETY: takes no pointer; changes this thread only, which ends.
            check(unsafe { libc::unshare(libc::CLONE_NEWNS) })?;
            mount(None, c"/", None, libc::MS_REC | libc::MS_PRIVATE)?;
            mount(Some(c"bpf"), BPFFS, Some(c"bpf"), 0)?;
            Ok(OwnedFd::from(File::open("/proc/thread-self/ns/mnt")?))
        })
        .tried(|| "making a mount namespace with a BPF file system of its own".to_owned())?;
        Ok(Self { fd: Arc::new(fd) })
    }

    /// Runs `f` on a thread of its own that sees these mounts.
    ///
    /// # Errors
    /// When the namespace cannot be entered. A panic of `f` is passed on.
    pub fn run<T: Send>(&self, f: impl FnOnce() -> T + Send) -> Result<T> {
        on_thread(|| {
            // SAFETY: takes no pointer. A thread that shares its working directory with others
            // may not change its mount namespace.
            check(unsafe { libc::unshare(libc::CLONE_FS) })?;
            self.enter().map(|()| f())
        })
        .tried(|| "entering a mount namespace".to_owned())
    }

    /// Moves the caller here, keeping its working directory's path. Makes only
    /// system calls, so that a forked child may call it.
    pub(super) fn enter(&self) -> io::Result<()> {
        let mut cwd = [0_u8; libc::PATH_MAX as usize];
        // SAFETY: the kernel writes at most `cwd.len()` bytes, ending in NUL, or fails. The raw
        // call is used because the library's may allocate.
        let written = unsafe { libc::syscall(libc::SYS_getcwd, cwd.as_mut_ptr(), cwd.len()) };
        if written < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: takes no pointer; the descriptor is open while `self` is.
        check(unsafe { libc::setns(self.fd.as_raw_fd(), libc::CLONE_NEWNS) })?;
        // SAFETY: `cwd` is NUL-terminated, as written above.
        check(unsafe { libc::chdir(cwd.as_ptr().cast()) }).map(drop)
    }
}

fn mount(
    source: Option<&CStr>,
    target: &CStr,
    kind: Option<&CStr>,
    flags: libc::c_ulong,
) -> io::Result<()> {
    let pointer = |text: Option<&CStr>| text.map_or(ptr::null(), CStr::as_ptr);
    // SAFETY: every pointer is null or a NUL-terminated string that outlives the call.
    check(unsafe {
        libc::mount(
            pointer(source),
            target.as_ptr(),
            pointer(kind),
            flags,
            ptr::null(),
        )
    })
    .map(drop)
}
