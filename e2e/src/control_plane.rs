//! API server, kubectl and operator.

use std::io::Write as _;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use isthmus_lab_apiserver::{ApiServer, Binaries, Part};
use kube::Client;
use tokio::runtime::Runtime;

use crate::process::Process;
use crate::programs::program;

/// A real API server with Isthmus's CRDs, and an operator beside it.
pub struct ControlPlane {
    operator: Option<Process>,
    server: ApiServer,
    client: Client,
    runtime: Runtime,
}

impl ControlPlane {
    /// Starts everything; the operator may still be reading its caches.
    ///
    /// # Errors
    ///
    /// What did not start.
    pub fn start() -> Result<Self> {
        let runtime = Runtime::new()?;
        let (server, client) = runtime.block_on(async {
            let server = ApiServer::start().await?;
            let client = server.client()?;
            server.install_crds(&client).await?;
            anyhow::Ok((server, client))
        })?;
        let mut this = Self {
            operator: None,
            server,
            client,
            runtime,
        };
        this.start_operator()?;
        Ok(this)
    }

    /// Starts an operator in place of the one that runs, if one does.
    ///
    /// # Errors
    ///
    /// It does not build or start.
    pub fn start_operator(&mut self) -> Result<()> {
        self.operator = None;
        let mut command = Command::new(program("isthmus-operator", "isthmus-operator")?);
        // Taken again by the operator in a moment.
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?
            .local_addr()?
            .port();
        command
            .args(["run", "--lease-namespace", "default", "--kubeconfig"])
            .arg(self.server.kubeconfig())
            .args(["--metrics-addr", &format!("127.0.0.1:{port}")]);
        self.operator = Some(Process::start("isthmus-operator", command)?);
        Ok(())
    }

    /// The operator, while one runs.
    ///
    /// # Errors
    ///
    /// None does.
    pub fn operator(&mut self) -> Result<&mut Process> {
        self.operator.as_mut().context("no operator")
    }

    /// A kubeconfig of the administrator.
    #[must_use]
    pub fn kubeconfig(&self) -> &Path {
        self.server.kubeconfig()
    }

    /// Port of the API server on the host's loopback.
    ///
    /// # Errors
    ///
    /// An address without a port.
    pub fn port(&self) -> Result<u16> {
        let config = self.runtime.block_on(async { self.server.config() })?;
        config.cluster_url.port_u16().context("a port")
    }

    /// The administrator's client, and the runtime that it belongs to.
    #[must_use]
    pub fn client(&self) -> (&Client, &Runtime) {
        (&self.client, &self.runtime)
    }

    /// Runs kubectl with this on its standard input and returns what it prints.
    ///
    /// # Errors
    ///
    /// What it says on stderr, where it fails.
    pub fn kubectl(&self, arguments: &[&str], input: &str) -> Result<String> {
        let mut child = Command::new(Binaries::find()?.kubectl()?)
            .arg("--kubeconfig")
            .arg(self.server.kubeconfig())
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        // It may end before it has read everything.
        let written = child
            .stdin
            .take()
            .map(|mut it| it.write_all(input.as_bytes()));
        let output = child.wait_with_output()?;
        ensure!(
            output.status.success(),
            "kubectl {arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        written.transpose()?;
        Ok(String::from_utf8(output.stdout)?)
    }

    /// `kubectl apply -f -`, server-side.
    ///
    /// # Errors
    ///
    /// As [`Self::kubectl`].
    pub fn apply(&self, manifests: &str) -> Result<()> {
        self.kubectl(&["apply", "--server-side", "-f", "-"], manifests)?;
        Ok(())
    }

    /// Makes a namespace.
    ///
    /// # Errors
    ///
    /// As [`Self::kubectl`].
    pub fn namespace(&self, name: &str) -> Result<()> {
        self.kubectl(&["create", "namespace", name], "")?;
        Ok(())
    }

    /// The `status` of one condition of an object, such as of `vpcpeering/p`;
    /// empty where it has none.
    ///
    /// # Errors
    ///
    /// As [`Self::kubectl`].
    pub fn condition(&self, object: &str, namespace: &str, kind: &str) -> Result<String> {
        let path = format!("jsonpath={{.status.conditions[?(@.type==\"{kind}\")].status}}");
        self.kubectl(&["get", object, "-n", namespace, "-o", &path], "")
    }

    /// Kills the API server.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn kill_api_server(&self) -> Result<()> {
        Ok(self.server.kill(Part::ApiServer)?)
    }

    /// Starts it again and waits until it is ready.
    ///
    /// # Errors
    ///
    /// It does not become ready.
    pub fn restart_api_server(&self) -> Result<()> {
        let restarted = self.server.restart(Part::ApiServer);
        Ok(self.runtime.block_on(restarted)?)
    }
}
