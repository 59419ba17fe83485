//! Finds the programs of a control plane.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Error;

/// The script that builds the programs, and knows where.
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tools/go-tools.sh");

/// Where the programs are.
#[derive(Clone, Debug)]
pub struct Binaries {
    folder: PathBuf,
}

impl Binaries {
    /// Those of the folder that `KUBEBUILDER_ASSETS` names where it is set,
    /// else those that `make setup` built.
    ///
    /// # Errors
    ///
    /// [`Error::MissingBinary`] says what to do.
    pub fn find() -> Result<Self, Error> {
        let folder = match env::var_os("KUBEBUILDER_ASSETS") {
            Some(folder) if !folder.is_empty() => PathBuf::from(folder),
            _ => built("kubernetes")?,
        };
        let found = Self { folder };
        for program in ["etcd", "kube-apiserver"] {
            found.program(program)?;
        }
        Ok(found)
    }

    /// etcd's path.
    #[must_use]
    pub fn etcd(&self) -> PathBuf {
        self.folder.join("etcd")
    }

    /// kube-apiserver's path.
    #[must_use]
    pub fn kube_apiserver(&self) -> PathBuf {
        self.folder.join("kube-apiserver")
    }

    /// kubectl's path.
    ///
    /// # Errors
    ///
    /// [`Error::MissingBinary`].
    pub fn kubectl(&self) -> Result<PathBuf, Error> {
        self.program("kubectl")
    }

    fn program(&self, program: &'static str) -> Result<PathBuf, Error> {
        present(&self.folder, program)
    }

    /// Path of the `helm` that `make setup` built.
    ///
    /// # Errors
    ///
    /// [`Error::MissingBinary`].
    pub fn helm() -> Result<PathBuf, Error> {
        present(&built("helm")?, "helm")
    }

    /// Paths of the definitions of `ServiceMonitor` and `PrometheusRule`, in YAML,
    /// that `make setup` fetched.
    ///
    /// # Errors
    ///
    /// [`Error::MissingBinary`].
    pub fn monitoring() -> Result<[PathBuf; 2], Error> {
        let folder = built("monitoring")?;
        Ok([
            present(&folder, "monitoring.coreos.com_servicemonitors.yaml")?,
            present(&folder, "monitoring.coreos.com_prometheusrules.yaml")?,
        ])
    }
}

fn present(folder: &Path, program: &'static str) -> Result<PathBuf, Error> {
    let path = folder.join(program);
    if path.is_file() {
        Ok(path)
    } else {
        Err(Error::MissingBinary {
            program,
            folder: folder.to_owned(),
        })
    }
}

/// Folder of the programs of a module below `tools/`, built or not.
fn built(module: &str) -> Result<PathBuf, Error> {
    let output = Command::new(SCRIPT)
        .args(["folder", module])
        .output()
        .map_err(Error::io(format!("run {SCRIPT}")))?;
    let said = String::from_utf8_lossy(&output.stdout);
    if output.status.success() && !said.trim().is_empty() {
        Ok(PathBuf::from(said.trim()))
    } else {
        Err(Error::UnknownFolder {
            reason: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_program_is_named_with_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let error = present(folder.path(), "etcd").unwrap_err().to_string();
        assert!(
            error.starts_with(&format!(
                "no etcd in {}; run `make setup`",
                folder.path().display()
            )),
            "{error}"
        );
    }

    #[test]
    fn the_programs_of_a_module_are_in_a_folder_of_their_own() {
        let kubernetes = built("kubernetes").unwrap();
        assert_eq!(
            kubernetes.parent().unwrap().file_name().unwrap(),
            "kubernetes"
        );
        assert_ne!(kubernetes, built("helm").unwrap());
        assert!(matches!(built("other"), Err(Error::UnknownFolder { .. })));
    }
}
