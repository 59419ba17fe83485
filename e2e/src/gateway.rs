//! An agent in a lab's gateway, following the cluster.

use anyhow::{Context as _, Result};
use isthmus_lab::{Lab, Namespace};

use crate::control_plane::ControlPlane;
use crate::process::Process;
use crate::programs::program;
use crate::wait::eventually;

const METRICS: &str = "127.0.0.1:9464";

/// A running agent.
#[derive(Debug)]
pub struct Gateway {
    name: String,
    namespace: Namespace,
    arguments: Vec<String>,
    process: Process,
}

impl Gateway {
    /// Starts an agent on the gateway's first port as the node `name`, and waits
    /// until it is ready.
    ///
    /// # Errors
    ///
    /// It does not build, start or become ready.
    pub fn start(lab: &Lab, cluster: &ControlPlane, name: &str) -> Result<Self> {
        let namespace = lab.gateway().namespace().clone();
        namespace.forward_loopback(cluster.port()?)?;
        let mut arguments: Vec<_> = ["run", "--metrics-addr", METRICS, "--node-name", name]
            .map(str::to_owned)
            .into();
        let interface = lab.gateway().port().address_interface.clone();
        arguments.extend(["--interface".to_owned(), interface]);
        let kubeconfig = cluster.kubeconfig().display().to_string();
        arguments.extend(["--kubeconfig".to_owned(), kubeconfig]);
        let mut gateway = Self {
            name: name.to_owned(),
            process: spawn(&namespace, &arguments)?,
            namespace,
            arguments,
        };
        gateway.wait_until_ready()?;
        Ok(gateway)
    }

    /// Name of its node.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The agent.
    #[must_use]
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// Starts it anew after it was killed, without waiting.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn start_again(&mut self) -> Result<()> {
        self.process = spawn(&self.namespace, &self.arguments)?;
        Ok(())
    }

    /// Waits until it says that it is ready and knows every next hop.
    ///
    /// # Errors
    ///
    /// It ends, or is not.
    pub fn wait_until_ready(&mut self) -> Result<()> {
        eventually("the gateway is ready", || {
            self.process.check()?;
            Ok(self.get("/readyz").is_ok_and(|(status, _)| status == 200)
                && self.metric("isthmus_hypervisors_unresolved")? == 0)
        })
    }

    /// The value of a metric: its name with its labels as they are printed.
    ///
    /// # Errors
    ///
    /// There is no such series.
    pub fn metric(&self, series: &str) -> Result<u64> {
        let (_, body) = self.get("/metrics")?;
        let mut lines = body.lines();
        let line = lines.find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        let value = line.with_context(|| format!("no series {series}"))?;
        Ok(value.parse::<f64>()? as u64)
    }

    fn get(&self, path: &str) -> Result<(u16, String)> {
        Ok(self.namespace.http_get(METRICS.parse()?, path)?)
    }
}

fn spawn(namespace: &Namespace, arguments: &[String]) -> Result<Process> {
    let mut command = namespace.command(program("router-agent", "router-agent")?);
    command.args(arguments);
    Process::start_as_it_is("router-agent", command)
}
