//! The system's own parts, as tests wait for them.

use anyhow::{Context as _, Result};
use isthmus_lab::wait_until;
use serde_json::Value;

use super::{PATIENCE, World};
use crate::faults::{AGENTS, agent_on};

impl World {
    /// The agent's pod on a gateway.
    ///
    /// # Errors
    ///
    /// There is none, or more than one.
    pub fn agent(&self, gateway: usize) -> Result<String> {
        agent_on(&self.kubectl, &self.gateways[gateway].0)
    }

    /// The agent's pod on a gateway, if there is one and it is ready.
    ///
    /// # Errors
    ///
    /// The API server's answer.
    pub fn ready_agent(&self, gateway: usize) -> Result<Option<Value>> {
        let Ok(name) = self.agent(gateway) else {
            return Ok(None);
        };
        let pod = self.kubectl.get(&format!("pod {name} -n isthmus-system"))?;
        let is_ready = pod["status"]["containerStatuses"][0]["ready"] == true;
        Ok(Some(pod).filter(|_| is_ready))
    }

    /// Waits until a gateway's agent is ready and not this one as it was.
    ///
    /// # Errors
    ///
    /// It takes too long, or the API server's answer.
    pub fn another_agent(&self, gateway: usize, old: &Value) -> Result<()> {
        let of = |pod: &Value| {
            let container = &pod["status"]["containerStatuses"][0];
            (
                pod["metadata"]["uid"].clone(),
                container["restartCount"].clone(),
            )
        };
        wait_until("another agent is ready", PATIENCE, || {
            let now = self.ready_agent(gateway)?;
            Ok(now.is_some_and(|now| of(&now) != of(old)))
        })
    }

    /// Waits until every gateway's agent is that of the release as it is now.
    ///
    /// # Errors
    ///
    /// It takes too long, or the API server's answer.
    pub fn rolled_out(&self) -> Result<()> {
        let status = format!("rollout status daemonset {AGENTS} --timeout=120s");
        self.kubectl.run(&status).map(drop)
    }

    /// The node of the control plane.
    ///
    /// # Errors
    ///
    /// None is labelled so.
    pub fn plane(&self) -> Result<String> {
        let planes = self
            .kubectl
            .names("nodes -l node-role.kubernetes.io/control-plane")?;
        let plane = planes.into_iter().next();
        plane.context("no node has the control plane")
    }

    /// Whether the API server says that it is ready.
    #[must_use]
    pub fn plane_answers(&self) -> bool {
        let asked = self.kubectl.run("get --raw /readyz --request-timeout=2s");
        asked.is_ok()
    }

    /// Has the cluster count so many versions of objects up, as time does: a backup
    /// is older than that.
    ///
    /// # Errors
    ///
    /// The API server's answer.
    pub fn let_pass(&self, versions: usize) -> Result<()> {
        let name = "passing-time";
        let object = |number: usize| {
            format!(
                "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}-{number}, namespace: default, labels: {{{name}: \"\"}}}}\n"
            )
        };
        // Each is made, and deleted.
        let objects: String = (0..versions.div_ceil(2)).map(object).collect();
        let made = self.kubectl.run_with("create --filename=-", &objects);
        self.kubectl
            .run(&format!("delete configmaps -n default -l {name}"))?;
        made.map(drop)
    }

    /// Waits until it does.
    ///
    /// # Errors
    ///
    /// It takes too long.
    pub fn wait_for_the_plane(&self) -> Result<()> {
        wait_until("the control plane answers", PATIENCE, || {
            anyhow::Ok(self.plane_answers())
        })
    }
}
