//! What the running kernel calls itself.

use std::ffi::CStr;

/// The running kernel's release (uname(2)); empty where it is no text.
#[must_use]
pub fn release() -> String {
    // SAFETY: arrays of numbers, for which zero is a value.
    let mut names: libc::utsname = unsafe { std::mem::zeroed() };
    // SAFETY: a place for the names.
    if unsafe { libc::uname(&raw mut names) } != 0 {
        return String::new();
    }
    // SAFETY: the kernel ends what it wrote with a zero; nothing changes it here.
    let release = unsafe { CStr::from_ptr(names.release.as_ptr()) };
    release.to_string_lossy().into_owned()
}
