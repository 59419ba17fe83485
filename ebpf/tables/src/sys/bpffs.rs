//! A bpffs that nobody else sees.

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::path::PathBuf;

/// `FSCONFIG_CMD_CREATE` (linux/mount.h).
const FSCONFIG_CMD_CREATE: libc::c_uint = 6;

/// An instance of bpffs that is mounted nowhere (`fsopen(2)`, Linux 5.2) and
/// gone, with every pin in it, once this value is dropped.
///
/// Its path works for this process alone: pins are how maps are handed to a
/// loader, and what tests pin leaves nothing behind however they end.
#[derive(Debug)]
pub struct PrivateBpffs {
    mount: OwnedFd,
}

impl PrivateBpffs {
    /// Makes an empty instance.
    ///
    /// # Errors
    ///
    /// Without `CAP_SYS_ADMIN`, or before Linux 5.2.
    pub fn new() -> io::Result<Self> {
        let context = descriptor(
            // SAFETY: fsopen(2) with a string that lives through the call.
            unsafe { libc::syscall(libc::SYS_fsopen, c"bpf".as_ptr(), 1) },
        )?;
        // SAFETY: fsconfig(2) without key and value, as this command asks.
        let created = unsafe {
            libc::syscall(
                libc::SYS_fsconfig,
                context.as_raw_fd(),
                FSCONFIG_CMD_CREATE,
                std::ptr::null::<u8>(),
                std::ptr::null::<u8>(),
                0,
            )
        };
        if created < 0 {
            return Err(io::Error::last_os_error());
        }
        let mount = descriptor(
            // SAFETY: fsmount(2) of the context made above.
            unsafe { libc::syscall(libc::SYS_fsmount, context.as_raw_fd(), 1, 0) },
        )?;
        Ok(Self { mount })
    }

    /// Path of its root, for this process.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        PathBuf::from(format!("/proc/self/fd/{}", self.mount.as_raw_fd()))
    }
}

fn descriptor(returned: libc::c_long) -> io::Result<OwnedFd> {
    if returned < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel has just made this descriptor for us.
    Ok(unsafe { OwnedFd::from_raw_fd(returned as RawFd) })
}
