//! What is to happen: of one seed always the same.

use std::fmt;

use serde::Serialize;

/// Something that goes wrong, or that people do. Gateways are counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// A gateway's agent is deleted.
    AgentDeleted(usize),
    /// A gateway's agent is killed.
    AgentKilled(usize),
    /// A gateway's agent is evicted.
    AgentEvicted(usize),
    /// Every agent is exchanged, by an upgrade of the release.
    RolledOut,
    /// Every operator is deleted.
    OperatorsDeleted,
    /// A gateway's node is drained.
    NodeDrained(usize),
    /// A gateway's node boots anew.
    NodeRestarted(usize),
    /// API server and etcd stand still for some seconds.
    ControlPlaneStopped,
    /// API server and etcd are killed.
    ControlPlaneKilled,
}

impl Fault {
    /// The gateway that forwards nothing for its time: docs/operations.md, what
    /// failures cost.
    #[must_use]
    pub const fn silences(self) -> Option<usize> {
        match self {
            Self::NodeRestarted(gateway) => Some(gateway),
            _ => None,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AgentDeleted(gateway) => write!(f, "agent {gateway} deleted"),
            Self::AgentKilled(gateway) => write!(f, "agent {gateway} killed"),
            Self::AgentEvicted(gateway) => write!(f, "agent {gateway} evicted"),
            Self::RolledOut => f.write_str("agents rolled out"),
            Self::OperatorsDeleted => f.write_str("operators deleted"),
            Self::NodeDrained(gateway) => write!(f, "node {gateway} drained"),
            Self::NodeRestarted(gateway) => write!(f, "node {gateway} restarted"),
            Self::ControlPlaneStopped => f.write_str("control plane stopped"),
            Self::ControlPlaneKilled => f.write_str("control plane killed"),
        }
    }
}

/// Faults without end, at random.
#[derive(Debug)]
pub struct Schedule {
    dice: fastrand::Rng,
    gateways: usize,
}

impl Schedule {
    /// Of a seed, for a cluster of so many gateways.
    #[must_use]
    pub fn new(seed: u64, gateways: usize) -> Self {
        Self {
            dice: fastrand::Rng::with_seed(seed),
            gateways,
        }
    }
}

impl Iterator for Schedule {
    type Item = Fault;

    fn next(&mut self) -> Option<Fault> {
        let gateway = self.dice.usize(..self.gateways);
        Some(match self.dice.usize(..9) {
            0 => Fault::AgentDeleted(gateway),
            1 => Fault::AgentKilled(gateway),
            2 => Fault::AgentEvicted(gateway),
            3 => Fault::RolledOut,
            4 => Fault::OperatorsDeleted,
            5 => Fault::NodeDrained(gateway),
            6 => Fault::NodeRestarted(gateway),
            7 => Fault::ControlPlaneStopped,
            _ => Fault::ControlPlaneKilled,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_replays_and_every_fault_comes_up() {
        let of = |seed| Schedule::new(seed, 3).take(200).collect::<Vec<_>>();
        assert_eq!(of(7), of(7));
        assert_ne!(of(7), of(8));
        let mut names: Vec<String> = of(7).iter().map(ToString::to_string).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), 4 + 5 * 3, "{names:?}");
    }
}
