//! The three kinds of slots: IPv4 members, IPv6 members, VPCs.

use std::fmt::Debug;
use std::hash::Hash;
use std::sync::atomic::{AtomicU64, Ordering};

use isthmus_abi::{
    HashKey, Lines, MEMBERS_PER_LINE_V4, MEMBERS_PER_LINE_V6, MemberEntryV4, MemberWord, VNI_MAX,
    VPCS_PER_LINE, VpcWord,
};

/// How an entry lies in its words and is published.
pub(crate) trait Slot {
    type Key: Copy + Eq + Hash + Debug;
    type Value: Copy + Eq + Debug;
    /// Words of a slot.
    const WORDS: usize;
    /// Slots of a line.
    const PER_LINE: usize;
    /// Whether a reader could mix the old entry with a new one in its slot.
    const REUSE_NEEDS_GRACE: bool;

    fn lines(hash: &HashKey, key: Self::Key, lines: u32) -> Lines;
    /// Key of a published entry, `None` of another slot.
    fn key(words: &[AtomicU64]) -> Option<Self::Key>;
    fn value(words: &[AtomicU64]) -> Self::Value;
    /// Whether key and value are ones that a writer of ours puts in.
    fn is_sound(key: Self::Key, value: Self::Value) -> bool;
    /// Whether a slot is as [`Self::clear`] leaves it.
    fn is_clean(words: &[AtomicU64], hash: &HashKey) -> bool;
    /// Fills a clean slot, the publishing word last.
    fn publish(words: &[AtomicU64], key: Self::Key, value: Self::Value);
    fn store_value(words: &[AtomicU64], key: Self::Key, value: Self::Value);
    fn unpublish(words: &[AtomicU64]);
    fn clear(words: &[AtomicU64], hash: &HashKey);
}

fn load(words: &[AtomicU64], index: usize) -> u64 {
    words[index].load(Ordering::Acquire)
}

fn store(words: &[AtomicU64], index: usize, value: u64) {
    words[index].store(value, Ordering::Release);
}

/// [`isthmus_abi::MemberEntryV4`].
pub(crate) enum SlotV4 {}

impl Slot for SlotV4 {
    /// As [`MemberEntryV4::key`] makes it.
    type Key = u64;
    type Value = MemberWord;
    const WORDS: usize = 2;
    const PER_LINE: usize = MEMBERS_PER_LINE_V4;
    const REUSE_NEEDS_GRACE: bool = true;

    fn lines(hash: &HashKey, key: u64, lines: u32) -> Lines {
        hash.lines(key, lines)
    }

    fn key(words: &[AtomicU64]) -> Option<u64> {
        Some(load(words, 0)).filter(|key| *key != 0)
    }

    fn value(words: &[AtomicU64]) -> MemberWord {
        MemberWord(load(words, 1))
    }

    fn is_sound(key: u64, value: MemberWord) -> bool {
        let vni = key >> 32;
        vni != 0 && vni <= u64::from(VNI_MAX) && value.hypervisor() != 0
    }

    fn is_clean(words: &[AtomicU64], _: &HashKey) -> bool {
        load(words, 0) == 0 && load(words, 1) == 0
    }

    fn publish(words: &[AtomicU64], key: u64, value: MemberWord) {
        store(words, 1, value.0);
        store(words, 0, key);
    }

    fn store_value(words: &[AtomicU64], _: u64, value: MemberWord) {
        store(words, 1, value.0);
    }

    fn unpublish(words: &[AtomicU64]) {
        store(words, 0, 0);
    }

    fn clear(words: &[AtomicU64], _: &HashKey) {
        store(words, 1, 0);
    }
}

/// A member's VNI and IPv6 address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct KeyV6 {
    pub(crate) vni: u32,
    pub(crate) high: u64,
    pub(crate) low: u64,
}

/// [`isthmus_abi::MemberEntryV6`].
///
/// The address of a clean slot is the table's secret instead of zero. A reader
/// whose loads are not in order may see a new entry's VNI and value together
/// with an old half of its address; with zeros there, that would be the
/// address `prefix::`, which somebody could send to.
pub(crate) enum SlotV6 {}

impl Slot for SlotV6 {
    type Key = KeyV6;
    type Value = MemberWord;
    const WORDS: usize = 4;
    const PER_LINE: usize = MEMBERS_PER_LINE_V6;
    const REUSE_NEEDS_GRACE: bool = true;

    fn lines(hash: &HashKey, key: KeyV6, lines: u32) -> Lines {
        hash.lines_v6(key.vni, key.high, key.low, lines)
    }

    fn key(words: &[AtomicU64]) -> Option<KeyV6> {
        // A VNI above 32 bits is damage: found by its lines or by its VNI.
        let vni = u32::try_from(load(words, 2)).unwrap_or(u32::MAX);
        (vni != 0).then(|| KeyV6 {
            vni,
            high: load(words, 0),
            low: load(words, 1),
        })
    }

    fn value(words: &[AtomicU64]) -> MemberWord {
        MemberWord(load(words, 3))
    }

    fn is_sound(key: KeyV6, value: MemberWord) -> bool {
        key.vni != 0 && key.vni <= VNI_MAX && value.hypervisor() != 0
    }

    fn is_clean(words: &[AtomicU64], hash: &HashKey) -> bool {
        load(words, 2) == 0
            && load(words, 3) == 0
            && load(words, 0) == hash.offset
            && load(words, 1) == hash.offset
    }

    fn publish(words: &[AtomicU64], key: KeyV6, value: MemberWord) {
        store(words, 0, key.high);
        store(words, 1, key.low);
        store(words, 3, value.0);
        store(words, 2, u64::from(key.vni));
    }

    fn store_value(words: &[AtomicU64], _: KeyV6, value: MemberWord) {
        store(words, 3, value.0);
    }

    fn unpublish(words: &[AtomicU64]) {
        store(words, 2, 0);
    }

    fn clear(words: &[AtomicU64], hash: &HashKey) {
        store(words, 3, 0);
        store(words, 0, hash.offset);
        store(words, 1, hash.offset);
    }
}

/// [`VpcWord`]: key and value in one word.
pub(crate) enum SlotVpc {}

impl Slot for SlotVpc {
    /// VNI.
    type Key = u32;
    /// First line of the route block.
    type Value = u32;
    const WORDS: usize = 1;
    const PER_LINE: usize = VPCS_PER_LINE;
    const REUSE_NEEDS_GRACE: bool = false;

    fn lines(hash: &HashKey, key: u32, lines: u32) -> Lines {
        hash.lines(VpcWord::hashed(key), lines)
    }

    fn key(words: &[AtomicU64]) -> Option<u32> {
        Some(VpcWord(load(words, 0)).vni()).filter(|vni| *vni != 0)
    }

    fn value(words: &[AtomicU64]) -> u32 {
        VpcWord(load(words, 0)).line()
    }

    fn is_sound(key: u32, _: u32) -> bool {
        key <= VNI_MAX
    }

    fn is_clean(words: &[AtomicU64], _: &HashKey) -> bool {
        load(words, 0) == 0
    }

    fn publish(words: &[AtomicU64], key: u32, value: u32) {
        store(words, 0, VpcWord::new(key, value).0);
    }

    fn store_value(words: &[AtomicU64], key: u32, value: u32) {
        store(words, 0, VpcWord::new(key, value).0);
    }

    fn unpublish(words: &[AtomicU64]) {
        store(words, 0, 0);
    }

    fn clear(words: &[AtomicU64], _: &HashKey) {
        store(words, 0, 0);
    }
}

/// Key of an IPv4 member.
pub(crate) fn key_v4(vni: u32, address: std::net::Ipv4Addr) -> u64 {
    MemberEntryV4::key(vni, address.to_bits())
}

/// Key of an IPv6 member.
pub(crate) fn key_v6(vni: u32, address: std::net::Ipv6Addr) -> KeyV6 {
    let bits = address.to_bits();
    KeyV6 {
        vni,
        high: (bits >> 64) as u64,
        low: bits as u64,
    }
}

/// Makes every slot of a new IPv6 table clean.
pub(crate) fn prepare_v6(words: &[AtomicU64], hash: &HashKey) {
    for entry in words.chunks_exact(SlotV6::WORDS) {
        SlotV6::clear(entry, hash);
    }
}
