//! The binaries under test.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context as _, Result};

/// Path of a package's binary: the one that lies beside this program's own, as
/// a build of the whole workspace leaves it, else one that is built now.
///
/// One that is there is not built again: after a change, build it first.
///
/// # Errors
///
/// It does not build.
pub fn program(package: &str, binary: &str) -> Result<PathBuf> {
    static KNOWN: Mutex<BTreeMap<String, PathBuf>> = Mutex::new(BTreeMap::new());
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(path) = known.get(binary) {
        return Ok(path.clone());
    }
    let path = match beside(binary) {
        Some(path) => path,
        None => build(package, binary)?,
    };
    known.insert(binary.to_owned(), path.clone());
    Ok(path)
}

/// Tests lie in a folder below that of binaries.
fn beside(binary: &str) -> Option<PathBuf> {
    let own = std::env::current_exe().ok()?;
    let folders = own.ancestors().skip(1).take(2);
    let mut paths = folders.map(|folder| folder.join(binary));
    paths.find(|path| path.is_file())
}

fn build(package: &str, binary: &str) -> Result<PathBuf> {
    let mut build = escargot::CargoBuild::new()
        .manifest_path(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml"))
        .package(package)
        .bin(binary);
    if !cfg!(debug_assertions) {
        build = build.release();
    }
    let run = build.run().with_context(|| format!("building {binary}"))?;
    Ok(run.path().to_owned())
}
