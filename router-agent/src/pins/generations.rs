//! Generations of maps: `maps-NUMBER` in the pin directory.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use isthmus_abi::{Capacities, HashKey};
use isthmus_tables::{CreateError, OpenError, PinError, Tables, unpin};

use super::access::{DeniedError, is_denial};

/// No set of maps can be had.
#[derive(Debug, thiserror::Error)]
pub enum GenerationError {
    /// The pin directory cannot be listed.
    #[error("cannot read {}: {source}", path.display())]
    List {
        /// The pin directory.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// Maps that this user may not open.
    #[error(transparent)]
    Denied(#[from] DeniedError),
    /// No random words for the tables' secret.
    #[error("no random numbers: {0}")]
    Random(io::Error),
    /// No new maps.
    #[error(transparent)]
    Create(#[from] CreateError),
    /// New maps that cannot be pinned.
    #[error(transparent)]
    Pin(#[from] PinError),
}

/// Numbers and folders of the generations that are there, oldest first.
///
/// # Errors
///
/// The pin directory cannot be listed; an absent one has none.
pub fn list(pin_dir: &Path) -> Result<Vec<(u64, PathBuf)>, GenerationError> {
    let failed = |source| GenerationError::List {
        path: pin_dir.to_owned(),
        source,
    };
    let entries = match fs::read_dir(pin_dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(failed)?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name();
        let number = name.to_str().and_then(|name| name.strip_prefix("maps-"));
        if let Some(number) = number.and_then(|number| number.parse().ok()) {
            found.push((number, entry.path()));
        }
    }
    found.sort();
    Ok(found)
}

/// The newest generation that this version can read.
///
/// # Errors
///
/// The pin directory cannot be listed, or maps in it not be opened for want of
/// permission.
pub fn newest(pin_dir: &Path) -> Result<Option<(PathBuf, Tables)>, GenerationError> {
    for (_, path) in list(pin_dir)?.into_iter().rev() {
        match Tables::open(&path) {
            Ok(tables) => return Ok(Some((path, tables))),
            Err(OpenError::Kernel { path, source }) if is_denial(source.errno()) => {
                return Err(DeniedError { what: "open", path }.into());
            }
            Err(error) => tracing::warn!("not used: {error}"),
        }
    }
    Ok(None)
}

/// The newest generation where it has this layout and these sizes, else a new,
/// empty one beside it; and whether it is the only one, so that the programs
/// that are attached, if any, read it already.
///
/// # Errors
///
/// See [`GenerationError`].
pub fn adopt_or_create(
    pin_dir: &Path,
    capacities: &Capacities,
) -> Result<(Tables, bool), GenerationError> {
    let generations = list(pin_dir)?;
    if let Some((path, tables)) = newest(pin_dir)? {
        if tables.capacities() == capacities {
            tracing::info!(path = %path.display(), "maps adopted");
            return Ok((tables, generations.len() == 1));
        }
        tracing::info!(path = %path.display(), "maps have other sizes, a new generation is made");
    }
    let next = generations.last().map_or(1, |(number, _)| number + 1);
    let path = pin_dir.join(format!("maps-{next}"));
    let tables = Tables::create(capacities, random_key().map_err(GenerationError::Random)?)?;
    tables.pin(&path)?;
    tracing::info!(path = %path.display(), "maps made");
    Ok((tables, false))
}

/// What became of older generations.
#[derive(Debug, Default)]
pub struct Removed {
    /// Removed.
    pub generations: u64,
    /// Not ours: their maps do not say so.
    pub foreign: Vec<String>,
    /// Ours, and still there.
    pub failed: Vec<String>,
}

/// Removes the pins of every generation that is ours but `keep`.
///
/// # Errors
///
/// The pin directory cannot be listed.
pub fn remove_others(pin_dir: &Path, keep: Option<&Path>) -> Result<Removed, GenerationError> {
    let mut removed = Removed::default();
    for (_, path) in list(pin_dir)? {
        if Some(path.as_path()) == keep {
            continue;
        }
        if let Err(OpenError::NotOurs { .. }) = Tables::open(&path) {
            removed.foreign.push(path.display().to_string());
            continue;
        }
        match unpin(&path) {
            Ok(()) => removed.generations += 1,
            Err(error) => removed.failed.push(format!("{}: {error}", path.display())),
        }
    }
    Ok(removed)
}

fn random_key() -> io::Result<HashKey> {
    let mut bytes = [0; 24];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    let mut words = [0; 3];
    for (word, bytes) in words.iter_mut().zip(bytes.chunks_exact(8)) {
        *word = bytes
            .iter()
            .fold(0, |word, byte| word << 8 | u64::from(*byte));
    }
    Ok(HashKey::new(words))
}
