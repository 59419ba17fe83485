//! An OCI archive, read as <https://github.com/opencontainers/image-spec> says.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tempfile::TempDir;

/// An archive of one image with one layer, unpacked.
#[derive(Debug)]
pub struct Image {
    folder: TempDir,
    /// The entry of `index.json`.
    pub descriptor: Value,
    /// The manifest.
    pub manifest: Value,
    /// The configuration.
    pub config: Value,
    /// What Docker reads.
    pub docker: Value,
}

impl Image {
    /// Opens an archive, and checks each digest and size on the way down.
    ///
    /// # Errors
    ///
    /// Whatever is not as it should be.
    pub fn open(archive: &Path) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        unpack(archive, folder.path())?;
        let file = |name: &str| -> Result<Value> {
            let text =
                fs::read_to_string(folder.path().join(name)).with_context(|| name.to_owned())?;
            Ok(serde_json::from_str(&text)?)
        };
        let layout = file("oci-layout")?;
        ensure!(layout["imageLayoutVersion"] == "1.0.0", "{layout}");
        let index = file("index.json")?;
        let manifests = index["manifests"].as_array().context("manifests")?;
        ensure!(manifests.len() == 1, "{index}");
        let descriptor = manifests[0].clone();
        let docker = file("manifest.json")?[0].clone();
        let json = |descriptor: &Value| -> Result<Value> {
            Ok(serde_json::from_slice(&fs::read(checked(
                folder.path(),
                descriptor,
            )?)?)?)
        };
        let manifest = json(&descriptor)?;
        let config = json(&manifest["config"])?;
        Ok(Self {
            folder,
            descriptor,
            manifest,
            config,
            docker,
        })
    }

    /// The layer's archive; its digest is checked.
    ///
    /// # Errors
    ///
    /// There is not exactly one, or it is another.
    pub fn layer(&self) -> Result<PathBuf> {
        let layers = self.manifest["layers"].as_array().context("layers")?;
        ensure!(layers.len() == 1, "{layers:?}");
        checked(self.folder.path(), &layers[0])
    }

    /// A label of the configuration.
    #[must_use]
    pub fn label(&self, name: &str) -> Option<&str> {
        let labels = &self.config["config"]["Labels"];
        labels[format!("org.opencontainers.image.{name}")].as_str()
    }
}

/// Unpacks a tar archive.
pub(crate) fn unpack(archive: &Path, folder: &Path) -> Result<()> {
    let status = Command::new("tar")
        .arg("-xpf")
        .arg(archive)
        .arg("-C")
        .arg(folder)
        .status()?;
    ensure!(status.success(), "tar cannot read {}", archive.display());
    Ok(())
}

/// The blob of a descriptor, which has its size and digest.
fn checked(layout: &Path, descriptor: &Value) -> Result<PathBuf> {
    let digest = descriptor["digest"].as_str().context("a digest")?;
    let hex = digest.strip_prefix("sha256:").context("SHA-256")?;
    let blob = layout.join("blobs/sha256").join(hex);
    let size = fs::metadata(&blob)
        .with_context(|| digest.to_owned())?
        .len();
    ensure!(descriptor["size"] == size, "{size} bytes: {descriptor}");
    let output = Command::new("sha256sum").arg(&blob).output()?;
    let sum = String::from_utf8(output.stdout)?;
    ensure!(sum.starts_with(hex), "another digest: {sum}");
    Ok(blob)
}
