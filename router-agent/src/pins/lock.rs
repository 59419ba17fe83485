//! One agent a pin directory.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};

/// The pin directory is not ours alone.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another agent has it.
    #[error("another router-agent uses {}; stop it first, or choose another --pin-dir", path.display())]
    Taken {
        /// The pin directory.
        path: PathBuf,
    },
    /// It cannot be locked.
    #[error("cannot lock {}: {source}", path.display())]
    Failed {
        /// The pin directory.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
}

/// Held for as long as this lives; gone with the process however it ends.
#[derive(Debug)]
pub struct Lock {
    _folder: File,
}

impl Lock {
    /// Locks the pin directory itself (flock(2)): a bpffs holds no other files.
    ///
    /// # Errors
    ///
    /// See [`LockError`].
    pub fn take(pin_dir: &Path) -> Result<Self, LockError> {
        let failed = |source| LockError::Failed {
            path: pin_dir.to_owned(),
            source,
        };
        let folder = File::open(pin_dir).map_err(failed)?;
        // SAFETY: an open descriptor.
        if unsafe { libc::flock(folder.as_raw_fd(), libc::LOCK_EX | libc::LOCK_NB) } == 0 {
            return Ok(Self { _folder: folder });
        }
        match io::Error::last_os_error() {
            error if error.kind() == io::ErrorKind::WouldBlock => Err(LockError::Taken {
                path: pin_dir.to_owned(),
            }),
            error => Err(failed(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_agent_is_refused_until_the_first_is_gone() {
        let dir = tempfile::tempdir().unwrap();
        let first = Lock::take(dir.path()).unwrap();
        assert!(matches!(
            Lock::take(dir.path()),
            Err(LockError::Taken { .. })
        ));
        drop(first);
        Lock::take(dir.path()).unwrap();
    }
}
