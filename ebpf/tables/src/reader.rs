//! The program's look-ups, from user space: for tests, models and diagnosis.

use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};

use isthmus_abi::{Lines, MemberWord, VpcWord};

use crate::Tables;
use crate::prefixes;
use crate::routes::{Block, RouteTarget};
use crate::sys::SysError;
use crate::two_choice::slots::{Slot, SlotV4, SlotV6, SlotVpc, key_v4, key_v6};
use crate::two_choice::{line_slots, slot_words};

/// Looks entries up as the program does.
///
/// It is no XDP program: the kernel's grace periods do not wait for it. Beside
/// a writer it needs a [`crate::Grace`] that does.
#[derive(Clone, Copy)]
pub struct Reader<'t> {
    tables: &'t Tables,
}

impl<'t> Reader<'t> {
    /// A reader of these tables, which from now on count as read.
    #[must_use]
    pub fn new(tables: &'t Tables) -> Self {
        tables.mark_read();
        Self { tables }
    }

    /// The member with this address, by exact match.
    #[must_use]
    pub fn member(&self, vni: u32, address: IpAddr) -> Option<MemberWord> {
        look_up(self.tables, vni, address)
    }

    /// The member whose longest prefix holds this address.
    ///
    /// # Errors
    ///
    /// The kernel's answer.
    pub fn prefix(&self, vni: u32, address: IpAddr) -> Result<Option<MemberWord>, SysError> {
        let length = if address.is_ipv4() { 32 } else { 128 };
        prefixes::find(self.tables, vni, address, length)
    }

    /// Where the routes of a VPC lead an address.
    #[must_use]
    pub fn route(&self, vni: u32, address: IpAddr) -> Option<RouteTarget> {
        let (hash, sizes) = (self.tables.hash(), self.tables.capacities());
        let Lines(first, second) = SlotVpc::lines(&hash, vni, sizes.vpc_lines);
        let line = line_slots::<SlotVpc>(first)
            .chain(line_slots::<SlotVpc>(second))
            .map(|slot| VpcWord(self.tables.vpcs[slot].load(Ordering::Acquire)))
            .find(|word| word.vni() == vni)?
            .line();
        Block::read(vni, &self.tables.routes, line)?.find(address)
    }
}

/// The member that the program finds by exact match.
pub(crate) fn look_up(tables: &Tables, vni: u32, address: IpAddr) -> Option<MemberWord> {
    let (hash, sizes) = (tables.hash(), tables.capacities());
    let word = match address {
        IpAddr::V4(address) => {
            let key = key_v4(vni, address);
            let lines = SlotV4::lines(&hash, key, sizes.member_lines_v4);
            select::<SlotV4>(&tables.members_v4, lines, key)
        }
        IpAddr::V6(address) => {
            let key = key_v6(vni, address);
            let lines = SlotV6::lines(&hash, key, sizes.member_lines_v6);
            select::<SlotV6>(&tables.members_v6, lines, key)
        }
    };
    (word != 0).then_some(MemberWord(word))
}

/// The values of all entries with this key, over one another, as the program
/// takes them without a branch: two copies of a moving entry are equal.
fn select<S: Slot<Value = MemberWord>>(
    words: &[AtomicU64],
    Lines(first, second): Lines,
    key: S::Key,
) -> u64 {
    let mut word = 0;
    for slot in line_slots::<S>(first).chain(line_slots::<S>(second)) {
        let entry = slot_words::<S>(words, slot);
        if S::key(entry) == Some(key) {
            word |= S::value(entry).0;
        }
    }
    word
}
