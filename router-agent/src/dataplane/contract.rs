//! What the executor asks of a dataplane.

use std::net::IpAddr;

use isthmus_tables::{GraceError, Label, SysError, TakeOverError, Usage, WriteError};

use super::observed::Observed;
use super::operation::{Entry, MemberId, MemberPlace};
use super::routes::Routes;

/// A change that a dataplane did not make.
#[derive(Debug, thiserror::Error)]
pub enum DataplaneError {
    /// The tables did not take it: full, for one.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The hypervisor of a member is not in the table.
    #[error("the hypervisor {0} is not in the table")]
    NoHypervisor(IpAddr),
    /// The counter of a route is not in the table.
    #[error("no counter for {} from VNI {} to {}", .0.name, .0.vni, .0.peer_vni)]
    NoLabel(Label),
    /// No grace period: what was removed is not free yet.
    #[error(transparent)]
    Grace(#[from] GraceError),
    /// The tables cannot be read.
    #[error("cannot read the tables: {0}")]
    Read(#[from] SysError),
    /// What the tables hold cannot be made sure of.
    #[error(transparent)]
    TakeOver(#[from] TakeOverError),
}

impl DataplaneError {
    /// The table that is full, where that is the reason.
    #[must_use]
    pub fn full_table(&self) -> Option<isthmus_tables::Table> {
        match self {
            Self::Write(WriteError::TableFull(table)) => Some(*table),
            _ => None,
        }
    }
}

/// What tables hold, entry by entry.
pub trait Observation {
    /// Routes of a VPC; `None` where it has none.
    fn routes(&self, vni: u32) -> Option<Routes>;
    /// Where a member is. A hypervisor that is not in the table is `None` in
    /// the place: such a member is there and wrong.
    fn member(&self, id: &MemberId) -> Option<(u64, Option<IpAddr>)>;
    /// Whether a hypervisor is in the table.
    fn has_hypervisor(&self, vtep: IpAddr) -> bool;
    /// Whether the counter of a direction of a peering is in the table.
    fn has_label(&self, label: &Label) -> bool;
}

/// Tables that a plan can be carried out on.
pub trait Dataplane: Observation {
    /// Everything that the tables hold. What is no sound entry of them is
    /// removed before, and counted ([`Observed::removed`]).
    ///
    /// # Errors
    ///
    /// They cannot be read.
    fn observe(&mut self) -> Result<Observed, DataplaneError>;
    /// Enters a hypervisor; nothing where it is there.
    ///
    /// # Errors
    ///
    /// Full.
    fn add_hypervisor(&mut self, vtep: IpAddr) -> Result<(), DataplaneError>;
    /// Removes a hypervisor.
    ///
    /// # Errors
    ///
    /// As the dataplane has them.
    fn remove_hypervisor(&mut self, vtep: IpAddr) -> Result<(), DataplaneError>;
    /// Sets the next hop's MAC from a port to a hypervisor; 0: not known.
    ///
    /// # Errors
    ///
    /// No such hypervisor or port.
    fn set_next_hop(&mut self, vtep: IpAddr, port: u32, mac: u64) -> Result<(), DataplaneError>;
    /// Enters a counter; nothing where it is there.
    ///
    /// # Errors
    ///
    /// Full.
    fn add_label(&mut self, label: &Label) -> Result<(), DataplaneError>;
    /// Removes a counter.
    ///
    /// # Errors
    ///
    /// As the dataplane has them.
    fn remove_label(&mut self, label: &Label) -> Result<(), DataplaneError>;
    /// Adds a member or changes where it is.
    ///
    /// # Errors
    ///
    /// Full; a hypervisor that is not in the table.
    fn set_member(&mut self, id: &MemberId, place: &MemberPlace) -> Result<(), DataplaneError>;
    /// Removes a member.
    ///
    /// # Errors
    ///
    /// As the dataplane has them.
    fn remove_member(&mut self, id: &MemberId) -> Result<(), DataplaneError>;
    /// Gives a VPC these routes in place of all others, none where empty.
    ///
    /// # Errors
    ///
    /// Full; a label that is not in the table. The old ones stay then.
    fn set_routes(&mut self, vni: u32, routes: &Routes) -> Result<(), DataplaneError>;
    /// Whether an entry that was set is not in place before [`Self::settle`].
    fn has_deferred(&self) -> bool;
    /// Puts deferred entries in place and frees what was removed. Answers with
    /// the deferred entries that found no room.
    ///
    /// # Errors
    ///
    /// No grace period was had.
    fn settle(&mut self) -> Result<Vec<(Entry, DataplaneError)>, DataplaneError>;
    /// Entries of each table against what it takes.
    fn usage(&self) -> Vec<Usage>;
}
