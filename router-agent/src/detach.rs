//! `router-agent detach`: takes off what is ours, and nothing else. What is
//! ours is known by its place and by what it is: links in the pin directory that
//! carry a router, and maps whose `META` says so.

use std::io;
use std::path::{Path, PathBuf};

use isthmus_tables::{AttachError, Attachment};

use crate::pins::generations::{GenerationError, remove_others};
use crate::pins::lock::{Lock, LockError};

/// Why nothing was detached.
#[derive(Debug, thiserror::Error)]
pub enum DetachError {
    /// An agent is running.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// Generations of maps that cannot be listed.
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

/// What was found in the pin directory, a line for each thing.
#[derive(Debug, Default)]
pub struct Detached {
    /// Ours, and gone.
    pub removed: Vec<String>,
    /// Not ours, and left in place.
    pub foreign: Vec<String>,
    /// Ours or unreadable, and still there.
    pub failed: Vec<String>,
}

/// Detaches everything of ours; what cannot be removed does not keep the rest.
///
/// # Errors
///
/// The pin directory cannot be read, or an agent is using it.
pub fn detach(pin_dir: &Path) -> Result<Detached, DetachError> {
    let mut detached = Detached::default();
    if !pin_dir.exists() {
        return Ok(detached);
    }
    let lock = Lock::take(pin_dir)?;
    let failed = |source| DetachError::Folder {
        path: pin_dir.to_owned(),
        source,
    };
    for attachment in Attachment::open_all(pin_dir).map_err(failed)? {
        take_off(pin_dir, attachment, &mut detached);
    }
    let removed = remove_others(pin_dir, None)?;
    if removed.generations > 0 {
        let line = format!("{} generation(s) of maps", removed.generations);
        detached.removed.push(line);
    }
    detached.foreign.extend(removed.foreign);
    detached.failed.extend(removed.failed);
    drop(lock);
    match std::fs::remove_dir(pin_dir) {
        // Something of somebody else's keeps the folder; so does a mount.
        Err(error) if error.raw_os_error() == Some(libc::ENOTEMPTY) => {
            for entry in std::fs::read_dir(pin_dir).map_err(failed)? {
                let path = entry.map_err(failed)?.path();
                let path = path.display().to_string();
                // A line is a path alone, or a path and what is about it.
                let named = |line: &String| line.split(": ").next() == Some(&path);
                if !detached.failed.iter().any(named) && !detached.foreign.iter().any(named) {
                    detached.foreign.push(path);
                }
            }
        }
        Err(error) if error.raw_os_error() == Some(libc::EBUSY) => {}
        result => result.map_err(failed)?,
    }
    Ok(detached)
}

fn take_off(pin_dir: &Path, attachment: Result<Attachment, AttachError>, detached: &mut Detached) {
    let attachment = match attachment {
        Ok(attachment) => attachment,
        Err(AttachError::NotALink { path }) => {
            detached.foreign.push(path.display().to_string());
            return;
        }
        Err(error) => {
            detached.failed.push(error.to_string());
            return;
        }
    };
    let interface = attachment.interface().to_owned();
    match attachment.program().map(|program| program.is_router()) {
        Ok(true) => match attachment.detach() {
            Ok(()) => {
                let line = format!("program and link of {interface}");
                detached.removed.push(line);
            }
            Err(error) => detached.failed.push(error.to_string()),
        },
        Ok(false) => {
            let path = pin_dir.join(format!("link-{}", interface.replace('.', ":")));
            let line = format!("{}: its program is no router", path.display());
            detached.foreign.push(line);
        }
        Err(error) => detached.failed.push(error.to_string()),
    }
}
