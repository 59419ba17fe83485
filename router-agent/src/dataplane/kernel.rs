//! The kernel's tables as a dataplane.

use std::net::IpAddr;

use isthmus_abi::MemberWord;
use isthmus_tables::{Label, Refused, Table, Usage, WriteError, Writer};

use super::contract::{Dataplane, DataplaneError, Observation};
use super::observed::Observed;
use super::operation::{Entry, MemberId, MemberPlace};
use super::routes::Routes;

/// The router's tables, written by the one writer of them.
pub struct KernelDataplane {
    writer: Writer,
}

impl KernelDataplane {
    /// The dataplane of a writer.
    #[must_use]
    pub fn new(writer: Writer) -> Self {
        Self { writer }
    }

    /// The writer, and through it the tables.
    #[must_use]
    pub fn writer(&self) -> &Writer {
        &self.writer
    }

    fn place(&self, word: MemberWord) -> (u64, Option<IpAddr>) {
        (word.mac(), self.writer.tables().vtep(word.hypervisor()))
    }
}

impl Observation for KernelDataplane {
    fn routes(&self, vni: u32) -> Option<Routes> {
        let block = self.writer.routes(vni)?;
        Some(Routes::from_block(&block, |index| {
            self.writer.tables().label(index)
        }))
    }

    fn member(&self, id: &MemberId) -> Option<(u64, Option<IpAddr>)> {
        let word = match id.exact() {
            Some(address) => self.writer.member(id.vni, address),
            // What cannot be read is written again.
            None => self
                .writer
                .prefix(id.vni, id.prefix.network(), id.prefix.prefix_len())
                .ok()
                .flatten(),
        };
        word.map(|word| self.place(word))
    }

    fn has_hypervisor(&self, vtep: IpAddr) -> bool {
        self.writer.hypervisor(vtep).is_some()
    }

    fn has_label(&self, label: &Label) -> bool {
        self.writer.label(label).is_some()
    }
}

impl Dataplane for KernelDataplane {
    fn observe(&mut self) -> Result<Observed, DataplaneError> {
        let recovery = self.writer.recover()?;
        let mut observed = Observed::read(self.writer.tables())?;
        observed.removed = recovery.total();
        Ok(observed)
    }

    fn add_hypervisor(&mut self, vtep: IpAddr) -> Result<(), DataplaneError> {
        self.writer.add_hypervisor(vtep)?;
        Ok(())
    }

    fn remove_hypervisor(&mut self, vtep: IpAddr) -> Result<(), DataplaneError> {
        self.writer.remove_hypervisor(vtep)?;
        Ok(())
    }

    fn set_next_hop(&mut self, vtep: IpAddr, port: u32, mac: u64) -> Result<(), DataplaneError> {
        Ok(self.writer.set_next_hop(vtep, port, mac)?)
    }

    fn add_label(&mut self, label: &Label) -> Result<(), DataplaneError> {
        self.writer.add_label(label)?;
        Ok(())
    }

    fn remove_label(&mut self, label: &Label) -> Result<(), DataplaneError> {
        self.writer.remove_label(label);
        Ok(())
    }

    fn set_member(&mut self, id: &MemberId, place: &MemberPlace) -> Result<(), DataplaneError> {
        let index = self
            .writer
            .hypervisor(place.hypervisor)
            .ok_or(DataplaneError::NoHypervisor(place.hypervisor))?;
        let word = MemberWord::new(place.mac, index);
        match id.exact() {
            Some(address) => {
                self.writer.set_member(id.vni, address, word)?;
            }
            None => {
                let (address, length) = (id.prefix.network(), id.prefix.prefix_len());
                self.writer.set_prefix(id.vni, address, length, word)?;
            }
        }
        Ok(())
    }

    fn remove_member(&mut self, id: &MemberId) -> Result<(), DataplaneError> {
        match id.exact() {
            Some(address) => {
                self.writer.remove_member(id.vni, address);
            }
            None => {
                let (address, length) = (id.prefix.network(), id.prefix.prefix_len());
                self.writer.remove_prefix(id.vni, address, length)?;
            }
        }
        Ok(())
    }

    fn set_routes(&mut self, vni: u32, routes: &Routes) -> Result<(), DataplaneError> {
        if routes.is_empty() {
            self.writer.remove_routes(vni);
            return Ok(());
        }
        let block = routes
            .to_block(|label| self.writer.label(label))
            .map_err(DataplaneError::NoLabel)?;
        self.writer.set_routes(vni, &block)?;
        Ok(())
    }

    fn has_deferred(&self) -> bool {
        self.writer.has_deferred()
    }

    fn settle(&mut self) -> Result<Vec<(Entry, DataplaneError)>, DataplaneError> {
        let settled = self.writer.settle()?;
        Ok(settled.refused.into_iter().map(refused).collect())
    }

    fn usage(&self) -> Vec<Usage> {
        self.writer.usage().to_vec()
    }
}

fn refused(refused: Refused) -> (Entry, DataplaneError) {
    let (entry, table) = match refused {
        Refused::Member { vni, address } => {
            let table = if address.is_ipv4() {
                Table::MembersV4
            } else {
                Table::MembersV6
            };
            (
                Entry::Member(MemberId {
                    vni,
                    prefix: address.into(),
                }),
                table,
            )
        }
        Refused::Vpc { vni } => (Entry::Routes(vni), Table::Vpcs),
    };
    (entry, WriteError::TableFull(table).into())
}
