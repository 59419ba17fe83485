//! Where things are.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

/// The sources.
pub(crate) const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// Files of one cluster.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    /// The cluster's name.
    pub(crate) name: String,
    /// This program. A build may put another in its place later, and Linux then
    /// says of ours that it is deleted.
    pub(crate) program: PathBuf,
    folder: PathBuf,
}

impl Places {
    /// Those of a cluster of this name.
    pub(crate) fn of(name: &str) -> Result<Self> {
        Ok(Self {
            name: name.to_owned(),
            program: env::current_exe()?,
            folder: clusters()?.join(name),
        })
    }

    /// Those of every cluster that has files.
    pub(crate) fn all() -> Result<Vec<Self>> {
        let folder = clusters()?;
        if !folder.exists() {
            return Ok(Vec::new());
        }
        let mut all = Vec::new();
        for entry in folder.read_dir()? {
            all.push(Self::of(&entry?.file_name().to_string_lossy())?);
        }
        Ok(all)
    }

    /// Everything of this cluster's.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// How to reach it.
    pub(crate) fn cluster(&self) -> PathBuf {
        self.folder.join("cluster.json")
    }

    /// What a shell needs to work with it.
    pub(crate) fn environment(&self) -> PathBuf {
        self.folder.join("env")
    }

    /// An administrator's credentials.
    pub(crate) fn kubeconfig(&self) -> PathBuf {
        self.folder.join("kubeconfig")
    }

    /// The network between gateways and hypervisors. Docker orders a restarted
    /// container's interfaces by their networks' names: this one's comes after
    /// kind's.
    pub(crate) fn underlay(&self) -> String {
        format!("kind-underlay-{}", self.name)
    }
}

/// Where what a failed run left is put.
pub(crate) fn failure() -> Result<PathBuf> {
    Ok(target()?.join("kind-failure"))
}

/// Where our own Docker is.
pub(crate) fn docker() -> Result<PathBuf> {
    let cache = match env::var_os("XDG_CACHE_HOME") {
        Some(folder) if !folder.is_empty() => PathBuf::from(folder),
        _ => PathBuf::from(env::var_os("HOME").context("HOME is not set")?).join(".cache"),
    };
    Ok(cache.join("isthmus/docker"))
}

fn clusters() -> Result<PathBuf> {
    Ok(target()?.join("kind"))
}

fn target() -> Result<PathBuf> {
    let folder = match env::var_os("CARGO_TARGET_DIR") {
        Some(folder) if !folder.is_empty() => PathBuf::from(folder),
        _ => Path::new(ROOT).canonicalize()?.join("target"),
    };
    Ok(std::path::absolute(folder)?)
}
