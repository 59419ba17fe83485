//! What traffic tests have: a release that is ready, members behind the
//! hypervisors that their manifests name, and time to wait.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use isthmus_kind_tests::{Cluster, End, Kubectl, NodeLab, RunningStream, StreamReport};
use isthmus_lab::protocol::NewMember;
use isthmus_lab::wait_until;
use serde_json::Value;

use crate::manifests::{Described, documents, members, namespaces};

/// How long anything may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);
/// Packets a second of a stream.
pub(crate) const RATE: u32 = 5_000;
/// Packets that arrive in half a second, when none is lost.
pub(crate) const BREATH: u64 = 2_500;

const GATEWAYS: &str = "nodes --selector=isthmus.dev/gateway-pool=default";
const HYPERVISORS: &str = "nodes --selector=isthmus.dev/hypervisor";

/// Tests that leave operator, agents and control plane in peace run beside each
/// other; one that does not runs alone.
static PEACE: RwLock<()> = RwLock::new(());

#[expect(dead_code, reason = "held until the test ends")]
enum Turn {
    Peaceful(RwLockReadGuard<'static, ()>),
    Alone(RwLockWriteGuard<'static, ()>),
}

/// A cluster with traffic on it.
pub(crate) struct World {
    pub(crate) cluster: Cluster,
    pub(crate) kubectl: Kubectl,
    /// Nodes of gateways and their VTEPs.
    pub(crate) gateways: Vec<(String, IpAddr)>,
    nodes: Vec<NodeLab>,
    members: BTreeMap<String, (usize, Described)>,
    applied: Vec<String>,
    streams: u32,
    _turn: Turn,
}

impl World {
    /// Beside other tests.
    pub(crate) fn peaceful() -> Result<Self> {
        let turn = PEACE.read().unwrap_or_else(PoisonError::into_inner);
        Self::build(Turn::Peaceful(turn), "eth1")
    }

    /// While no other test runs.
    pub(crate) fn alone() -> Result<Self> {
        Self::alone_on("eth1", |_| Ok(()))
    }

    /// The same, with hypervisors on this interface, after something else is done
    /// to the cluster.
    pub(crate) fn alone_on(
        interface: &str,
        before: impl FnOnce(&Cluster) -> Result<()>,
    ) -> Result<Self> {
        let turn = PEACE.write().unwrap_or_else(PoisonError::into_inner);
        before(&Cluster::of_environment()?)?;
        Self::build(Turn::Alone(turn), interface)
    }

    fn build(turn: Turn, interface: &str) -> Result<Self> {
        let cluster = Cluster::of_environment()?;
        let kubectl = cluster.kubectl()?;
        let gateways = ready_gateways(&kubectl)?;
        let nodes = kubectl.names(HYPERVISORS)?;
        ensure!(nodes.len() >= 2, "two nodes for hypervisors are needed");
        let nodes = nodes
            .iter()
            .map(|node| NodeLab::start(&cluster, node, interface));
        Ok(Self {
            nodes: nodes.collect::<Result<_>>()?,
            cluster,
            kubectl,
            gateways,
            members: BTreeMap::new(),
            applied: Vec::new(),
            streams: 0,
            _turn: turn,
        })
    }

    /// VTEP of a hypervisor.
    pub(crate) fn vtep(&self, hypervisor: usize) -> IpAddr {
        self.nodes[hypervisor].vtep()
    }

    /// Applies manifests as administrator, their namespaces first, and puts
    /// their members behind the hypervisors that they name, which send to the
    /// first gateway.
    pub(crate) fn apply(&mut self, manifests: &str) -> Result<()> {
        let documents = documents(manifests)?;
        for namespace in namespaces(&documents)? {
            let object =
                format!("{{apiVersion: v1, kind: Namespace, metadata: {{name: {namespace}}}}}");
            self.kubectl.apply(&object)?;
        }
        self.applied.push(manifests.to_owned());
        self.kubectl.apply(manifests)?;
        for member in members(&documents)? {
            let is_there = |node: &NodeLab| node.vtep() == member.hypervisor;
            let at = self.nodes.iter().position(is_there);
            let at = at.with_context(|| format!("no hypervisor {}", member.hypervisor))?;
            self.nodes[at].add(NewMember {
                name: member.name.clone(),
                vni: member.vni,
                cidrs: member.cidrs.clone(),
                addresses: member.addresses.clone(),
                mac: member.mac,
                gateway: self.gateways[0].1,
            })?;
            self.members.insert(member.name.clone(), (at, member));
        }
        Ok(())
    }

    /// Has all hypervisors send to one of the gateways.
    pub(crate) fn steer(&mut self, gateway: usize) -> Result<()> {
        let vtep = self.gateways[gateway].1;
        for (at, member) in self.members.values() {
            self.nodes[*at].steer(member.vni, vtep)?;
        }
        Ok(())
    }

    /// Whether `to` answers `from` at once.
    pub(crate) fn pings(&mut self, from: &str, to: &str) -> Result<bool> {
        let (at, to) = (self.end(from)?.0, self.end(to)?.1);
        self.nodes[at].ping(from, to, 2, Duration::from_millis(500))
    }

    /// Waits until `to` answers `from`.
    pub(crate) fn reaches(&mut self, from: &str, to: &str) -> Result<()> {
        let what = format!("{from} reaches {to}");
        wait_until(&what, PATIENCE, || self.pings(from, to))
    }

    /// Waits until `to` answers `from` no longer.
    pub(crate) fn loses(&mut self, from: &str, to: &str) -> Result<()> {
        let what = format!("{from} no longer reaches {to}");
        wait_until(&what, PATIENCE, || Ok(!self.pings(from, to)?))
    }

    /// Sends bytes over TCP; every one of them is compared.
    pub(crate) fn transfers(&mut self, from: &str, to: &str, bytes: usize) -> Result<()> {
        let (from_at, to_at) = (self.end(from)?.0, self.end(to)?);
        let [first, second] = self.nodes.get_disjoint_mut([from_at, to_at.0])?;
        first.transfer(from, second, (to, to_at.1), bytes)
    }

    /// Starts a stream, and waits until it flows.
    pub(crate) fn stream(&mut self, from: &str, to: &str) -> Result<RunningStream> {
        self.reaches(from, to)?;
        self.streams += 1;
        let (from_end, to_end) = (self.end(from)?, self.end(to)?);
        let end = |(at, address), member| End {
            at,
            member,
            address,
        };
        let (from, to) = (end(from_end, from), end(to_end, to));
        let stream = RunningStream::start(&mut self.nodes, self.streams, from, to, RATE)?;
        self.breathe(&stream)?;
        Ok(stream)
    }

    /// Waits for half a second's packets of a stream.
    pub(crate) fn breathe(&mut self, stream: &RunningStream) -> Result<()> {
        stream.wait_for(&mut self.nodes, BREATH, PATIENCE)
    }

    /// Ends a stream; what became of it.
    pub(crate) fn stop(&mut self, stream: RunningStream) -> Result<StreamReport> {
        stream.stop(&mut self.nodes)
    }

    /// Ends a stream that may have lost nothing.
    pub(crate) fn stop_perfect(&mut self, stream: RunningStream) -> Result<()> {
        self.breathe(&stream)?;
        let report = self.stop(stream)?;
        ensure!(report.counts.is_perfect(), "{report:?}");
        Ok(())
    }

    /// The agent's pod on a gateway.
    pub(crate) fn agent(&self, gateway: usize) -> Result<String> {
        let node = &self.gateways[gateway].0;
        let found = self.kubectl.names(&format!(
            "pods -n isthmus-system -l app.kubernetes.io/component=agent --field-selector=spec.nodeName={node}"
        ))?;
        ensure!(found.len() == 1, "agents of {node}: {found:?}");
        Ok(found[0].clone())
    }

    /// The value of a metric of a gateway's agent: its name with its labels as
    /// they are printed; 0 where there is none.
    pub(crate) fn metric(&self, gateway: usize, series: &str) -> Result<u64> {
        let agent = self.agent(gateway)?;
        let path = format!("/api/v1/namespaces/isthmus-system/pods/{agent}:9464/proxy/metrics");
        let metrics = self.kubectl.run(&format!("get --raw {path}"))?;
        let mut lines = metrics.lines();
        let value = lines.find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        Ok(value.map_or(Ok(0.0), str::parse)? as u64)
    }

    /// Waits until an object's condition is that.
    pub(crate) fn condition(&self, object: &str, kind: &str, status: &str) -> Result<()> {
        wait_until(&format!("{object} is {kind}={status}"), PATIENCE, || {
            Ok(has_condition(&self.kubectl.get(object)?, kind, status))
        })
    }

    fn end(&self, member: &str) -> Result<(usize, IpAddr)> {
        let found = self.members.get(member);
        let (at, described) = found.with_context(|| format!("no member {member}"))?;
        Ok((*at, described.addresses[0]))
    }
}

impl Drop for World {
    fn drop(&mut self) {
        for manifests in self.applied.iter().rev() {
            let deletion = "delete --ignore-not-found --filename=-";
            if let Err(error) = self.kubectl.run_with(deletion, manifests) {
                eprintln!("{error:#}");
            }
        }
    }
}

/// Waits until every gateway node has a gateway that is ready; nodes and VTEPs.
pub(crate) fn ready_gateways(kubectl: &Kubectl) -> Result<Vec<(String, IpAddr)>> {
    let nodes = kubectl.names(GATEWAYS)?;
    ensure!(!nodes.is_empty(), "no gateway node");
    let mut gateways = Vec::new();
    wait_until("every gateway is ready", PATIENCE, || {
        gateways.clear();
        for node in &nodes {
            let Ok(gateway) = kubectl.get(&format!("transitgateway {node}")) else {
                return Ok(false);
            };
            let vtep = gateway["spec"]["vteps"][0].as_str();
            match vtep.map(str::parse) {
                Some(Ok(vtep)) if has_condition(&gateway, "Ready", "True") => {
                    gateways.push((node.clone(), vtep));
                }
                _ => return Ok(false),
            }
        }
        anyhow::Ok(true)
    })?;
    Ok(gateways)
}

fn has_condition(object: &Value, kind: &str, status: &str) -> bool {
    let conditions = object["status"]["conditions"].as_array();
    let mut all = conditions.into_iter().flatten();
    all.any(|it| it["type"] == kind && it["status"] == status)
}
