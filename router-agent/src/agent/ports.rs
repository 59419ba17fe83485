//! The loop's ports: followed as links and addresses change, retried while
//! they cannot be had.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use isthmus_abi::MAX_PORTS;

use super::Agent;
use crate::cli::RunArgs;
use crate::netlink::model::{Address, Link};
use crate::ports::attach::Attachments;
use crate::ports::config::{Overlay, config, vteps};
use crate::ports::layout::layout;

const FIRST_RETRY: Duration = Duration::from_secs(1);
const LAST_RETRY: Duration = Duration::from_secs(30);

/// Ports by number: the position of the interface on the command line.
pub(super) struct Ports {
    overlay: Overlay,
    attachments: Attachments,
    states: Vec<Port>,
}

struct Port {
    interface: String,
    index: Option<u32>,
    devices: Vec<String>,
    vteps: Vec<IpAddr>,
    problem: Option<String>,
    retry: Option<(Instant, Duration)>,
}

impl Ports {
    pub(super) fn new(args: &RunArgs) -> Self {
        let overlay = Overlay {
            vteps: args.vteps.clone(),
            gateway_mac: args.gateway_mac.to_bits(),
            vxlan_port: args.vxlan_port,
        };
        let states = args
            .interfaces
            .iter()
            .take(MAX_PORTS)
            .map(|interface| Port {
                interface: interface.clone(),
                index: None,
                devices: vec![interface.clone()],
                vteps: Vec::new(),
                problem: None,
                retry: None,
            });
        Self {
            overlay,
            attachments: Attachments::default(),
            states: states.collect(),
        }
    }

    pub(super) fn all_attached(&self) -> bool {
        self.states
            .iter()
            .all(|port| port.index.is_some() && port.problem.is_none())
    }

    /// Number of each port that is there, and the index of its interface.
    pub(super) fn indices(&self) -> BTreeMap<u32, u32> {
        let numbered = (0u32..).zip(&self.states);
        numbered
            .filter_map(|(number, port)| Some((number, port.index?)))
            .collect()
    }
}

impl Agent {
    /// Tries again what failed, when its time has come.
    pub(super) async fn retry_ports(&mut self) {
        let now = Instant::now();
        let due = |port: &Port| port.retry.is_some_and(|(at, _)| at <= now);
        if self.ports.states.iter().any(due) {
            self.tend_ports().await;
            self.follow_hypervisors().await;
            self.drop_other_generations();
        }
    }

    /// Finds out which interfaces are there, without attaching anything.
    pub(super) async fn find_ports(&mut self) {
        let Ok(links) = self.kernel.links().await else {
            return;
        };
        for port in &mut self.ports.states {
            port.index = layout(&links, &[], &port.interface)
                .ok()
                .map(|layout| layout.index);
        }
        self.hops.set_ports(&self.ports.indices());
    }

    /// Brings every port in line with what links and addresses say now. No
    /// port gets a program, or other maps, before these are filled.
    pub(super) async fn tend_ports(&mut self) {
        if !self.is_complete && !self.is_adopted {
            return self.find_ports().await;
        }
        let (links, addresses) = match (self.kernel.links().await, self.kernel.addresses().await) {
            (Ok(links), Ok(addresses)) => (links, addresses),
            (Err(error), _) | (_, Err(error)) => {
                self.shared.lock().errors += 1;
                return tracing::error!("{error}");
            }
        };
        let mut attached = false;
        for number in 0..self.ports.states.len() {
            let result = self.tend_port(number, &links, &addresses);
            let port = &mut self.ports.states[number];
            match result {
                Ok(changed) => {
                    attached |= changed;
                    if port.problem.take().is_some() {
                        tracing::info!(interface = port.interface, "the port is back");
                    }
                    port.retry = None;
                }
                Err(problem) => {
                    if port.problem.as_ref() != Some(&problem) {
                        tracing::error!(interface = port.interface, "{problem}");
                    }
                    port.problem = Some(problem);
                    let wait = port
                        .retry
                        .map_or(FIRST_RETRY, |(_, wait)| (wait * 2).min(LAST_RETRY));
                    port.retry = Some((Instant::now() + wait, wait));
                }
            }
        }
        self.hops.set_ports(&self.ports.indices());
        // Only when it is known which devices every interface stands for.
        let states = &self.ports.states;
        if states.iter().all(|port| port.index.is_some()) {
            let devices = states.iter().flat_map(|port| port.devices.iter().cloned());
            let wanted: Vec<_> = devices.collect();
            let pin_dir = &self.args.pins.pin_dir;
            self.ports.attachments.retain(pin_dir, &wanted);
        }
        // Attaching changes what a link says, and nobody is notified of it.
        let links = match attached {
            true => self.kernel.links().await.unwrap_or(links),
            false => links,
        };
        self.report_ports(&links);
    }

    fn report_ports(&self, links: &[Link]) {
        let attached = |port: &&Port| port.index.is_some() && port.problem.is_none();
        let attached: Vec<_> = self.ports.states.iter().filter(attached).collect();
        let devices = attached.iter().flat_map(|port| &port.devices);
        let mode = |device: &String| {
            let link = links.iter().find(|link| link.name == *device)?;
            Some((device.clone(), link.xdp?.name()))
        };
        let mut report = self.shared.lock();
        report.ports_attached = attached.len() as u64;
        let problems = self.ports.states.iter().map(|port| port.problem.clone());
        report.port_problems = problems.flatten().collect();
        report.vteps = attached
            .iter()
            .flat_map(|port| &port.vteps)
            .copied()
            .collect();
        report.interfaces = devices.filter_map(mode).collect();
    }

    /// Whether something was attached.
    fn tend_port(
        &mut self,
        number: usize,
        links: &[Link],
        addresses: &[Address],
    ) -> Result<bool, String> {
        let Ports {
            overlay,
            attachments,
            states,
        } = &mut self.ports;
        let port = &mut states[number];
        let found = layout(links, addresses, &port.interface);
        let layout = found.map_err(|problem| {
            port.index = None;
            for device in &port.devices {
                if !links.iter().any(|link| link.name == *device) {
                    attachments.forget(device);
                }
            }
            problem.to_string()
        })?;
        port.index = Some(layout.index);
        port.devices.clone_from(&layout.devices);
        let vteps =
            vteps(overlay, &layout, &port.interface).map_err(|problem| problem.to_string())?;
        let tables = self.dataplane.writer().tables();
        let number = u32::try_from(number).unwrap_or(u32::MAX);
        let wanted = (tables.hash(), *tables.capacities());
        let config = config(overlay, &layout, &vteps, number, wanted);
        let (pin_dir, mode) = (&self.args.pins.pin_dir, self.args.xdp_mode.into());
        let ensured = attachments
            .ensure(pin_dir, &layout.devices, tables, &config, (mode, links))
            .map_err(|error| error.to_string())?;
        self.shared.lock().repairs += ensured.repaired;
        port.vteps.clone_from(&vteps);
        if ensured.changed > 0 {
            let devices = layout.devices.join(" ");
            tracing::info!(interface = port.interface, devices, ?vteps, "port in force");
        }
        Ok(ensured.changed > 0)
    }
}
