//! Finds bpf-linker.

use std::env;
use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};

/// The linker to use, named by hand.
const CHOSEN: &str = "BPF_LINKER";

/// The linker that [`CHOSEN`] names, else the one on the path, else the one
/// that `make setup` built.
pub(crate) fn find() -> Result<PathBuf> {
    println!("cargo::rerun-if-env-changed={CHOSEN}");
    println!("cargo::rerun-if-env-changed=XDG_CACHE_HOME");
    if let Some(linker) = env::var_os(CHOSEN).map(PathBuf::from) {
        ensure!(
            linker.exists(),
            "{CHOSEN} names {}, which does not exist",
            linker.display()
        );
        return Ok(linker);
    }
    let path = env::var_os("PATH").unwrap_or_default();
    let cache = env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache")));
    let linker = env::split_paths(&path)
        .chain(cache.map(|cache| cache.join("isthmus/tools/bin")))
        .map(|folder| folder.join("bpf-linker"))
        .find(|linker| linker.exists())
        .with_context(|| {
            format!(
                "bpf-linker was not found on PATH, nor where `make setup` puts it. \
                 Run `make setup`, or name it in {CHOSEN}"
            )
        })?;
    println!("cargo::rerun-if-changed={}", linker.display());
    Ok(linker)
}
