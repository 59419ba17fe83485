//! The release that the suite tests, and its images.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use isthmus_chart_tests::{CHART, Helm};

use crate::Cluster;

/// Names of the archives that `make images` writes, without architecture.
pub const IMAGES: [&str; 2] = ["isthmus-operator", "isthmus-router-agent"];

/// The archives that `make images` wrote for this machine's architecture.
///
/// # Errors
///
/// One is missing.
pub fn images() -> Result<Vec<PathBuf>> {
    let architecture = match env::consts::ARCH {
        "aarch64" => "arm64",
        _ => "amd64",
    };
    let folder = target().join("images");
    let archives = IMAGES.map(|name| folder.join(format!("{name}.{architecture}.tar")));
    for archive in &archives {
        let archive_is_there = archive.is_file();
        ensure!(
            archive_is_there,
            "no {}; run `make images`",
            archive.display()
        );
    }
    Ok(archives.to_vec())
}

const README: &str = include_str!("../../README.md");

/// The words of README's first `helm install`, without `helm`.
fn documented() -> Result<Vec<String>> {
    let chapter = README.split("## On Kubernetes").nth(1);
    let (_, rest) = chapter
        .and_then(|text| text.split_once("helm install "))
        .context("`helm install` in README")?;
    let joined = rest.replace("\\\n", " ");
    let line = joined.lines().next().unwrap_or_default();
    let words = line.split_whitespace().map(|word| word.trim_matches('\''));
    let words = ["install"].into_iter().chain(words).map(str::to_owned);
    Ok(words.collect())
}

/// The build's folder.
pub(crate) fn target() -> PathBuf {
    match env::var_os("CARGO_TARGET_DIR") {
        Some(folder) if !folder.is_empty() => folder.into(),
        _ => Path::new(env!("CARGO_MANIFEST_DIR")).join("../target"),
    }
}

/// A release of the chart.
#[derive(Clone, Copy, Debug)]
pub struct Release<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its namespace.
    pub namespace: &'a str,
}

impl Release<'_> {
    /// The one of the documentation.
    pub const DOCUMENTED: Release<'static> = Release {
        name: "isthmus",
        namespace: "isthmus-system",
    };

    /// Installs the documented one with the command of README's chapter on
    /// Kubernetes; what helm says.
    ///
    /// # Errors
    ///
    /// What helm or the API server refused.
    pub fn install_as_documented(cluster: &Cluster) -> Result<String> {
        let mut words = documented()?;
        ensure!(
            words[..3] == ["install", Self::DOCUMENTED.name, "charts/isthmus"],
            "{words:?}"
        );
        CHART.clone_into(&mut words[2]);
        Helm::with(&cluster.kubeconfig)?.run(words)
    }

    /// Installs it, with values in YAML and further flags; what helm says.
    ///
    /// # Errors
    ///
    /// What helm or the API server refused.
    pub fn install(&self, cluster: &Cluster, values: &str, flags: &[&str]) -> Result<String> {
        let of = (self.name, self.namespace);
        Helm::with(&cluster.kubeconfig)?.release("install", of, Path::new(CHART), values, flags)
    }

    /// Uninstalls it.
    ///
    /// # Errors
    ///
    /// What helm or the API server refused.
    pub fn uninstall(&self, cluster: &Cluster) -> Result<String> {
        Helm::with(&cluster.kubeconfig)?.uninstall((self.name, self.namespace))
    }
}
