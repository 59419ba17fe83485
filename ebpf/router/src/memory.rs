//! The tables' memory: values of maps, addressed by offsets that the verifier
//! bounds against the size of the map that user space made.

use core::arch::asm;

use aya_ebpf::btf_maps::lpm_trie::Key;
use isthmus_abi::{HypervisorEntry, LINE, MemberWord};
use isthmus_datapath::{Block, Hypervisor, Memory};

use crate::maps::{self, Table};

/// The maps of this program.
#[derive(Clone, Copy)]
pub struct Maps;

/// A route block in `ROUTES`.
#[derive(Clone, Copy)]
pub struct RouteBlock(*const u8);

/// The first byte of a table.
#[inline(always)]
fn base(table: &Table) -> Option<*const u8> {
    table.get_ptr(0).map(<*const [u64; 8]>::cast)
}

/// Hides from the compiler how an index came to be. Otherwise it merges the
/// shifts of the hash with the one to bytes, and the verifier, which knows that
/// the index is below the number of lines, no longer knows what the offset is
/// below. One instruction, because an empty one has no place of its own in the
/// object's line information, which the kernel refuses.
#[inline(always)]
fn opaque(index: u32) -> usize {
    let mut index = index as usize;
    // SAFETY: moves a register to itself.
    unsafe {
        asm!("{0} = {0}", inout(reg) index, options(pure, nomem, nostack, preserves_flags));
    }
    index
}

/// The line at an index below the table's number of lines.
#[inline(always)]
fn line(table: &Table, index: u32) -> [u64; LINE / 8] {
    let Some(base) = base(table) else {
        return [0; LINE / 8];
    };
    let index = opaque(index);
    let mut words = [0; LINE / 8];
    for (place, word) in words.iter_mut().enumerate() {
        // SAFETY: user space makes the table of as many lines as the settings
        // say, and the verifier refuses the program otherwise; words are
        // aligned. Volatile, because user space writes beside us.
        *word = unsafe {
            base.add(index * LINE + place * 8)
                .cast::<u64>()
                .read_volatile()
        };
    }
    words
}

impl Memory for Maps {
    type Block = RouteBlock;

    #[inline(always)]
    fn vpcs(&self, index: u32) -> [u64; LINE / 8] {
        line(&maps::VPCS, index)
    }

    #[inline(always)]
    fn members_v4(&self, index: u32) -> [u64; LINE / 8] {
        line(&maps::MEMBERS_V4, index)
    }

    #[inline(always)]
    fn members_v6(&self, index: u32) -> [u64; LINE / 8] {
        line(&maps::MEMBERS_V6, index)
    }

    #[inline(always)]
    fn block(&self, index: u32) -> Option<RouteBlock> {
        let base = base(&maps::ROUTES)?;
        // SAFETY: the index is below the lines in which blocks start.
        Some(RouteBlock(unsafe { base.add(index as usize * LINE) }))
    }

    #[inline(never)]
    fn prefix_v4(&self, vni: u32, address: u32) -> MemberWord {
        let data = ((vni as u64) << 32 | address as u64).to_be_bytes();
        maps::PREFIXES_V4
            .get(&Key::new(64, data))
            .copied()
            .unwrap_or_default()
    }

    #[inline(never)]
    fn prefix_v6(&self, vni: u32, [high, low]: [u64; 2]) -> MemberWord {
        let mut data = [0; 20];
        data[..4].copy_from_slice(&vni.to_be_bytes());
        data[4..12].copy_from_slice(&high.to_be_bytes());
        data[12..].copy_from_slice(&low.to_be_bytes());
        let Some(&[first, second]) = maps::PREFIXES_V6.get(&Key::new(160, data)) else {
            return MemberWord::default();
        };
        // In memory order, which little-endian machines read low half first.
        MemberWord(if cfg!(target_endian = "little") {
            (second as u64) << 32 | first as u64
        } else {
            (first as u64) << 32 | second as u64
        })
    }

    #[inline(always)]
    fn hypervisor(&self, index: u16, port: u32) -> Hypervisor {
        let Some(base) = base(&maps::HYPERVISORS) else {
            return Hypervisor::default();
        };
        // SAFETY: the table has an entry for every 16-bit index. Volatile,
        // because user space writes beside us.
        unsafe {
            let entry = base.add(index as usize * LINE).cast::<HypervisorEntry>();
            let vtep = (&raw const (*entry).vtep).cast::<u64>();
            let next_hops = (&raw const (*entry).next_hops).cast::<u64>();
            Hypervisor {
                vtep: [vtep.read_volatile(), vtep.add(1).read_volatile()],
                next_hop: next_hops.add(port as usize).read_volatile(),
            }
        }
    }

    #[inline(always)]
    fn is_hypervisor(&self, vtep: [u64; 2]) -> bool {
        maps::VTEPS.get_ptr(vtep).is_some()
    }

    #[inline(always)]
    fn liveness(&self) -> u64 {
        let [word, ..] = line(&maps::LIVENESS, 0);
        word
    }
}

impl Block for RouteBlock {
    #[inline(always)]
    fn word(self, offset: u32) -> u64 {
        // SAFETY: the offset is within the longest block, for which the table
        // has room after every line in which a block may start.
        unsafe { self.0.add(offset as usize).cast::<u64>().read_volatile() }
    }
}
