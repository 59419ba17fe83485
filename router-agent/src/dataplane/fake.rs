//! A dataplane in memory: the same rules, no kernel.

use std::net::IpAddr;

use isthmus_tables::{Label, Table, Usage, WriteError};

use super::contract::{Dataplane, DataplaneError, Observation};
use super::observed::Observed;
use super::operation::{Entry, MemberId, MemberPlace};
use super::routes::Routes;

/// Entries that each table of a [`FakeDataplane`] takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FakeCapacities {
    /// Members and members' prefixes of one family.
    pub members: usize,
    /// VPCs with routes.
    pub vpcs: usize,
    /// Hypervisors.
    pub hypervisors: usize,
    /// Counters.
    pub labels: usize,
}

impl Default for FakeCapacities {
    fn default() -> Self {
        Self {
            members: usize::MAX,
            vpcs: usize::MAX,
            hypervisors: 65_535,
            labels: usize::MAX,
        }
    }
}

/// Holds what it is told, refuses what the kernel's tables would refuse: a
/// full table, a member on a hypervisor that is not there, a route under a
/// counter that is not there.
#[derive(Clone, Debug, Default)]
pub struct FakeDataplane {
    /// What it holds.
    pub state: Observed,
    /// What it takes.
    pub capacities: FakeCapacities,
    /// Next hops by hypervisor and port.
    pub next_hops: std::collections::BTreeMap<(IpAddr, u32), u64>,
}

impl FakeDataplane {
    /// A dataplane that holds this already.
    #[must_use]
    pub fn with_state(state: Observed) -> Self {
        Self {
            state,
            ..Self::default()
        }
    }

    fn members_like(&self, id: &MemberId) -> usize {
        let v4 = id.prefix.addr().is_ipv4();
        let exact = id.exact().is_some();
        let alike = |other: &&MemberId| {
            other.prefix.addr().is_ipv4() == v4 && other.exact().is_some() == exact
        };
        self.state.members.keys().filter(alike).count()
    }
}

fn full(table: Table) -> DataplaneError {
    WriteError::TableFull(table).into()
}

fn table_of(id: &MemberId) -> Table {
    match (id.exact().is_some(), id.prefix.addr().is_ipv4()) {
        (true, true) => Table::MembersV4,
        (true, false) => Table::MembersV6,
        (false, true) => Table::PrefixesV4,
        (false, false) => Table::PrefixesV6,
    }
}

impl Observation for FakeDataplane {
    fn routes(&self, vni: u32) -> Option<Routes> {
        self.state.routes(vni)
    }

    fn member(&self, id: &MemberId) -> Option<(u64, Option<IpAddr>)> {
        self.state.member(id)
    }

    fn has_hypervisor(&self, vtep: IpAddr) -> bool {
        self.state.has_hypervisor(vtep)
    }

    fn has_label(&self, label: &Label) -> bool {
        self.state.has_label(label)
    }
}

impl Dataplane for FakeDataplane {
    fn observe(&mut self) -> Result<Observed, DataplaneError> {
        Ok(self.state.clone())
    }

    fn add_hypervisor(&mut self, vtep: IpAddr) -> Result<(), DataplaneError> {
        let hypervisors = &mut self.state.hypervisors;
        if !hypervisors.contains(&vtep) && hypervisors.len() >= self.capacities.hypervisors {
            return Err(full(Table::Hypervisors));
        }
        hypervisors.insert(vtep);
        Ok(())
    }

    fn remove_hypervisor(&mut self, vtep: IpAddr) -> Result<(), DataplaneError> {
        self.state.hypervisors.remove(&vtep);
        self.next_hops.retain(|(of, _), _| *of != vtep);
        Ok(())
    }

    fn set_next_hop(&mut self, vtep: IpAddr, port: u32, mac: u64) -> Result<(), DataplaneError> {
        if !self.has_hypervisor(vtep) {
            return Err(WriteError::UnknownHypervisor(vtep).into());
        }
        if port as usize >= isthmus_abi::MAX_PORTS {
            return Err(WriteError::NoPort(port).into());
        }
        self.next_hops.insert((vtep, port), mac);
        Ok(())
    }

    fn add_label(&mut self, label: &Label) -> Result<(), DataplaneError> {
        let labels = &mut self.state.labels;
        if !labels.contains(label) && labels.len() >= self.capacities.labels {
            return Err(full(Table::Peerings));
        }
        labels.insert(label.clone());
        Ok(())
    }

    fn remove_label(&mut self, label: &Label) -> Result<(), DataplaneError> {
        self.state.labels.remove(label);
        Ok(())
    }

    fn set_member(&mut self, id: &MemberId, place: &MemberPlace) -> Result<(), DataplaneError> {
        if !self.has_hypervisor(place.hypervisor) {
            return Err(DataplaneError::NoHypervisor(place.hypervisor));
        }
        let new = !self.state.members.contains_key(id);
        if new && self.members_like(id) >= self.capacities.members {
            return Err(full(table_of(id)));
        }
        self.state
            .members
            .insert(*id, (place.mac, Some(place.hypervisor)));
        Ok(())
    }

    fn remove_member(&mut self, id: &MemberId) -> Result<(), DataplaneError> {
        self.state.members.remove(id);
        Ok(())
    }

    fn set_routes(&mut self, vni: u32, routes: &Routes) -> Result<(), DataplaneError> {
        if routes.is_empty() {
            self.state.routes.remove(&vni);
            return Ok(());
        }
        if let Some(label) = routes.labels().iter().find(|label| !self.has_label(label)) {
            return Err(DataplaneError::NoLabel(label.clone()));
        }
        let state = &mut self.state.routes;
        if !state.contains_key(&vni) && state.len() >= self.capacities.vpcs {
            return Err(full(Table::Vpcs));
        }
        state.insert(vni, routes.clone());
        Ok(())
    }

    fn has_deferred(&self) -> bool {
        false
    }

    fn settle(&mut self) -> Result<Vec<(Entry, DataplaneError)>, DataplaneError> {
        Ok(Vec::new())
    }

    fn usage(&self) -> Vec<Usage> {
        let usage = |table, used: usize, capacity: usize| Usage {
            table,
            used: used as u64,
            capacity: capacity as u64,
        };
        let members = |table| {
            let used = self
                .state
                .members
                .keys()
                .filter(|id| table_of(id) == table)
                .count();
            usage(table, used, self.capacities.members)
        };
        vec![
            usage(Table::Vpcs, self.state.routes.len(), self.capacities.vpcs),
            members(Table::MembersV4),
            members(Table::MembersV6),
            members(Table::PrefixesV4),
            members(Table::PrefixesV6),
            usage(
                Table::Hypervisors,
                self.state.hypervisors.len(),
                self.capacities.hypervisors,
            ),
            usage(
                Table::Peerings,
                self.state.labels.len(),
                self.capacities.labels,
            ),
        ]
    }
}
