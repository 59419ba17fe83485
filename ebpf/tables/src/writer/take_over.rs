//! Taking tables over from a writer that is gone, and finding out what became
//! of them.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use isthmus_abi::{Capacities, MemberWord};

use super::Writer;
use crate::capacity::Table;
use crate::grace::{Grace, GraceError};
use crate::hypervisors::Hypervisors;
use crate::labels::Labels;
use crate::routes::Allocator;
use crate::sys::SysError;
use crate::two_choice::TwoChoice;
use crate::two_choice::slots::Slot;
use crate::{Tables, prefixes, vteps};

/// What the writer before left unfinished or what is not a writer's work.
/// Everything but a sound entry is gone once the tables are taken over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recovery {
    /// Entries that no look-up finds or that no writer makes: removed.
    pub unsound: u64,
    /// Second copies of entries that were being moved: removed.
    pub copies: u64,
    /// Slots that were being filled or emptied: freed.
    pub unfinished: u64,
}

impl Recovery {
    /// Everything that was put right.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.unsound + self.copies + self.unfinished
    }

    /// Takes one table over and counts what it held.
    fn take<S: Slot>(
        &mut self,
        tables: &Tables,
        words: &[AtomicU64],
        table: Table,
        lines: impl Fn(&Capacities) -> u32,
    ) -> TwoChoice<S> {
        let sizes = tables.capacities();
        let (taken, recovered) =
            TwoChoice::take_over(words, tables.hash(), lines(sizes), table.capacity(sizes));
        self.unsound += recovered.unsound;
        self.copies += recovered.copies;
        self.unfinished += recovered.unfinished;
        taken
    }
}

/// Tables that could not be taken over.
#[derive(Debug, thiserror::Error)]
pub enum TakeOverError {
    /// The kernel refused a grace period.
    #[error(transparent)]
    Grace(#[from] GraceError),
    /// The kernel refused to list a trie.
    #[error("cannot read the prefixes of members: {0}")]
    Prefixes(SysError),
    /// The kernel refused to list or to change a hash.
    #[error("cannot put right which addresses are hypervisors': {0}")]
    Hypervisors(SysError),
}

impl Writer {
    /// Becomes the writer of these tables, new ones or such as another process
    /// wrote and left in any state.
    ///
    /// # Errors
    ///
    /// See [`TakeOverError`].
    pub fn take_over(
        tables: Arc<Tables>,
        grace: Box<dyn Grace>,
    ) -> Result<(Self, Recovery), TakeOverError> {
        let (hash, sizes) = (tables.hash(), *tables.capacities());
        let mut writer = Self {
            members_v4: TwoChoice::empty(hash, sizes.member_lines_v4, 0),
            members_v6: TwoChoice::empty(hash, sizes.member_lines_v6, 0),
            vpcs: TwoChoice::empty(hash, sizes.vpc_lines, 0),
            blocks: Allocator::new(sizes.route_lines),
            hypervisors: Hypervisors::default(),
            labels: Labels::default(),
            prefixes_v4: HashSet::new(),
            prefixes_v6: HashSet::new(),
            tables,
            grace,
        };
        let recovery = writer.recover()?;
        Ok((writer, recovery))
    }

    /// Reads all tables anew, so that what something else changed in them is
    /// known and can be changed back, and removes what is no sound entry. An
    /// entry that is still deferred is forgotten: settle before.
    ///
    /// # Errors
    ///
    /// See [`TakeOverError`]. The tables are fit for use then, but what is free
    /// in them is not known: call it again before the next change.
    pub fn recover(&mut self) -> Result<Recovery, TakeOverError> {
        let tables = Arc::clone(&self.tables);
        let mut recovery = Recovery::default();
        self.members_v4 = recovery.take(&tables, &tables.members_v4, Table::MembersV4, |sizes| {
            sizes.member_lines_v4
        });
        self.members_v6 = recovery.take(&tables, &tables.members_v6, Table::MembersV6, |sizes| {
            sizes.member_lines_v6
        });
        self.vpcs = recovery.take(&tables, &tables.vpcs, Table::Vpcs, |sizes| sizes.vpc_lines);
        let (blocks, broken) = Allocator::take_over(&tables, tables.capacities().route_lines);
        self.blocks = blocks;
        recovery.unsound += broken.len() as u64;
        for vni in broken {
            self.vpcs.remove(&tables.vpcs, vni, true);
        }
        let (labels, damaged) = Labels::take_over(&tables.labels, tables.capacities().peerings);
        self.labels = labels;
        recovery.unsound += damaged;
        recovery.unsound += prefixes::remove_short(&tables).map_err(TakeOverError::Prefixes)?;
        (self.prefixes_v4, self.prefixes_v6) = prefixes::all(&tables)
            .map_err(TakeOverError::Prefixes)?
            .into_iter()
            .map(|prefix| (prefix.vni, prefix.address, prefix.length))
            .partition(|(_, address, _)| address.is_ipv4());
        let (hypervisors, doubles) = Hypervisors::take_over(&tables.hypervisors);
        self.hypervisors = hypervisors;
        recovery.copies += doubles.len() as u64;
        if tables.is_read() {
            // What looks clean may have been cleared a moment ago.
            self.grace.wait()?;
            self.step();
        }
        self.merge_hypervisors(&doubles);
        recovery.unsound += vteps::restore(&tables, self.hypervisors.by_vtep())
            .map_err(TakeOverError::Hypervisors)?;
        self.settle()?;
        Ok(recovery)
    }

    /// Points the members of further entries of a hypervisor at its first.
    /// (Member prefixes among them are put right by the difference to desired
    /// state, which finds no VTEP behind their index.)
    fn merge_hypervisors(&mut self, doubles: &[u16]) {
        if doubles.is_empty() {
            return;
        }
        let tables = Arc::clone(&self.tables);
        let first: HashMap<u16, IpAddr> = doubles
            .iter()
            .filter_map(|&double| Some((double, tables.vtep(double)?)))
            .collect();
        for member in tables.members() {
            let Some(index) = first
                .get(&member.word.hypervisor())
                .and_then(|vtep| self.hypervisors.index(*vtep))
            else {
                continue;
            };
            let word = MemberWord::new(member.word.mac(), index);
            // The member is there: this is one store and cannot fail.
            let _ = self.set_member(member.vni, member.address, word);
        }
        for &double in doubles {
            self.hypervisors.retire(double);
        }
    }
}
