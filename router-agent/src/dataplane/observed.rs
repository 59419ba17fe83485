//! What tables held when they were read.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;

use isthmus_tables::{Label, SysError, Tables};

use super::contract::Observation;
use super::operation::MemberId;
use super::routes::Routes;

/// Everything that tables hold, as values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observed {
    /// Routes of each VPC that has some.
    pub routes: BTreeMap<u32, Routes>,
    /// MAC and hypervisor of each member; no hypervisor where its index is
    /// that of none.
    pub members: HashMap<MemberId, (u64, Option<IpAddr>)>,
    /// Hypervisors.
    pub hypervisors: BTreeSet<IpAddr>,
    /// Counters of peerings' directions.
    pub labels: BTreeSet<Label>,
    /// What was no sound entry and was removed before the tables were read: as
    /// many repairs.
    pub removed: u64,
}

impl Observed {
    /// Reads a set of tables.
    ///
    /// # Errors
    ///
    /// The kernel's answer.
    pub fn read(tables: &Tables) -> Result<Self, SysError> {
        let mut vteps = vec![None; 1 << 16];
        let mut observed = Self::default();
        for hypervisor in tables.hypervisors() {
            vteps[usize::from(hypervisor.index)] = Some(hypervisor.vtep);
            observed.hypervisors.insert(hypervisor.vtep);
        }
        for member in tables.members() {
            let id = MemberId {
                vni: member.vni,
                prefix: member.address.into(),
            };
            let vtep = vteps[usize::from(member.word.hypervisor())];
            observed.members.insert(id, (member.word.mac(), vtep));
        }
        for prefix in tables.prefixes()? {
            let Ok(net) = ipnet::IpNet::new(prefix.address, prefix.length) else {
                continue;
            };
            let id = MemberId {
                vni: prefix.vni,
                prefix: net,
            };
            let vtep = vteps[usize::from(prefix.word.hypervisor())];
            observed.members.insert(id, (prefix.word.mac(), vtep));
        }
        let labels: HashMap<u32, Label> = tables.labels().collect();
        for (vni, block) in tables.routes() {
            let block = block.unwrap_or_default();
            let routes = Routes::from_block(&block, |index| labels.get(&index).cloned());
            observed.routes.insert(vni, routes);
        }
        observed.labels = labels.into_values().collect();
        Ok(observed)
    }
}

impl Observation for Observed {
    fn routes(&self, vni: u32) -> Option<Routes> {
        self.routes.get(&vni).cloned()
    }

    fn member(&self, id: &MemberId) -> Option<(u64, Option<IpAddr>)> {
        self.members.get(id).copied()
    }

    fn has_hypervisor(&self, vtep: IpAddr) -> bool {
        self.hypervisors.contains(&vtep)
    }

    fn has_label(&self, label: &Label) -> bool {
        self.labels.contains(label)
    }
}
