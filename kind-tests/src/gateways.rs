//! Gateways of a cluster.

use std::collections::BTreeMap;
use std::net::IpAddr;

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::Kubectl;
use crate::faults::agent_on;

/// A gateway that is ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gateway {
    /// Its node.
    pub node: String,
    /// Where hypervisors send to.
    pub vtep: IpAddr,
}

impl Gateway {
    /// Those of all nodes that are ready, in order of the nodes' names.
    ///
    /// # Errors
    ///
    /// The API server's answer.
    pub fn ready(kubectl: &Kubectl) -> Result<Vec<Self>> {
        let all = kubectl.get("transitgateways")?;
        let all = all["items"].as_array().context("a list")?;
        let ready = all.iter().filter(|it| has_condition(it, "Ready", "True"));
        let gateway = |object: &Value| {
            let text = |value: &Value| value.as_str().map(str::to_owned);
            let node = text(&object["metadata"]["name"]).context("a name")?;
            let vtep = text(&object["spec"]["vteps"][0]).context("a VTEP")?;
            Ok(Self {
                node,
                vtep: vtep.parse()?,
            })
        };
        ready.map(gateway).collect()
    }

    /// What the gateway dropped so far, by reason.
    ///
    /// # Errors
    ///
    /// It has no agent, or the agent does not answer.
    pub fn drops(&self, kubectl: &Kubectl) -> Result<BTreeMap<String, u64>> {
        let metrics = metrics(kubectl, &self.node)?;
        Ok(drops(&metrics))
    }
}

/// Metrics of a node's agent, as text.
///
/// # Errors
///
/// It has none, or it does not answer.
pub fn metrics(kubectl: &Kubectl, node: &str) -> Result<String> {
    let agent = agent_on(kubectl, node)?;
    let path = format!("/api/v1/namespaces/isthmus-system/pods/{agent}:9464/proxy/metrics");
    kubectl.run(&format!("get --raw {path}"))
}

/// Whether a condition of an object has this status.
#[must_use]
pub fn has_condition(object: &Value, kind: &str, status: &str) -> bool {
    let conditions = object["status"]["conditions"].as_array();
    let mut all = conditions.into_iter().flatten();
    all.any(|it| it["type"] == kind && it["status"] == status)
}

fn drops(metrics: &str) -> BTreeMap<String, u64> {
    let read = |line: &str| {
        let line = line.strip_prefix(r#"isthmus_packets_total{verdict="drop",reason=""#)?;
        let (reason, count) = line.split_once("\"} ")?;
        Some((reason.to_owned(), count.parse::<f64>().ok()? as u64))
    };
    metrics.lines().filter_map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drops_are_read_by_their_reasons() {
        let text = "# TYPE isthmus_packets counter\n\
            isthmus_packets_total{verdict=\"tx\",reason=\"\"} 7\n\
            isthmus_packets_total{verdict=\"drop\",reason=\"NoRoute\"} 3\n";
        assert_eq!(drops(text), BTreeMap::from([("NoRoute".to_owned(), 3)]));
    }
}
