//! Changes of the forwarding map: hypervisors, members, members' prefixes.

use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use isthmus_abi::{MAX_PORTS, MemberWord, VNI_MAX};

use super::{PrefixKey, WriteError, Writer};
use crate::capacity::Table;
use crate::prefixes;
use crate::sys::SysError;
use crate::two_choice::Placed;
use crate::two_choice::slots::{key_v4, key_v6};
use crate::vteps;

impl Writer {
    /// Index of a hypervisor, entered under its VTEP's address where it is
    /// new. Its next hops are then unknown.
    ///
    /// # Errors
    ///
    /// The table is full; the kernel's answer.
    pub fn add_hypervisor(&mut self, vtep: IpAddr) -> Result<u16, WriteError> {
        if let Some(index) = self.hypervisors.index(vtep) {
            return Ok(index);
        }
        let index = self
            .hypervisors
            .add(&self.tables.hypervisors, vtep)
            .ok_or(WriteError::TableFull(Table::Hypervisors))?;
        if let Err(source) = vteps::set(&self.tables, vtep, index) {
            self.hypervisors.remove(vtep);
            return Err(refused(source));
        }
        Ok(index)
    }

    /// Index of a hypervisor.
    #[must_use]
    pub fn hypervisor(&self, vtep: IpAddr) -> Option<u16> {
        self.hypervisors.index(vtep)
    }

    /// Removes a hypervisor to which no member points any more; `false` where
    /// there is none. Its index is free for others once settled.
    ///
    /// # Errors
    ///
    /// The kernel's answer; it is still there then.
    pub fn remove_hypervisor(&mut self, vtep: IpAddr) -> Result<bool, WriteError> {
        vteps::remove(&self.tables, vtep).map_err(refused)?;
        Ok(self.hypervisors.remove(vtep))
    }

    /// Sets the MAC of the next hop from a port towards a hypervisor; 0 while
    /// it is not known.
    ///
    /// # Errors
    ///
    /// A hypervisor or port that there is not.
    pub fn set_next_hop(&self, vtep: IpAddr, port: u32, mac: u64) -> Result<(), WriteError> {
        if port as usize >= MAX_PORTS {
            return Err(WriteError::NoPort(port));
        }
        let index = self
            .hypervisors
            .index(vtep)
            .ok_or(WriteError::UnknownHypervisor(vtep))?;
        crate::hypervisors::store_next_hop(&self.tables.hypervisors, index, port as usize, mac);
        Ok(())
    }

    /// Sets where a member is: one store where it is in the table already.
    ///
    /// # Errors
    ///
    /// The table is full; a VNI or a hypervisor that cannot be.
    pub fn set_member(
        &mut self,
        vni: u32,
        address: IpAddr,
        word: MemberWord,
    ) -> Result<Placed, WriteError> {
        check(vni, word)?;
        let read = self.tables.is_read();
        match address {
            IpAddr::V4(address) => self
                .members_v4
                .set(&self.tables.members_v4, key_v4(vni, address), word, read)
                .map_err(|_| WriteError::TableFull(Table::MembersV4)),
            IpAddr::V6(address) => self
                .members_v6
                .set(&self.tables.members_v6, key_v6(vni, address), word, read)
                .map_err(|_| WriteError::TableFull(Table::MembersV6)),
        }
    }

    /// Removes a member; `false` where it is not in the table.
    pub fn remove_member(&mut self, vni: u32, address: IpAddr) -> bool {
        let read = self.tables.is_read();
        match address {
            IpAddr::V4(address) => {
                self.members_v4
                    .remove(&self.tables.members_v4, key_v4(vni, address), read)
            }
            IpAddr::V6(address) => {
                self.members_v6
                    .remove(&self.tables.members_v6, key_v6(vni, address), read)
            }
        }
    }

    /// Where a member is, deferred ones included.
    #[must_use]
    pub fn member(&self, vni: u32, address: IpAddr) -> Option<MemberWord> {
        match address {
            IpAddr::V4(address) => self
                .members_v4
                .get(&self.tables.members_v4, key_v4(vni, address)),
            IpAddr::V6(address) => self
                .members_v6
                .get(&self.tables.members_v6, key_v6(vni, address)),
        }
    }

    /// Sets where a member's prefix leads. Bits beyond `length` are ignored.
    ///
    /// # Errors
    ///
    /// The table is full; a VNI, length or hypervisor that cannot be; the
    /// kernel's answer.
    pub fn set_prefix(
        &mut self,
        vni: u32,
        address: IpAddr,
        length: u8,
        word: MemberWord,
    ) -> Result<(), WriteError> {
        check(vni, word)?;
        let address = network(address, length)?;
        let table = prefix_table(address);
        prefixes::set(&self.tables, vni, address, length, word).map_err(|source| {
            match source.errno() {
                libc::ENOSPC => WriteError::TableFull(table),
                _ => WriteError::Kernel { table, source },
            }
        })?;
        self.known_prefixes(address).insert((vni, address, length));
        Ok(())
    }

    /// Removes a member's prefix; `false` where it is not in the table.
    ///
    /// # Errors
    ///
    /// A length that cannot be; the kernel's answer.
    pub fn remove_prefix(
        &mut self,
        vni: u32,
        address: IpAddr,
        length: u8,
    ) -> Result<bool, WriteError> {
        let address = network(address, length)?;
        let table = prefix_table(address);
        let removed = prefixes::remove(&self.tables, vni, address, length)
            .map_err(|source| WriteError::Kernel { table, source })?;
        self.known_prefixes(address).remove(&(vni, address, length));
        Ok(removed)
    }

    /// Where a member's prefix leads, by exactly this prefix.
    ///
    /// # Errors
    ///
    /// A length that cannot be; the kernel's answer.
    pub fn prefix(
        &self,
        vni: u32,
        address: IpAddr,
        length: u8,
    ) -> Result<Option<MemberWord>, WriteError> {
        let address = network(address, length)?;
        let known = if address.is_ipv4() {
            &self.prefixes_v4
        } else {
            &self.prefixes_v6
        };
        if !known.contains(&(vni, address, length)) {
            return Ok(None);
        }
        // Nothing longer than the key is found, so the entry itself is.
        prefixes::find(&self.tables, vni, address, length).map_err(|source| WriteError::Kernel {
            table: prefix_table(address),
            source,
        })
    }

    fn known_prefixes(&mut self, address: IpAddr) -> &mut HashSet<PrefixKey> {
        if address.is_ipv4() {
            &mut self.prefixes_v4
        } else {
            &mut self.prefixes_v6
        }
    }
}

fn prefix_table(address: IpAddr) -> Table {
    if address.is_ipv4() {
        Table::PrefixesV4
    } else {
        Table::PrefixesV6
    }
}

/// The address without bits beyond `length`.
fn network(address: IpAddr, length: u8) -> Result<IpAddr, WriteError> {
    let bits: u32 = if address.is_ipv4() { 32 } else { 128 };
    let host = bits
        .checked_sub(u32::from(length))
        .ok_or(WriteError::PrefixLength(length, address))?;
    Ok(match address {
        IpAddr::V4(address) => {
            let mask = u32::MAX.checked_shl(host).unwrap_or(0);
            IpAddr::V4(Ipv4Addr::from_bits(address.to_bits() & mask))
        }
        IpAddr::V6(address) => {
            let mask = u128::MAX.checked_shl(host).unwrap_or(0);
            IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & mask))
        }
    })
}

fn check(vni: u32, word: MemberWord) -> Result<(), WriteError> {
    if word.hypervisor() == 0 {
        return Err(WriteError::NoHypervisor(0));
    }
    check_vni(vni)
}

pub(super) fn check_vni(vni: u32) -> Result<(), WriteError> {
    if vni == 0 || vni > VNI_MAX {
        Err(WriteError::NoVni(vni))
    } else {
        Ok(())
    }
}

fn refused(source: SysError) -> WriteError {
    WriteError::Kernel {
        table: Table::Hypervisors,
        source,
    }
}
