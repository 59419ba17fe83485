//! Which MAC leads to a hypervisor, and whom to ask for it. Pure.
//!
//! A hypervisor in the port's own subnet is its own next hop, another one is
//! reached through the route's gateway. A MAC that was known stays in use while
//! the kernel confirms it anew, while its entry is collected as unused, and
//! while a changed route's new gateway is not resolved yet; it is given up when
//! nobody answers any more, or when no route is left.
//!
//! One hypervisor, or one neighbour, costs what depends on it: nothing here
//! walks all hypervisors but what is asked to.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::net::IpAddr;
use std::time::Instant;

use isthmus_abi::MAX_PORTS;

use super::probes::Probes;
use crate::netlink::model::{Mac, Neighbour, NeighbourKey, Path};

/// A hypervisor as seen from a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Hop {
    /// Number of the port.
    pub port: u32,
    /// VTEP of the hypervisor.
    pub hypervisor: IpAddr,
}

/// All that is known about next hops.
#[derive(Debug, Default)]
pub struct NextHops {
    /// Number of each port, and the index of its interface.
    ports: BTreeMap<u32, u32>,
    hypervisors: HashSet<IpAddr>,
    /// Hops whose path the kernel has to be asked for.
    unasked: BTreeSet<Hop>,
    /// Whom the packets of a hop are sent to; `None` without a route.
    targets: HashMap<Hop, Option<NeighbourKey>>,
    /// The hops of each target.
    users: HashMap<NeighbourKey, BTreeSet<Hop>>,
    neighbours: HashMap<NeighbourKey, Neighbour>,
    resolved: HashMap<Hop, Mac>,
    /// Hypervisors that some port does not reach.
    unresolved: HashSet<IpAddr>,
    /// Hops whose MAC may not be in the tables yet.
    changed: BTreeSet<Hop>,
    probes: Probes,
}

impl NextHops {
    /// Sets the ports: number, and index of the interface.
    pub fn set_ports(&mut self, ports: &BTreeMap<u32, u32>) {
        if self.ports == *ports {
            return;
        }
        let moved = |port: &u32| self.ports.get(port) != ports.get(port);
        let numbers: BTreeSet<_> = self.ports.keys().chain(ports.keys()).copied().collect();
        for port in numbers.into_iter().filter(moved).collect::<Vec<_>>() {
            let hops: Vec<_> = self.seen_from(port).collect();
            for hop in hops {
                self.forget_path(hop);
                if ports.contains_key(&port) {
                    self.unasked.insert(hop);
                }
            }
        }
        self.ports.clone_from(ports);
        let unresolved = self.hypervisors.iter().copied();
        self.unresolved = unresolved.filter(|it| !self.is_resolved(*it)).collect();
    }

    /// Says whether a hypervisor is in use. One that is gets its MACs written
    /// anew: its entry in the tables may be a new one.
    pub fn set_hypervisor(&mut self, hypervisor: IpAddr, used: bool) {
        let ports: Vec<_> = self.ports.keys().copied().collect();
        let hops = ports.into_iter().map(|port| Hop { port, hypervisor });
        if !used {
            for hop in hops {
                self.forget_path(hop);
            }
            self.hypervisors.remove(&hypervisor);
            self.unresolved.remove(&hypervisor);
            for port in 0..MAX_PORTS as u32 {
                self.resolved.remove(&Hop { port, hypervisor });
            }
            return;
        }
        if self.hypervisors.insert(hypervisor) {
            self.unasked.extend(hops.clone());
            if !self.is_resolved(hypervisor) {
                self.unresolved.insert(hypervisor);
            }
        }
        self.changed.extend(hops);
    }

    /// Forgets what was adopted for hypervisors that are not in use.
    pub fn forget_unused(&mut self) {
        let used = &self.hypervisors;
        self.resolved
            .retain(|hop, _| used.contains(&hop.hypervisor));
    }

    /// Every hypervisor from every port, with the index of its interface.
    pub fn hops(&self) -> impl Iterator<Item = (Hop, u32)> {
        self.ports
            .iter()
            .flat_map(|(&port, &index)| self.seen_from(port).map(move |hop| (hop, index)))
    }

    /// Hops whose path is to be asked for, with the index of the interface.
    pub fn take_unasked(&mut self) -> Vec<(Hop, u32)> {
        let unasked = std::mem::take(&mut self.unasked);
        let indexed = unasked
            .into_iter()
            .filter_map(|hop| Some((hop, *self.ports.get(&hop.port)?)));
        indexed.collect()
    }

    /// Takes a MAC that the router uses already, as found at the start.
    pub fn adopt(&mut self, hop: Hop, mac: Mac) {
        self.resolved.entry(hop).or_insert(mac);
    }

    /// Sets where the kernel would send what is for a hypervisor.
    pub fn set_path(&mut self, hop: Hop, path: Path) {
        let Some(&index) = self.ports.get(&hop.port) else {
            return;
        };
        if !self.hypervisors.contains(&hop.hypervisor) {
            return;
        }
        let address = match path {
            Path::OnLink => Some(hop.hypervisor),
            Path::Via(gateway) => Some(gateway),
            Path::None => None,
        };
        let target = address.map(|address| NeighbourKey { index, address });
        if self.targets.get(&hop) != Some(&target) {
            self.forget_path(hop);
            self.targets.insert(hop, target);
            if let Some(key) = target {
                self.users.entry(key).or_default().insert(hop);
                self.update_probe(key);
            }
        }
        self.settle(hop);
    }

    /// Takes a notification about one neighbour; `None` where its entry is gone.
    pub fn set_neighbour(&mut self, key: NeighbourKey, neighbour: Option<Neighbour>) {
        match neighbour {
            Some(neighbour) => self.neighbours.insert(key, neighbour),
            None => self.neighbours.remove(&key),
        };
        self.update_probe(key);
        for hop in self.users.get(&key).cloned().unwrap_or_default() {
            self.settle(hop);
        }
    }

    /// Takes the complete table of neighbours.
    pub fn set_neighbours(&mut self, neighbours: HashMap<NeighbourKey, Neighbour>) {
        self.neighbours = neighbours;
        for key in self.users.keys().copied().collect::<Vec<_>>() {
            self.update_probe(key);
        }
        for hop in self.targets.keys().copied().collect::<Vec<_>>() {
            self.settle(hop);
        }
    }

    /// The MAC that leads to a hypervisor, if one is known.
    #[must_use]
    pub fn mac(&self, hop: Hop) -> Option<Mac> {
        self.resolved.get(&hop).copied()
    }

    /// Hypervisors that some port does not reach yet.
    #[must_use]
    pub fn unresolved(&self) -> usize {
        self.unresolved.len()
    }

    /// Has every MAC compared with the tables.
    pub fn touch_all(&mut self) {
        let all: Vec<_> = self.hops().map(|(hop, _)| hop).collect();
        self.changed.extend(all);
        self.changed.extend(self.resolved.keys());
    }

    /// Hops whose MAC may differ from the tables'.
    pub fn take_changed(&mut self) -> BTreeSet<Hop> {
        std::mem::take(&mut self.changed)
    }

    /// Neighbours to ask for now, each once, with growing pauses.
    pub fn take_probes(&mut self, now: Instant) -> Vec<NeighbourKey> {
        self.probes.take_due(now)
    }

    fn seen_from(&self, port: u32) -> impl Iterator<Item = Hop> {
        let hypervisors = self.hypervisors.iter().copied();
        hypervisors.map(move |hypervisor| Hop { port, hypervisor })
    }

    fn is_resolved(&self, hypervisor: IpAddr) -> bool {
        let known = |&port: &u32| self.resolved.contains_key(&Hop { port, hypervisor });
        !self.ports.is_empty() && self.ports.keys().all(known)
    }

    fn update_probe(&mut self, key: NeighbourKey) {
        let reachable = matches!(self.neighbours.get(&key), Some(Neighbour::Reachable(_)));
        if self.users.contains_key(&key) && !reachable {
            self.probes.need(key);
        } else {
            self.probes.forget(&key);
        }
    }

    fn forget_path(&mut self, hop: Hop) {
        self.unasked.remove(&hop);
        let Some(Some(key)) = self.targets.remove(&hop) else {
            return;
        };
        if let Some(users) = self.users.get_mut(&key) {
            users.remove(&hop);
            if users.is_empty() {
                self.users.remove(&key);
                self.probes.forget(&key);
            }
        }
    }

    fn settle(&mut self, hop: Hop) {
        let Some(target) = self.targets.get(&hop) else {
            return;
        };
        let before = self.mac(hop);
        let neighbour = target.map(|key| self.neighbours.get(&key));
        match neighbour {
            Some(Some(Neighbour::Reachable(mac) | Neighbour::Stale(mac))) => {
                self.resolved.insert(hop, *mac);
            }
            None | Some(Some(Neighbour::Failed)) => {
                self.resolved.remove(&hop);
            }
            Some(None | Some(Neighbour::Incomplete)) => {}
        }
        if self.mac(hop) == before {
            return;
        }
        self.changed.insert(hop);
        if self.is_resolved(hop.hypervisor) {
            self.unresolved.remove(&hop.hypervisor);
        } else {
            self.unresolved.insert(hop.hypervisor);
        }
    }
}

#[cfg(test)]
mod tests;
