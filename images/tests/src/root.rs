//! An image's root file system, and its programs in it.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use tempfile::TempDir;

use crate::Image;
use crate::image::unpack;

/// The unpacked root of an image.
#[derive(Debug)]
pub struct Root {
    folder: TempDir,
    user: String,
    entrypoint: String,
}

impl Root {
    /// Unpacks an image.
    ///
    /// # Errors
    ///
    /// The image is not whole.
    pub fn of(image: &Image) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        unpack(&image.layer()?, folder.path())?;
        // Every user may enter, as in a container.
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(folder.path(), mode)?;
        let config = &image.config["config"];
        let text = |value: &serde_json::Value| value.as_str().map(str::to_owned);
        Ok(Self {
            folder,
            user: text(&config["User"]).context("a user")?,
            entrypoint: text(&config["Entrypoint"][0]).context("an entrypoint")?,
        })
    }

    /// Its folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The entrypoint, from outside.
    #[must_use]
    pub fn entrypoint(&self) -> PathBuf {
        self.outside(&self.entrypoint)
    }

    /// A path of the image, from outside.
    #[must_use]
    pub fn outside(&self, path: &str) -> PathBuf {
        self.path().join(path.trim_start_matches('/'))
    }

    /// A command that runs the entrypoint in the root alone, as the image's
    /// user.
    #[must_use]
    pub fn command(&self) -> Command {
        self.run(&self.entrypoint)
    }

    /// A command that runs a program of the image so.
    #[must_use]
    pub fn run(&self, program: &str) -> Command {
        let mut command = Command::new("chroot");
        command
            .arg(format!("--userspec={}", self.user))
            .arg(self.path())
            .arg(program)
            .env_clear()
            // Debian has chroot itself in sbin.
            .env("PATH", "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
        command
    }
}
