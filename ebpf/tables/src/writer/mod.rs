//! The one writer of a set of tables.

mod error;
mod members;
mod peerings;
mod settle;
mod take_over;

use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::Arc;

use crate::Tables;
use crate::capacity::{Table, Usage};
use crate::grace::Grace;
use crate::hypervisors::Hypervisors;
use crate::labels::Labels;
use crate::routes::Allocator;
use crate::two_choice::TwoChoice;
use crate::two_choice::slots::{SlotV4, SlotV6, SlotVpc};

pub use error::{Refused, WriteError};
pub use settle::Settled;
pub use take_over::{Recovery, TakeOverError};

/// VNI, address and length of a member's prefix.
type PrefixKey = (u32, IpAddr, u8);

/// Changes a set of tables. There must be one writer of a set in the system.
///
/// A change is seen by the next packet. What a removal frees, and an entry
/// that found no room at once ([`crate::Placed::Deferred`]), wait for
/// [`Self::settle`].
pub struct Writer {
    tables: Arc<Tables>,
    grace: Box<dyn Grace>,
    members_v4: TwoChoice<SlotV4>,
    members_v6: TwoChoice<SlotV6>,
    vpcs: TwoChoice<SlotVpc>,
    blocks: Allocator,
    hypervisors: Hypervisors,
    labels: Labels,
    prefixes_v4: HashSet<PrefixKey>,
    prefixes_v6: HashSet<PrefixKey>,
}

impl Writer {
    /// The tables that it writes.
    #[must_use]
    pub fn tables(&self) -> &Arc<Tables> {
        &self.tables
    }

    /// Entries of each table against what it takes.
    #[must_use]
    pub fn usage(&self) -> [Usage; 8] {
        Table::ALL.map(|table| Usage {
            table,
            used: match table {
                Table::Vpcs => self.vpcs.used(),
                Table::Routes => self.blocks.used(),
                Table::MembersV4 => self.members_v4.used(),
                Table::MembersV6 => self.members_v6.used(),
                Table::PrefixesV4 => self.prefixes_v4.len() as u64,
                Table::PrefixesV6 => self.prefixes_v6.len() as u64,
                Table::Hypervisors => self.hypervisors.used(),
                Table::Peerings => self.labels.used(),
            },
            capacity: table.capacity(self.tables.capacities()),
        })
    }
}
