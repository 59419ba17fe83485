//! Runs `kubectl`.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use isthmus_lab_apiserver::Binaries;
use serde_json::Value;

/// kubectl with one kubeconfig.
#[derive(Clone, Debug)]
pub struct Kubectl {
    program: PathBuf,
    kubeconfig: PathBuf,
}

impl Kubectl {
    /// With these credentials.
    ///
    /// # Errors
    ///
    /// kubectl is not built.
    pub fn of(kubeconfig: &Path) -> Result<Self> {
        Ok(Self {
            program: Binaries::find()?.kubectl()?,
            kubeconfig: kubeconfig.to_owned(),
        })
    }

    /// File of its credentials.
    #[must_use]
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// A command with arguments that are separated by white space.
    #[must_use]
    pub fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(&self.program);
        command
            .arg("--kubeconfig")
            .arg(&self.kubeconfig)
            .args(arguments.split_whitespace());
        command
    }

    /// Runs it with arguments that are separated by white space; what it printed.
    ///
    /// # Errors
    ///
    /// It failed; what it said.
    pub fn run(&self, arguments: &str) -> Result<String> {
        self.run_with(arguments, "")
    }

    /// Runs it with this on its standard input.
    ///
    /// # Errors
    ///
    /// As [`Self::run`].
    pub fn run_with(&self, arguments: &str, input: &str) -> Result<String> {
        let mut child = self
            .command(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("run {}", self.program.display()))?;
        // It may end before it has read everything.
        let written = child
            .stdin
            .take()
            .map(|mut it| it.write_all(input.as_bytes()));
        let output = child.wait_with_output()?;
        ensure!(
            output.status.success(),
            "kubectl {arguments}: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        );
        written.transpose()?;
        Ok(String::from_utf8(output.stdout)?)
    }

    /// `kubectl get`, as objects.
    ///
    /// # Errors
    ///
    /// As [`Self::run`].
    pub fn get(&self, arguments: &str) -> Result<Value> {
        let text = self.run(&format!("get {arguments} --output=json"))?;
        Ok(serde_json::from_str(&text)?)
    }

    /// Names of the objects that `kubectl get` finds, in order.
    ///
    /// # Errors
    ///
    /// As [`Self::run`].
    pub fn names(&self, arguments: &str) -> Result<Vec<String>> {
        let path = "--output=jsonpath={.items[*].metadata.name}";
        let names = self.run(&format!("get {arguments} {path}"))?;
        Ok(names.split_whitespace().map(str::to_owned).collect())
    }

    /// `kubectl apply` of these manifests.
    ///
    /// # Errors
    ///
    /// As [`Self::run`].
    pub fn apply(&self, manifests: &str) -> Result<()> {
        self.run_with("apply --filename=-", manifests).map(drop)
    }
}
