//! Next hops: asks the kernel and writes what it says into the tables.

use std::collections::HashSet;
use std::net::IpAddr;
use std::time::Instant;

use isthmus_tables::Tables;

use super::Agent;
use crate::dataplane::Dataplane;
use crate::next_hops::decide::{Hop, NextHops};

/// Takes the next hops that tables hold from before.
pub(super) fn adopt(hops: &mut NextHops, tables: &Tables) {
    for hypervisor in tables.hypervisors() {
        for (port, mac) in (0..).zip(hypervisor.next_hops).filter(|(_, mac)| *mac != 0) {
            hops.adopt(
                Hop {
                    port,
                    hypervisor: hypervisor.vtep,
                },
                mac,
            );
        }
    }
}

impl Agent {
    /// Writes the next hops that were in use before the start.
    pub(super) fn write_adopted(&mut self) {
        let held: Vec<_> = self.dataplane.writer().tables().hypervisors().collect();
        for hypervisor in held {
            for (port, present) in (0..).zip(hypervisor.next_hops) {
                let hop = Hop {
                    port,
                    hypervisor: hypervisor.vtep,
                };
                let Some(mac) = self.hops.mac(hop).filter(|mac| *mac != present) else {
                    continue;
                };
                if let Err(error) = self.dataplane.set_next_hop(hypervisor.vtep, port, mac) {
                    tracing::error!("{error}");
                }
            }
        }
    }

    /// Asks for the paths of hypervisors and ports that are new.
    pub(super) async fn follow_hypervisors(&mut self) {
        let hypervisors: HashSet<IpAddr> = self.desired.hypervisors().collect();
        let new = self.hops.set_wanted(&self.ports.indices(), hypervisors);
        if !new.is_empty() {
            for (hop, index) in new {
                let path = self.kernel.path(index, hop.hypervisor).await;
                self.hops.set_path(hop, path);
            }
            self.probe().await;
        }
        self.write_next_hops();
    }

    /// Asks for everything anew: paths and neighbours.
    pub(super) async fn resolve_all(&mut self) {
        let hypervisors: HashSet<IpAddr> = self.desired.hypervisors().collect();
        self.hops.set_wanted(&self.ports.indices(), hypervisors);
        let hops: Vec<_> = self.hops.hops().collect();
        let mut paths = Vec::with_capacity(hops.len());
        for (hop, index) in hops {
            paths.push((hop, self.kernel.path(index, hop.hypervisor).await));
        }
        match self.kernel.neighbours().await {
            Ok(neighbours) => self.hops.set_neighbours(neighbours),
            Err(error) => {
                self.shared.lock().errors += 1;
                tracing::error!("{error}");
            }
        }
        for (hop, path) in paths {
            self.hops.set_path(hop, path);
        }
        self.write_next_hops();
    }

    /// Probes the neighbours whose time has come.
    pub(super) async fn probe(&mut self) {
        for neighbour in self.hops.take_probes(Instant::now()) {
            self.kernel.probe(neighbour).await;
        }
    }

    /// Brings the MACs of all ports that are there into the tables.
    pub(super) fn write_next_hops(&mut self) {
        let ports = self.ports.indices();
        let held: Vec<_> = self.dataplane.writer().tables().hypervisors().collect();
        for hypervisor in held {
            if !self.desired.has_hypervisor(hypervisor.vtep) {
                continue;
            }
            for &port in ports.keys() {
                let hop = Hop {
                    port,
                    hypervisor: hypervisor.vtep,
                };
                let mac = self.hops.mac(hop).unwrap_or(0);
                if hypervisor.next_hops.get(port as usize) == Some(&mac) {
                    continue;
                }
                match self.dataplane.set_next_hop(hypervisor.vtep, port, mac) {
                    Ok(()) if mac == 0 => tracing::warn!(
                        hypervisor = %hypervisor.vtep, port, "next hop lost: nobody answers"
                    ),
                    Ok(()) => tracing::info!(
                        hypervisor = %hypervisor.vtep, port, mac = format!("{mac:012x}"), "next hop"
                    ),
                    Err(error) => tracing::error!("{error}"),
                }
            }
        }
        let mut report = self.shared.lock();
        report.hypervisors = self.desired.hypervisors().count() as u64;
        report.unresolved = self.hops.unresolved() as u64;
    }
}
