//! Changes of the peering map: labels and their counters, route blocks.

use super::members::check_vni;
use super::{WriteError, Writer};
use crate::capacity::Table;
use crate::counters;
use crate::labels::Label;
use crate::routes::Block;
use crate::two_choice::Placed;

impl Writer {
    /// Index of the counter of one direction of a peering, entered and set to
    /// zero where it is new.
    ///
    /// # Errors
    ///
    /// The table is full; a name beyond [`isthmus_abi::PEERING_NAME_LEN`]; the
    /// kernel's answer.
    pub fn add_label(&mut self, label: &Label) -> Result<u32, WriteError> {
        check_vni(label.vni)?;
        if label.name.len() > isthmus_abi::PEERING_NAME_LEN {
            return Err(WriteError::LongName(label.name.clone()));
        }
        if let Some(index) = self.labels.index(label) {
            return Ok(index);
        }
        let table = Table::Peerings;
        let index = self
            .labels
            .free_index()
            .ok_or(WriteError::TableFull(table))?;
        counters::zero(self.tables.peerings(), index)
            .map_err(|source| WriteError::Kernel { table, source })?;
        self.labels.add(&self.tables.labels, index, label);
        Ok(index)
    }

    /// Index of the counter of one direction of a peering.
    #[must_use]
    pub fn label(&self, label: &Label) -> Option<u32> {
        self.labels.index(label)
    }

    /// Removes a label to which no route points any more; `false` where there
    /// is none. Its index is free for others once settled.
    pub fn remove_label(&mut self, label: &Label) -> bool {
        self.labels.remove(&self.tables.labels, label)
    }

    /// Gives a VPC these routes in place of those that it has: one store.
    ///
    /// # Errors
    ///
    /// No room in `ROUTES` (beside the block that is in use until then) or in
    /// `VPCS`; a VNI that cannot be.
    pub fn set_routes(&mut self, vni: u32, block: &Block) -> Result<Placed, WriteError> {
        check_vni(vni)?;
        let read = self.tables.is_read();
        let before = self.vpcs.get(&self.tables.vpcs, vni);
        let lines = block.lines();
        let line = self
            .blocks
            .allocate(lines)
            .ok_or(WriteError::TableFull(Table::Routes))?;
        block.write(vni, &self.tables.routes, line);
        match self.vpcs.set(&self.tables.vpcs, vni, line, read) {
            Ok(placed) => {
                if let Some(before) = before {
                    self.blocks.retire(before, read);
                }
                Ok(placed)
            }
            Err(_) => {
                self.blocks.retire(line, false);
                Err(WriteError::TableFull(Table::Vpcs))
            }
        }
    }

    /// Routes of a VPC.
    #[must_use]
    pub fn routes(&self, vni: u32) -> Option<Block> {
        let line = self.vpcs.get(&self.tables.vpcs, vni)?;
        Block::read(vni, &self.tables.routes, line)
    }

    /// Takes all routes of a VPC away; `false` where it has none.
    pub fn remove_routes(&mut self, vni: u32) -> bool {
        let read = self.tables.is_read();
        let Some(line) = self.vpcs.get(&self.tables.vpcs, vni) else {
            return false;
        };
        self.vpcs.remove(&self.tables.vpcs, vni, read);
        self.blocks.retire(line, read);
        true
    }
}
