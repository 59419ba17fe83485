//! Which MAC leads to a hypervisor, and whom to ask for it. Pure.
//!
//! A hypervisor in the port's own subnet is its own next hop, another one is
//! reached through the route's gateway. A MAC that was known stays in use while
//! the kernel confirms it anew, while its entry is collected as unused, and
//! while a changed route's new gateway is not resolved yet; it is given up when
//! nobody answers any more, or when no route is left.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::IpAddr;
use std::time::{Duration, Instant};

use crate::netlink::model::{Mac, Neighbour, NeighbourKey, Path};

/// A neighbour is asked for again after this long at first ..
const FIRST_RETRY: Duration = Duration::from_secs(1);
/// .. and after twice as long each time, up to this.
const LAST_RETRY: Duration = Duration::from_secs(30);

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
    ports: BTreeMap<u32, u32>,
    hypervisors: HashSet<IpAddr>,
    paths: HashMap<Hop, Path>,
    neighbours: HashMap<NeighbourKey, Neighbour>,
    resolved: HashMap<Hop, Mac>,
    asked: HashMap<NeighbourKey, Asked>,
}

#[derive(Clone, Copy, Debug)]
struct Asked {
    again: Instant,
    wait: Duration,
}

impl NextHops {
    /// Sets the ports (number to index of the interface) and hypervisors, and
    /// returns the pairs whose path has to be asked for.
    pub fn set_wanted(
        &mut self,
        ports: &BTreeMap<u32, u32>,
        hypervisors: HashSet<IpAddr>,
    ) -> Vec<(Hop, u32)> {
        for (port, index) in ports {
            if self.ports.get(port) != Some(index) {
                self.paths.retain(|hop, _| hop.port != *port);
            }
        }
        self.ports.clone_from(ports);
        self.hypervisors = hypervisors;
        let wanted = |hop: &Hop| {
            self.ports.contains_key(&hop.port) && self.hypervisors.contains(&hop.hypervisor)
        };
        self.paths.retain(|hop, _| wanted(hop));
        // A port that is away for a moment keeps its hypervisors' MACs.
        self.resolved
            .retain(|hop, _| self.hypervisors.contains(&hop.hypervisor));
        self.hops()
            .filter(|(hop, _)| !self.paths.contains_key(hop))
            .collect()
    }

    /// Every hypervisor from every port, with the index of its interface.
    pub fn hops(&self) -> impl Iterator<Item = (Hop, u32)> {
        self.ports.iter().flat_map(|(&port, &index)| {
            self.hypervisors
                .iter()
                .map(move |&hypervisor| (Hop { port, hypervisor }, index))
        })
    }

    /// Takes a MAC that the router uses already, as found at the start.
    pub fn adopt(&mut self, hop: Hop, mac: Mac) {
        self.resolved.entry(hop).or_insert(mac);
    }

    /// Sets where the kernel would send what is for a hypervisor.
    pub fn set_path(&mut self, hop: Hop, path: Path) {
        self.paths.insert(hop, path);
        self.settle(hop);
    }

    /// Takes a notification about one neighbour; `None` where its entry is gone.
    pub fn set_neighbour(&mut self, key: NeighbourKey, neighbour: Option<Neighbour>) {
        match neighbour {
            Some(neighbour) => self.neighbours.insert(key, neighbour),
            None => self.neighbours.remove(&key),
        };
        let hops: Vec<_> = self
            .ports
            .iter()
            .filter(|(_, index)| **index == key.index)
            .flat_map(|(&port, _)| self.reached_by(port, key))
            .collect();
        for hop in hops {
            self.settle(hop);
        }
    }

    /// Takes the complete table of neighbours.
    pub fn set_neighbours(&mut self, neighbours: HashMap<NeighbourKey, Neighbour>) {
        self.neighbours = neighbours;
        let hops: Vec<_> = self.paths.keys().copied().collect();
        for hop in hops {
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
        self.hypervisors
            .iter()
            .filter(|&&hypervisor| {
                let known = |&port: &u32| self.mac(Hop { port, hypervisor }).is_some();
                self.ports.is_empty() || !self.ports.keys().all(known)
            })
            .count()
    }

    /// Neighbours to ask for now, each once, with growing pauses.
    pub fn take_probes(&mut self, now: Instant) -> Vec<NeighbourKey> {
        let needed: HashSet<_> = self
            .paths
            .keys()
            .filter_map(|hop| self.target(*hop))
            .filter(|key| !matches!(self.neighbours.get(key), Some(Neighbour::Reachable(_))))
            .collect();
        self.asked.retain(|key, _| needed.contains(key));
        let mut probes = Vec::new();
        for key in needed {
            let asked = self.asked.get(&key).copied();
            if asked.is_none_or(|asked| asked.again <= now) {
                let wait = asked.map_or(FIRST_RETRY, |asked| (asked.wait * 2).min(LAST_RETRY));
                self.asked.insert(
                    key,
                    Asked {
                        again: now + wait,
                        wait,
                    },
                );
                probes.push(key);
            }
        }
        probes
    }

    fn reached_by(&self, port: u32, key: NeighbourKey) -> Vec<Hop> {
        let reached = self.paths.iter().filter(|(hop, path)| {
            let target = match path {
                Path::OnLink => Some(hop.hypervisor),
                Path::Via(gateway) => Some(*gateway),
                Path::None => None,
            };
            hop.port == port && target == Some(key.address)
        });
        reached.map(|(hop, _)| *hop).collect()
    }

    fn target(&self, hop: Hop) -> Option<NeighbourKey> {
        let index = *self.ports.get(&hop.port)?;
        match self.paths.get(&hop)? {
            Path::OnLink => Some(NeighbourKey {
                index,
                address: hop.hypervisor,
            }),
            Path::Via(gateway) => Some(NeighbourKey {
                index,
                address: *gateway,
            }),
            Path::None => None,
        }
    }

    fn settle(&mut self, hop: Hop) {
        match self.target(hop).map(|target| self.neighbours.get(&target)) {
            Some(Some(Neighbour::Reachable(mac) | Neighbour::Stale(mac))) => {
                self.resolved.insert(hop, *mac);
            }
            None | Some(Some(Neighbour::Failed)) => {
                self.resolved.remove(&hop);
            }
            Some(None | Some(Neighbour::Incomplete)) => {}
        }
    }
}

#[cfg(test)]
mod tests;
