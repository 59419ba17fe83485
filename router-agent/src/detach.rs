//! `router-agent detach`: takes off what is ours, and nothing else. What is
//! ours is known by its place and by what it is: links in the pin directory that
//! carry a router, and maps whose `META` says so.

use std::io;
use std::path::{Path, PathBuf};

use isthmus_tables::{AttachError, Attachment};

use crate::pins::generations::{GenerationError, remove_others};
use crate::pins::lock::{Lock, LockError};

/// Why something stayed.
#[derive(Debug, thiserror::Error)]
pub enum DetachError {
    /// An agent is running.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// A link that stays.
    #[error(transparent)]
    Link(#[from] AttachError),
    /// Maps that stay.
    #[error(transparent)]
    Maps(#[from] GenerationError),
    /// The pin directory itself.
    #[error("{}: {source}", path.display())]
    Folder {
        /// The pin directory.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
}

/// Detaches everything; returns a line for each thing that was removed.
///
/// # Errors
///
/// The first thing that could not be removed; what comes after it stays.
pub fn detach(pin_dir: &Path) -> Result<Vec<String>, DetachError> {
    if !pin_dir.exists() {
        return Ok(Vec::new());
    }
    let lock = Lock::take(pin_dir)?;
    let failed = |source| DetachError::Folder {
        path: pin_dir.to_owned(),
        source,
    };
    let mut removed = Vec::new();
    for attachment in Attachment::open_all(pin_dir).map_err(failed)? {
        let attachment = match attachment {
            Err(AttachError::NotALink { .. }) => continue,
            attachment => attachment?,
        };
        if !attachment.program()?.is_router() {
            continue;
        }
        let interface = attachment.interface().to_owned();
        attachment.detach()?;
        removed.push(format!("program and link of {interface}"));
    }
    let generations = remove_others(pin_dir, None)?;
    if generations > 0 {
        removed.push(format!("{generations} generation(s) of maps"));
    }
    drop(lock);
    // Anything of somebody else's keeps the folder.
    match std::fs::remove_dir(pin_dir) {
        Err(error) if error.raw_os_error() == Some(libc::ENOTEMPTY) => {}
        Err(error) if error.raw_os_error() == Some(libc::EBUSY) => {}
        result => result.map_err(failed)?,
    }
    Ok(removed)
}
