//! Whether the caller may do with the pin directory what it is about to do:
//! what cannot be opened must not pass for something that is not there.

use std::ffi::CString;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// The pin directory, or something in it, is not for this user.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "cannot {what} {}: permission denied; run as root, or as the user that router-agent runs as",
    path.display()
)]
pub struct DeniedError {
    /// What was about to be done: "open", or "change".
    pub what: &'static str,
    /// The path that was refused.
    pub path: PathBuf,
}

/// Whether the caller may list the pin directory. One that is not there may be.
///
/// # Errors
///
/// It may not.
pub fn may_open(pin_dir: &Path) -> Result<(), DeniedError> {
    may(pin_dir, libc::R_OK | libc::X_OK, "open")
}

/// Whether the caller may list the pin directory and remove what is in it. One
/// that is not there may be.
///
/// # Errors
///
/// It may not.
pub fn may_change(pin_dir: &Path) -> Result<(), DeniedError> {
    may(pin_dir, libc::R_OK | libc::W_OK | libc::X_OK, "change")
}

/// Whether the system refused for want of permission.
#[must_use]
pub fn is_denial(errno: i32) -> bool {
    matches!(errno, libc::EACCES | libc::EPERM)
}

fn may(pin_dir: &Path, mode: libc::c_int, what: &'static str) -> Result<(), DeniedError> {
    let Ok(path) = CString::new(pin_dir.as_os_str().as_bytes()) else {
        return Ok(());
    };
    // SAFETY: a terminated string that outlives the call.
    let result = unsafe { libc::faccessat(libc::AT_FDCWD, path.as_ptr(), mode, libc::AT_EACCESS) };
    let errno = io::Error::last_os_error().raw_os_error();
    if result == 0 || !errno.is_some_and(is_denial) {
        return Ok(());
    }
    Err(DeniedError {
        what,
        path: pin_dir.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_for_us_or_not_there_at_all_is_no_denial() {
        let dir = tempfile::tempdir().unwrap();
        for path in [dir.path(), &dir.path().join("absent")] {
            assert_eq!(may_open(path), Ok(()));
            assert_eq!(may_change(path), Ok(()));
        }
    }
}
