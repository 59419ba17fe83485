//! What tests with traffic have: a release that is ready, members behind the
//! hypervisors that their manifests name, and time to wait.

mod captures;
mod system;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use isthmus_lab::wait_until;

pub use self::captures::CAPTURES;
use self::captures::Captures;
use crate::manifests::{documents, namespaces};
use crate::{
    Cluster, Described, End, Gateway, Kubectl, NodeLab, RunningStream, StreamReport, has_condition,
    metrics,
};

/// How long anything may take.
pub const PATIENCE: Duration = Duration::from_secs(120);
/// Packets a second of a stream.
pub const RATE: u32 = 5_000;
/// Packets that arrive in half a second, when none is lost.
pub const BREATH: u64 = 2_500;

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

/// A cluster with traffic on it. Dropped, what was applied is deleted.
pub struct World {
    /// The cluster.
    pub cluster: Cluster,
    /// As its administrator.
    pub kubectl: Kubectl,
    /// Nodes of gateways and their VTEPs.
    pub gateways: Vec<(String, IpAddr)>,
    nodes: Vec<NodeLab>,
    members: BTreeMap<String, (usize, Described)>,
    applied: Vec<String>,
    streams: u32,
    captures: Option<Captures>,
    _turn: Turn,
}

impl World {
    /// Beside other tests.
    ///
    /// # Errors
    ///
    /// The cluster is not as the suite needs it.
    pub fn peaceful() -> Result<Self> {
        let turn = PEACE.read().unwrap_or_else(PoisonError::into_inner);
        Self::build(Turn::Peaceful(turn), "eth1")
    }

    /// While no other test runs.
    ///
    /// # Errors
    ///
    /// The cluster is not as the suite needs it.
    pub fn alone() -> Result<Self> {
        Self::alone_on("eth1", |_| Ok(()))
    }

    /// The same, with hypervisors on this interface, after something else is done
    /// to the cluster.
    ///
    /// # Errors
    ///
    /// The cluster is not as the suite needs it, or what was to be done before failed.
    pub fn alone_on(interface: &str, before: impl FnOnce(&Cluster) -> Result<()>) -> Result<Self> {
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
        let mut nodes = nodes.collect::<Result<Vec<_>>>()?;
        let captures = Captures::begin(&mut nodes, interface)?;
        Ok(Self {
            nodes,
            captures,
            cluster,
            kubectl,
            gateways,
            members: BTreeMap::new(),
            applied: Vec::new(),
            streams: 0,
            _turn: turn,
        })
    }

    /// VTEP of a hypervisor, counted from 0.
    ///
    /// # Panics
    ///
    /// There are not as many.
    #[must_use]
    pub fn vtep(&self, hypervisor: usize) -> IpAddr {
        self.nodes[hypervisor].vtep()
    }

    /// Applies manifests as administrator, their namespaces first, and puts
    /// their members behind the hypervisors that they name, which send to the
    /// first gateway.
    ///
    /// # Errors
    ///
    /// What kubectl or a node says.
    pub fn apply(&mut self, manifests: &str) -> Result<()> {
        self.declare(manifests)?;
        self.bring(manifests)
    }

    /// Applies manifests as administrator, their namespaces first; their members
    /// live nowhere.
    ///
    /// # Errors
    ///
    /// What kubectl says.
    pub fn declare(&mut self, manifests: &str) -> Result<()> {
        for namespace in namespaces(&documents(manifests)?)? {
            let object =
                format!("{{apiVersion: v1, kind: Namespace, metadata: {{name: {namespace}}}}}");
            self.kubectl.apply(&object)?;
        }
        self.applied.push(manifests.to_owned());
        self.kubectl.apply(manifests)
    }

    /// Puts the members of manifests behind the hypervisors that they name.
    ///
    /// # Errors
    ///
    /// What a node says.
    pub fn bring(&mut self, manifests: &str) -> Result<()> {
        for member in Described::all(&documents(manifests)?)? {
            let is_there = |node: &NodeLab| node.vtep() == member.hypervisor;
            let at = self.nodes.iter().position(is_there);
            let at = at.with_context(|| format!("no hypervisor {}", member.hypervisor))?;
            self.nodes[at].add(member.behind(self.gateways[0].1))?;
            self.members.insert(member.name.clone(), (at, member));
        }
        Ok(())
    }

    /// Has all hypervisors send to one of the gateways.
    ///
    /// # Errors
    ///
    /// What a node says.
    pub fn steer(&mut self, gateway: usize) -> Result<()> {
        let vtep = self.gateways[gateway].1;
        for (at, member) in self.members.values() {
            self.nodes[*at].steer(member.vni, vtep)?;
        }
        Ok(())
    }

    /// Has the hypervisor of a member send what its VPC's members send to one of the
    /// gateways.
    ///
    /// # Errors
    ///
    /// No such member, or what a node says.
    pub fn steer_one(&mut self, member: &str, gateway: usize) -> Result<()> {
        let found = self.members.get(member);
        let (at, described) = found.with_context(|| format!("no member {member}"))?;
        self.nodes[*at].steer(described.vni, self.gateways[gateway].1)
    }

    /// Whether `to` answers `from` at once.
    ///
    /// # Errors
    ///
    /// No such member, or what a node says.
    pub fn pings(&mut self, from: &str, to: &str) -> Result<bool> {
        let (at, to) = (self.end(from)?.0, self.end(to)?.1);
        self.nodes[at].ping(from, to, 2, Duration::from_millis(500))
    }

    /// Waits until `to` answers `from`.
    ///
    /// # Errors
    ///
    /// It takes too long, or as [`Self::pings`].
    pub fn reaches(&mut self, from: &str, to: &str) -> Result<()> {
        let what = format!("{from} reaches {to}");
        wait_until(&what, PATIENCE, || self.pings(from, to))
    }

    /// Waits until `to` answers `from` no longer.
    ///
    /// # Errors
    ///
    /// It takes too long, or as [`Self::pings`].
    pub fn loses(&mut self, from: &str, to: &str) -> Result<()> {
        let what = format!("{from} no longer reaches {to}");
        wait_until(&what, PATIENCE, || Ok(!self.pings(from, to)?))
    }

    /// Sends bytes over TCP; every one of them is compared.
    ///
    /// # Errors
    ///
    /// Not all arrived as it was, or what a node says.
    pub fn transfers(&mut self, from: &str, to: &str, bytes: usize) -> Result<()> {
        let (from_at, to_at) = (self.end(from)?.0, self.end(to)?);
        let [first, second] = self.nodes.get_disjoint_mut([from_at, to_at.0])?;
        first.transfer(from, second, (to, to_at.1), bytes)
    }

    /// Starts a stream, and waits until it flows.
    ///
    /// # Errors
    ///
    /// It does not flow, or what a node says.
    pub fn stream(&mut self, from: &str, to: &str) -> Result<RunningStream> {
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
    ///
    /// # Errors
    ///
    /// They do not come.
    pub fn breathe(&mut self, stream: &RunningStream) -> Result<()> {
        stream.wait_for(&mut self.nodes, BREATH, PATIENCE)
    }

    /// Ends a stream; what became of it.
    ///
    /// # Errors
    ///
    /// What a node says.
    pub fn stop(&mut self, stream: RunningStream) -> Result<StreamReport> {
        stream.stop(&mut self.nodes)
    }

    /// Ends a stream that may have lost nothing.
    ///
    /// # Errors
    ///
    /// It did, or what a node says.
    pub fn stop_perfect(&mut self, stream: RunningStream) -> Result<()> {
        self.breathe(&stream)?;
        let report = self.stop(stream)?;
        ensure!(report.counts.is_perfect(), "{report:?}");
        Ok(())
    }

    /// The value of a metric of a gateway's agent: its name with its labels as
    /// they are printed; 0 where there is none.
    ///
    /// # Errors
    ///
    /// The agent does not answer.
    pub fn metric(&self, gateway: usize, series: &str) -> Result<u64> {
        let metrics = metrics(&self.kubectl, &self.gateways[gateway].0)?;
        let mut lines = metrics.lines();
        let value = lines.find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        Ok(value.map_or(Ok(0.0), str::parse)? as u64)
    }

    /// Waits until an object's condition is that.
    ///
    /// # Errors
    ///
    /// It takes too long, or there is no such object.
    pub fn condition(&self, object: &str, kind: &str, status: &str) -> Result<()> {
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
        // Before the deletions, which end what the test is about.
        if let Some(captures) = self.captures.take()
            && let Err(error) = captures.keep(&mut self.nodes)
        {
            eprintln!("{error:#}");
        }
        for manifests in self.applied.iter().rev() {
            let deletion = "delete --ignore-not-found --filename=-";
            if let Err(error) = self.kubectl.run_with(deletion, manifests) {
                eprintln!("{error:#}");
            }
        }
    }
}

/// Waits until every gateway node has a gateway that is ready; nodes and VTEPs.
///
/// # Errors
///
/// It takes too long, or no node is labelled as a gateway.
pub fn ready_gateways(kubectl: &Kubectl) -> Result<Vec<(String, IpAddr)>> {
    let nodes = kubectl.names(GATEWAYS)?;
    ensure!(!nodes.is_empty(), "no gateway node");
    let mut gateways = Vec::new();
    wait_until("every gateway is ready", PATIENCE, || {
        let ready = Gateway::ready(kubectl)?.into_iter();
        let ready = ready.map(|gateway| (gateway.node, gateway.vtep));
        gateways = ready.filter(|(node, _)| nodes.contains(node)).collect();
        anyhow::Ok(gateways.len() == nodes.len())
    })?;
    Ok(gateways)
}
