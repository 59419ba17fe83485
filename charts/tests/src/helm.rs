//! Runs `helm`.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use isthmus_lab_apiserver::{ApiServer, Binaries};
use tempfile::TempDir;

use crate::Manifest;

/// The chart's folder.
pub const CHART: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../isthmus");

/// `helm`, with settings and caches of its own.
#[derive(Debug)]
pub struct Helm {
    program: PathBuf,
    kubeconfig: Option<PathBuf>,
    home: TempDir,
}

impl Helm {
    /// Without a cluster.
    ///
    /// # Errors
    ///
    /// `helm` is not built.
    pub fn alone() -> Result<Self> {
        Ok(Self {
            program: Binaries::helm()?,
            kubeconfig: None,
            home: tempfile::tempdir()?,
        })
    }

    /// As this API server's administrator.
    ///
    /// # Errors
    ///
    /// `helm` is not built.
    pub fn of(server: &ApiServer) -> Result<Self> {
        Self::with(server.kubeconfig())
    }

    /// As whoever this kubeconfig says.
    ///
    /// # Errors
    ///
    /// `helm` is not built.
    pub fn with(kubeconfig: &Path) -> Result<Self> {
        let mut helm = Self::alone()?;
        helm.kubeconfig = Some(kubeconfig.to_owned());
        Ok(helm)
    }

    /// Runs it; what it printed.
    ///
    /// # Errors
    ///
    /// It refused; what it said on standard error.
    pub fn run<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Result<String> {
        let none = self.home.path().join("none");
        let output = Command::new(&self.program)
            .args(args)
            .env("HELM_CACHE_HOME", self.home.path().join("cache"))
            .env("HELM_CONFIG_HOME", self.home.path().join("config"))
            .env("HELM_DATA_HOME", self.home.path().join("data"))
            .env("KUBECONFIG", self.kubeconfig.as_ref().unwrap_or(&none))
            .output()
            .with_context(|| format!("run {}", self.program.display()))?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{}", said.trim());
        Ok(String::from_utf8(output.stdout)?)
    }

    /// Renders the chart for a release `isthmus` in the namespace
    /// `isthmus-system`, with values in YAML.
    ///
    /// # Errors
    ///
    /// Values that the chart refuses.
    pub fn template(&self, values: &str) -> Result<Vec<Manifest>> {
        let values = self.values(values)?;
        let text = self.run([
            OsStr::new("template"),
            OsStr::new("isthmus"),
            OsStr::new(CHART),
            OsStr::new("--namespace=isthmus-system"),
            OsStr::new("--values"),
            values.as_os_str(),
        ])?;
        Manifest::read_all(&text)
    }

    /// Runs `install` or `upgrade` of a release, its namespace and a chart,
    /// with values in YAML and further flags.
    ///
    /// # Errors
    ///
    /// What helm or the API server refused.
    pub fn release(
        &self,
        verb: &str,
        (name, namespace): (&str, &str),
        chart: &Path,
        values: &str,
        flags: &[&str],
    ) -> Result<String> {
        let values = self.values(values)?;
        let mut args = vec![OsStr::new(verb), OsStr::new(name), chart.as_os_str()];
        args.extend(["--namespace", namespace, "--values"].map(OsStr::new));
        args.push(values.as_os_str());
        if verb == "install" {
            args.push(OsStr::new("--create-namespace"));
        }
        args.extend(flags.iter().map(OsStr::new));
        self.run(args)
    }

    /// Uninstalls a release.
    ///
    /// # Errors
    ///
    /// What helm or the API server refused.
    pub fn uninstall(&self, (name, namespace): (&str, &str)) -> Result<String> {
        self.run(["uninstall", name, "--namespace", namespace])
    }

    fn values(&self, values: &str) -> Result<PathBuf> {
        let mut file = tempfile::Builder::new()
            .suffix(".yaml")
            .tempfile_in(self.home.path())?;
        std::io::Write::write_all(&mut file, values.as_bytes())?;
        Ok(file.into_temp_path().keep()?)
    }
}
