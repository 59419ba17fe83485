//! The agent's binary, running in a lab's gateway.

use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};

use anyhow::{Context, Result, bail, ensure};
use isthmus_lab::{Lab, Namespace};

use crate::world::eventually;

/// The agent under test.
pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_router-agent");
const METRICS: &str = "127.0.0.1:9464";

/// A running agent. Killed, and its router gone with the lab, when dropped; what
/// it said is shown with a test that fails.
pub(crate) struct Agent {
    gateway: Namespace,
    folder: tempfile::TempDir,
    said: tempfile::NamedTempFile,
    arguments: Vec<String>,
    child: Child,
}

impl Agent {
    /// Starts an agent on the gateway's ports with the lab's manifests, and
    /// waits until it is ready.
    pub(crate) fn start(lab: &Lab) -> Result<Self> {
        let ports = lab.gateway().ports().iter();
        Self::start_on(lab, ports.map(|port| port.address_interface.clone()), &[])
    }

    /// The same on these interfaces, with more arguments.
    pub(crate) fn start_on(
        lab: &Lab,
        interfaces: impl IntoIterator<Item = String>,
        more: &[&str],
    ) -> Result<Self> {
        let mut agent = Self::launch(lab, interfaces, more)?;
        agent.wait_until_ready()?;
        Ok(agent)
    }

    /// The same without waiting.
    pub(crate) fn launch(
        lab: &Lab,
        interfaces: impl IntoIterator<Item = String>,
        more: &[&str],
    ) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        lab.manifests().write_to(folder.path())?;
        let state = folder.path().join(".state");
        let mut source = vec![
            "--manifests".to_owned(),
            folder.path().display().to_string(),
        ];
        source.extend(["--state-dir".to_owned(), state.display().to_string()]);
        source.extend(more.iter().map(|&argument| argument.to_owned()));
        Self::launch_from(lab, interfaces, folder, source)
    }

    /// Starts an agent that follows the cluster of a kubeconfig, without
    /// waiting.
    pub(crate) fn launch_in_cluster(lab: &Lab, kubeconfig: &Path, more: &[&str]) -> Result<Self> {
        let ports = lab.gateway().ports().iter();
        let mut source = vec!["--kubeconfig".to_owned(), kubeconfig.display().to_string()];
        source.extend(more.iter().map(|&argument| argument.to_owned()));
        let interfaces = ports.map(|port| port.address_interface.clone());
        Self::launch_from(lab, interfaces, tempfile::tempdir()?, source)
    }

    fn launch_from(
        lab: &Lab,
        interfaces: impl IntoIterator<Item = String>,
        folder: tempfile::TempDir,
        source: Vec<String>,
    ) -> Result<Self> {
        let mut arguments: Vec<_> = ["run", "--metrics-addr", METRICS].map(str::to_owned).into();
        for interface in interfaces {
            arguments.extend(["--interface".to_owned(), interface]);
        }
        arguments.extend(source);
        let gateway = lab.gateway().namespace().clone();
        let said = tempfile::NamedTempFile::new()?;
        let child = spawn(&gateway, &arguments, said.path())?;
        Ok(Self {
            gateway,
            folder,
            said,
            arguments,
            child,
        })
    }

    /// Waits until the agent says that it is ready and knows every next hop.
    pub(crate) fn wait_until_ready(&mut self) -> Result<()> {
        eventually("the agent is ready", || {
            if let Some(status) = self.child.try_wait()? {
                bail!("the agent ended: {status}");
            }
            Ok(self.get("/readyz").is_ok_and(|(status, _)| status == 200)
                && self.metric("isthmus_hypervisors_unresolved")? == 0)
        })
    }

    /// Writes the lab's manifests of now into the agent's folder.
    pub(crate) fn apply(&self, lab: &Lab) -> Result<()> {
        Ok(lab.manifests().write_to(self.folder.path())?)
    }

    /// The folder of manifests.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What it has said on stderr since its first start.
    pub(crate) fn said(&self) -> Result<String> {
        Ok(std::fs::read_to_string(self.said.path())?)
    }

    /// Waits until one line on stderr has all of these parts, and returns it.
    pub(crate) fn says(&self, parts: &[&str]) -> Result<String> {
        let mut found = None;
        eventually(&format!("a line on stderr with {parts:?}"), || {
            let said = self.said()?;
            let line = said
                .lines()
                .find(|line| parts.iter().all(|part| line.contains(part)));
            found = line.map(str::to_owned);
            Ok(found.is_some())
        })?;
        found.context("no line")
    }

    /// Kills the agent with SIGKILL.
    pub(crate) fn kill(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Tells the agent to stop (SIGTERM) and waits until it has.
    pub(crate) fn terminate(&mut self) -> Result<()> {
        let pid = libc::pid_t::try_from(self.child.id())?;
        // SAFETY: takes no pointer; the child is not waited for yet, so that the
        // number is still its own.
        let sent = unsafe { libc::kill(pid, libc::SIGTERM) };
        ensure!(sent == 0, "SIGTERM is refused");
        eventually("the agent ends", || Ok(self.child.try_wait()?.is_some()))
    }

    /// Starts it again with the same arguments and waits until it is ready.
    pub(crate) fn restart(&mut self) -> Result<()> {
        self.restart_with(&[])
    }

    /// Starts it again with more arguments and waits until it is ready.
    pub(crate) fn restart_with(&mut self, more: &[&str]) -> Result<()> {
        let more = more.iter().map(|&argument| argument.to_owned());
        let arguments: Vec<_> = self.arguments.iter().cloned().chain(more).collect();
        self.child = spawn(&self.gateway, &arguments, self.said.path())?;
        self.wait_until_ready()
    }

    /// A command of the binary in the gateway.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.gateway.command(BINARY);
        command.args(arguments);
        command
    }

    /// What `status --output json` prints.
    pub(crate) fn status(&self) -> Result<serde_json::Value> {
        let output = self.command(&["status", "--output", "json"]).output()?;
        ensure!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(serde_json::from_slice(&output.stdout)?)
    }

    /// The value of a metric: its name with its labels as they are printed.
    pub(crate) fn metric(&self, series: &str) -> Result<u64> {
        let (_, body) = self.get("/metrics")?;
        let line = body
            .lines()
            .find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        let line = line.with_context(|| format!("no series {series} in\n{body}"))?;
        Ok(line.parse::<f64>()? as u64)
    }

    /// Packets dropped for a reason.
    pub(crate) fn dropped(&self, reason: &str) -> Result<u64> {
        self.metric(&format!(
            "isthmus_packets_total{{verdict=\"drop\",reason=\"{reason}\"}}"
        ))
    }

    /// Entries of a table.
    pub(crate) fn entries(&self, table: &str) -> Result<u64> {
        self.metric(&format!("isthmus_map_entries{{map=\"{table}\"}}"))
    }

    /// GET over HTTP: status and body.
    pub(crate) fn get(&self, path: &str) -> Result<(u16, String)> {
        Ok(self.gateway.http_get(METRICS.parse()?, path)?)
    }
}

/// A process that is killed when dropped.
pub(crate) struct Running(Child);

impl Running {
    /// Starts a command that says nothing on stdout.
    pub(crate) fn start(command: &mut Command) -> Result<Self> {
        Ok(Self(
            command.stdin(Stdio::null()).stdout(Stdio::null()).spawn()?,
        ))
    }

    /// How it ended, once it has.
    pub(crate) fn ended(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.0.try_wait()?)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.kill();
        println!("the agent said:\n{}", self.said().unwrap_or_default());
    }
}

fn spawn(gateway: &Namespace, arguments: &[String], said: &Path) -> Result<Child> {
    let mut command = gateway.command(BINARY);
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(File::options().append(true).open(said)?);
    Ok(command.spawn()?)
}
