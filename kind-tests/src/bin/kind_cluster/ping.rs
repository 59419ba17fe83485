//! Two members of the cluster, brought to life, and whether one reaches the other.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use isthmus_kind_tests::{Cluster, Described, End, Gateway, Kubectl, NodeLab, RunningStream};
use serde_json::Value;

/// Packets a second of a stream.
const RATE: u32 = 1_000;

/// What is asked for.
#[derive(Debug, clap::Args)]
pub(crate) struct Question {
    /// The member that sends, NAMESPACE/NAME
    from: String,
    /// The member that answers, NAMESPACE/NAME
    to: String,
    /// After that send a thousand packets a second for so long, and count them
    #[arg(long, value_name = "SECONDS")]
    stream: Option<u64>,
    /// Node of the gateway to send through [default: the first that is ready]
    #[arg(long, value_name = "NODE")]
    via: Option<String>,
}

impl Question {
    /// Has `from` ping `to`, and tells what becomes of it.
    ///
    /// # Errors
    ///
    /// No answer, a lost packet, or something that is missing.
    pub(crate) fn run(&self, cluster: &Cluster) -> Result<()> {
        let kubectl = cluster.kubectl()?;
        let [from, to] = [&self.from, &self.to].map(|name| described(&kubectl, name));
        let (from, to) = (from?, to?);
        let gateway = self.gateway(&kubectl)?;
        let mut nodes = hypervisors(cluster, &kubectl)?;
        let ends = [&from, &to].map(|member| {
            let at = nodes.iter().position(|it| it.vtep() == member.hypervisor);
            let at = at.with_context(|| {
                format!(
                    "{}: no node of this cluster is hypervisor {}",
                    member.name, member.hypervisor
                )
            })?;
            let address = member.addresses.first().copied();
            Ok(End {
                at,
                member: &member.name,
                address: address.with_context(|| format!("{} has no address", member.name))?,
            })
        });
        let [source, target]: [Result<End<'_>>; 2] = ends;
        let (source, target) = (source?, target?);
        for (end, member) in [(source, &from), (target, &to)] {
            nodes[end.at].add(member.behind(gateway.vtep))?;
        }

        // Its agent may be away; packets need none.
        let before = gateway.drops(&kubectl).unwrap_or_default();
        let patience = Duration::from_secs(1);
        if !nodes[source.at].ping(&from.name, target.address, 3, patience)? {
            let after = gateway.drops(&kubectl)?;
            bail!("{}", silence(&self.to, &gateway.node, &before, &after));
        }
        println!(
            "{} ({}) answers {} through gateway {}",
            self.to, target.address, self.from, gateway.node
        );
        let Some(seconds) = self.stream else {
            return Ok(());
        };
        let stream = RunningStream::start(&mut nodes, 1, source, target, RATE)?;
        // The packets are the clock; those that are lost are given time to be late.
        let packets = seconds * u64::from(RATE);
        let bound = Duration::from_secs(2 * seconds + 10);
        let flowed = stream.wait_for(&mut nodes, packets, bound);
        let report = stream.stop(&mut nodes)?;
        println!(
            "{} packets sent, {} lost",
            report.counts.sent, report.counts.lost
        );
        flowed?;
        ensure!(report.counts.is_perfect(), "{:?}", report.losses);
        Ok(())
    }

    fn gateway(&self, kubectl: &Kubectl) -> Result<Gateway> {
        let ready = Gateway::ready(kubectl)?;
        let wanted = self.via.as_deref();
        let mut fitting = ready
            .into_iter()
            .filter(|gateway| wanted.is_none_or(|node| gateway.node == node));
        fitting.next().with_context(|| match wanted {
            Some(node) => format!("--via {node}: there is no gateway of this name that is ready"),
            None => "no gateway is ready; see `kubectl get transitgateways`".to_owned(),
        })
    }
}

/// A member as the API server has it.
fn described(kubectl: &Kubectl, name: &str) -> Result<Described> {
    let (namespace, name) = name
        .split_once('/')
        .with_context(|| format!("{name}: write NAMESPACE/NAME of a VpcMember"))?;
    let get =
        |kind: &str, name: &str| kubectl.get(&format!("{kind} {name} --namespace={namespace}"));
    let member = get("vpcmember", name)?;
    let vpc = member["spec"]["vpc"].as_str().unwrap_or_default();
    let objects: [Value; 2] = [get("vpc", vpc)?, member];
    let described = Described::all(&objects)?.into_iter().next();
    described.context("a member")
}

fn hypervisors(cluster: &Cluster, kubectl: &Kubectl) -> Result<Vec<NodeLab>> {
    let nodes = kubectl.names("nodes --selector=isthmus.dev/hypervisor")?;
    let nodes = nodes
        .iter()
        .map(|node| NodeLab::start(cluster, node, "eth1"));
    nodes.collect()
}

/// Why there is no answer, as far as the gateway's counters tell.
fn silence(
    to: &str,
    node: &str,
    before: &BTreeMap<String, u64>,
    after: &BTreeMap<String, u64>,
) -> String {
    let dropped = after.iter().filter_map(|(reason, count)| {
        let more = count.saturating_sub(before.get(reason).copied().unwrap_or(0));
        (more > 0).then(|| format!("{more} dropped as {reason}"))
    });
    let dropped: Vec<String> = dropped.collect();
    let what = if dropped.is_empty() {
        "none dropped".to_owned()
    } else {
        dropped.join(", ")
    };
    format!("{to} does not answer; packets at gateway {node}: {what} (docs/packet-decisions.md)")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_is_explained_by_what_was_dropped_meanwhile() {
        let counts = |counts: &[(&str, u64)]| {
            let counts = counts.iter();
            counts
                .map(|(reason, count)| ((*reason).to_owned(), *count))
                .collect()
        };
        let before = counts(&[("NoRoute", 4), ("UnknownVni", 1)]);
        let after = counts(&[("NoRoute", 7), ("UnknownVni", 1), ("SpoofedSource", 2)]);
        assert_eq!(
            silence("team-b/red-1", "worker", &before, &after),
            "team-b/red-1 does not answer; packets at gateway worker: 3 dropped as NoRoute, \
             2 dropped as SpoofedSource (docs/packet-decisions.md)"
        );
        assert!(silence("a/b", "worker", &before, &before).contains("none dropped"));
    }
}
