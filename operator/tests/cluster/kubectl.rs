//! What `kubectl` says.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result};
use isthmus_lab_apiserver::Binaries;
use serde_json::{Value, json};
use tempfile::TempDir;

/// `kubectl` of the administrator, with a cache of its own.
pub(crate) struct Kubectl {
    program: PathBuf,
    kubeconfig: PathBuf,
    home: TempDir,
}

impl Kubectl {
    pub(crate) fn new(kubeconfig: &Path) -> Result<Self> {
        Ok(Self {
            program: Binaries::find()?.kubectl()?,
            kubeconfig: kubeconfig.to_owned(),
            home: tempfile::tempdir()?,
        })
    }

    /// `kubectl apply -f` of manifests; what it says on stderr where it fails.
    pub(crate) fn apply(&self, manifests: &[Value]) -> Result<Option<String>> {
        let documents: Vec<_> = manifests.iter().map(Value::to_string).collect();
        self.run(&["apply", "-f", "-"], &documents.join("\n---\n"))
    }

    /// The same of one, and nothing is stored.
    pub(crate) fn try_out(&self, manifest: &Value) -> Result<Option<String>> {
        let apply = ["apply", "--dry-run=server", "-f", "-"];
        self.run(&apply, &manifest.to_string())
    }

    /// `kubectl patch --subresource=status` with a manifest's status.
    pub(crate) fn patch_status(&self, manifest: &Value) -> Result<Option<String>> {
        self.patch(manifest, "none")
    }

    /// The same, and nothing is stored.
    pub(crate) fn try_status_out(&self, manifest: &Value) -> Result<Option<String>> {
        self.patch(manifest, "server")
    }

    fn patch(&self, manifest: &Value, dry_run: &str) -> Result<Option<String>> {
        let text = |pointer: &str| manifest.pointer(pointer).and_then(Value::as_str);
        let kind = text("/kind").context("a kind")?;
        let name = text("/metadata/name").context("a name")?;
        let namespace = text("/metadata/namespace").unwrap_or_default();
        let patch = json!({"status": manifest["status"]}).to_string();
        let patch = [
            "patch",
            kind,
            name,
            "-n",
            namespace,
            "--type=merge",
            "-p",
            &patch,
        ];
        let dry_run = format!("--dry-run={dry_run}");
        self.run(
            &[&patch[..], &["--subresource=status", &dry_run]].concat(),
            "",
        )
    }

    fn run(&self, arguments: &[&str], input: &str) -> Result<Option<String>> {
        let mut child = Command::new(&self.program)
            .arg("--kubeconfig")
            .arg(&self.kubeconfig)
            .arg("--cache-dir")
            .arg(self.home.path())
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        let mut stdin = child.stdin.take().context("its standard input")?;
        stdin.write_all(input.as_bytes())?;
        drop(stdin);
        let output = child.wait_with_output()?;
        let said = String::from_utf8(output.stderr)?;
        Ok((!output.status.success()).then_some(said))
    }
}
