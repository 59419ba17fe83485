//! `bpf(2)` itself: a command, its attributes, an error that names both.

use std::ffi::CString;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Commands of `bpf(2)` (`enum bpf_cmd`, linux/bpf.h).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Command {
    MapCreate = 0,
    MapLookup = 1,
    MapUpdate = 2,
    MapDelete = 3,
    MapNextKey = 4,
    ObjectPin = 6,
    ObjectGet = 7,
    ProgramById = 13,
    MapById = 14,
    ObjectInfo = 15,
    MapFreeze = 22,
    LinkCreate = 28,
    LinkUpdate = 29,
    LinkDetach = 34,
    BindMap = 35,
}

/// A `bpf(2)` command that the kernel refused.
#[derive(Debug, thiserror::Error)]
#[error("bpf({command:?}): {source}")]
pub struct SysError {
    command: Command,
    source: io::Error,
}

impl SysError {
    pub(crate) fn new(command: Command, source: io::Error) -> Self {
        Self { command, source }
    }

    /// The kernel's error number.
    #[must_use]
    pub fn errno(&self) -> i32 {
        self.source.raw_os_error().unwrap_or(0)
    }
}

/// A C struct that the kernel takes as the head of `union bpf_attr`.
///
/// # Safety
///
/// `repr(C)`, no padding, and its pointers are valid for what the command does
/// with them.
pub(crate) unsafe trait Attributes {}

/// Runs a command whose attributes the kernel reads (and may fill in).
pub(crate) fn command<A: Attributes>(
    command: Command,
    attributes: &mut A,
) -> Result<i64, SysError> {
    // SAFETY: `Attributes` promises a struct that bpf(2) may read and write for
    // `size_of::<A>()` bytes.
    let returned = unsafe {
        libc::syscall(
            libc::SYS_bpf,
            command as u32,
            std::ptr::from_mut(attributes),
            size_of::<A>() as u32,
        )
    };
    if returned < 0 {
        return Err(SysError::new(command, io::Error::last_os_error()));
    }
    Ok(returned)
}

/// Runs a command that answers with a new file descriptor.
pub(crate) fn command_fd<A: Attributes>(
    which: Command,
    attributes: &mut A,
) -> Result<OwnedFd, SysError> {
    let fd = command(which, attributes)?;
    // SAFETY: the kernel has just made this descriptor for us.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as RawFd) })
}

/// `BPF_OBJ_PIN` and `BPF_OBJ_GET`.
#[repr(C)]
struct PinAttributes {
    path: u64,
    fd: u32,
    flags: u32,
}

// SAFETY: two words without padding; the path outlives the call.
unsafe impl Attributes for PinAttributes {}

fn c_path(which: Command, path: &Path) -> Result<CString, SysError> {
    CString::new(path.as_os_str().as_bytes()).map_err(|error| SysError::new(which, error.into()))
}

/// Pins an object to a path of a bpffs.
pub(crate) fn object_pin(fd: BorrowedFd<'_>, path: &Path) -> Result<(), SysError> {
    let path = c_path(Command::ObjectPin, path)?;
    let mut attributes = PinAttributes {
        path: path.as_ptr() as u64,
        fd: fd.as_raw_fd() as u32,
        flags: 0,
    };
    command(Command::ObjectPin, &mut attributes).map(drop)
}

/// Opens a pinned object.
pub(crate) fn object_get(path: &Path) -> Result<OwnedFd, SysError> {
    let path = c_path(Command::ObjectGet, path)?;
    let mut attributes = PinAttributes {
        path: path.as_ptr() as u64,
        fd: 0,
        flags: 0,
    };
    command_fd(Command::ObjectGet, &mut attributes)
}
