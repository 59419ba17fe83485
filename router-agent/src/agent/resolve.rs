//! Next hops: asks the kernel and writes what it says into the tables.

use std::net::IpAddr;
use std::time::Instant;

use isthmus_tables::Tables;
use tokio::sync::mpsc::Sender;

use super::Agent;
use crate::dataplane::Dataplane;
use crate::netlink::model::Path;
use crate::next_hops::decide::{Hop, NextHops};

/// Where the packets of each hop go.
pub(super) type Paths = Vec<(Hop, Path)>;

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
    /// Writes the next hops that were in use before the start, and forgets
    /// those of hypervisors that are not in use any more.
    pub(super) fn write_adopted(&mut self) {
        self.touched_hypervisors.extend(self.held_hypervisors());
        self.note_hypervisors();
        self.hops.forget_unused();
        self.hops.touch_all();
        self.write_next_hops();
    }

    /// Asks for the paths of hypervisors and ports that are new, and brings
    /// what changed into the tables.
    pub(super) async fn follow_hypervisors(&mut self) {
        self.note_hypervisors();
        let new = self.hops.take_unasked();
        if !new.is_empty() {
            for (hop, index) in new {
                let path = self.kernel.path(index, hop.hypervisor).await;
                self.hops.set_path(hop, path);
            }
            self.probe().await;
        }
        self.write_next_hops();
    }

    /// Asks for everything anew: the neighbours at once, the paths beside the
    /// loop; they come back through `answers`.
    pub(super) async fn resolve_all(&mut self, answers: &Sender<Paths>) {
        match self.kernel.neighbours().await {
            Ok(neighbours) => self.hops.set_neighbours(neighbours),
            Err(error) => {
                self.shared.lock().errors += 1;
                tracing::error!("{error}");
            }
        }
        // One question at a time, so that no answer overtakes a newer one.
        self.ask_again = self.asking;
        if !self.asking {
            self.asking = true;
            self.ask_paths(answers);
        }
        self.hops.touch_all();
        self.write_next_hops();
    }

    fn ask_paths(&self, answers: &Sender<Paths>) {
        let hops: Vec<_> = self.hops.hops().collect();
        let (kernel, answers) = (self.kernel.clone(), answers.clone());
        tokio::spawn(async move {
            let mut paths = Vec::with_capacity(hops.len());
            for (hop, index) in hops {
                paths.push((hop, kernel.path(index, hop.hypervisor).await));
            }
            // The loop is gone when it no longer listens.
            let _gone = answers.send(paths).await;
        });
    }

    /// Takes the answers, and asks again where something changed meanwhile.
    pub(super) async fn take_paths(&mut self, paths: Paths, answers: &Sender<Paths>) {
        self.asking = std::mem::take(&mut self.ask_again);
        if self.asking {
            self.ask_paths(answers);
        }
        for (hop, path) in paths {
            self.hops.set_path(hop, path);
        }
        self.probe().await;
        self.write_next_hops();
    }

    /// Probes the neighbours whose time has come.
    pub(super) async fn probe(&mut self) {
        for neighbour in self.hops.take_probes(Instant::now()) {
            self.kernel.probe(neighbour).await;
        }
    }

    /// Brings the MACs that may have changed into the tables.
    pub(super) fn write_next_hops(&mut self) {
        for hop in self.hops.take_changed() {
            let writer = self.dataplane.writer();
            let Some(index) = writer.hypervisor(hop.hypervisor) else {
                continue;
            };
            let mac = self.hops.mac(hop).unwrap_or(0);
            let held = writer.tables().next_hops(index);
            if held.get(hop.port as usize) == Some(&mac) {
                continue;
            }
            let (hypervisor, port) = (hop.hypervisor, hop.port);
            match self.dataplane.set_next_hop(hypervisor, port, mac) {
                Ok(()) if mac == 0 => {
                    tracing::warn!(%hypervisor, port, "next hop lost: nobody answers");
                }
                Ok(()) => {
                    tracing::info!(%hypervisor, port, mac = format!("{mac:012x}"), "next hop");
                }
                Err(error) => tracing::error!("{error}"),
            }
        }
        let mut report = self.shared.lock();
        report.hypervisors = self.desired.hypervisor_count() as u64;
        report.unresolved = self.hops.unresolved() as u64;
    }

    /// The hypervisors that the tables hold.
    pub(super) fn held_hypervisors(&self) -> Vec<IpAddr> {
        let held = self.dataplane.writer().tables().hypervisors();
        held.map(|hypervisor| hypervisor.vtep).collect()
    }

    /// Follows the changes of desired state since the last time. Before that is
    /// known, what the tables hold is in use.
    fn note_hypervisors(&mut self) {
        let writer = self.dataplane.writer();
        let is_held = |vtep| !self.is_complete && writer.hypervisor(vtep).is_some();
        for hypervisor in std::mem::take(&mut self.touched_hypervisors) {
            let used = self.desired.has_hypervisor(hypervisor) || is_held(hypervisor);
            self.hops.set_hypervisor(hypervisor, used);
        }
    }
}
