//! The router's agent as a process in the lab's gateway.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use isthmus_lab::{Lab, Namespace, wait_until};

/// Where the agent's HTTP server listens, unless told otherwise.
const HTTP: &str = "127.0.0.1:9464";
/// How long the agent may take to become ready.
const PATIENCE: Duration = Duration::from_secs(20);

/// How to start the agent and talk to it.
pub(crate) struct Agent {
    binary: PathBuf,
    gateway: Namespace,
    interface: String,
    manifests: PathBuf,
    state: PathBuf,
    log: PathBuf,
    process: Option<Child>,
}

impl Agent {
    pub(crate) fn new(binary: PathBuf, lab: &Lab, folder: &Path) -> Self {
        Self {
            binary,
            gateway: lab.gateway().namespace().clone(),
            interface: lab.gateway().port().address_interface.clone(),
            manifests: folder.join("manifests"),
            state: folder.join("state"),
            log: folder.join("agent.log"),
            process: None,
        }
    }

    /// Starts the agent and waits until it says that it is ready.
    pub(crate) fn start(&mut self) -> Result<()> {
        let log = File::options().create(true).append(true).open(&self.log)?;
        let mut command = self.gateway.command(&self.binary);
        command.arg("run").arg("--manifests").arg(&self.manifests);
        command.arg("--state-dir").arg(&self.state);
        command.args(["--interface", &self.interface]);
        command
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        let process = command.spawn();
        self.process = Some(process.with_context(|| format!("{}", self.binary.display()))?);
        let ready = wait_until("the readiness of the agent", PATIENCE, || {
            let process = self.process.as_mut().context("the agent is not running")?;
            if let Some(status) = process.try_wait()? {
                bail!("the agent ended with {status}");
            }
            let answer = self.gateway.http_get(HTTP.parse()?, "/readyz");
            Ok(answer.is_ok_and(|(status, _)| status == 200))
        });
        ready.with_context(|| format!("the agent said:\n{}", self.log_text()))
    }

    /// Kills the agent with SIGKILL.
    pub(crate) fn kill(&mut self) -> Result<()> {
        let mut process = self.process.take().context("the agent is not running")?;
        process.kill()?;
        process.wait()?;
        Ok(())
    }

    /// What `router-agent status` prints.
    pub(crate) fn status(&self) -> Result<String> {
        let output = self.gateway.command(&self.binary).arg("status").output()?;
        let error = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "router-agent status: {error}");
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    fn log_text(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        if self.process.is_some() {
            // On the way out there is nobody left to tell.
            let _ = self.kill();
        }
    }
}
