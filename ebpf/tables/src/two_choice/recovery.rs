//! What a writer that stopped anywhere left behind, made sound again.

use std::sync::atomic::AtomicU64;

use isthmus_abi::{HashKey, Lines};

use super::{Slot, TwoChoice, slot_words};

/// What was found in a table that another writer had.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Recovered {
    /// Entries that no look-up finds or that no writer makes: removed.
    pub(crate) unsound: u64,
    /// Second copies of entries that were being moved: removed.
    pub(crate) copies: u64,
    /// Slots that were being filled or emptied: freed.
    pub(crate) unfinished: u64,
}

impl<S: Slot> TwoChoice<S> {
    /// Takes over a table in any state. Slots become usable in the steps that
    /// follow; the first grace period must pass before anything is inserted.
    pub(crate) fn take_over(
        words: &[AtomicU64],
        hash: HashKey,
        lines: u32,
        capacity: u64,
    ) -> (Self, Recovered) {
        let mut table = Self::empty(hash, lines, capacity);
        let mut recovered = Recovered::default();
        for slot in 0..lines as usize * S::PER_LINE {
            let entry = slot_words::<S>(words, slot);
            let Some(key) = S::key(entry) else {
                if !S::is_clean(entry, &hash) {
                    recovered.unfinished += 1;
                    table.retired.push(slot);
                }
                continue;
            };
            let line = (slot / S::PER_LINE) as u32;
            let Lines(first, second) = S::lines(&hash, key, lines);
            let found = table.find(words, key);
            if (line != first && line != second) || !S::is_sound(key, S::value(entry)) {
                recovered.unsound += 1;
            } else if found != Some(slot) {
                recovered.copies += 1;
            } else {
                table.used += 1;
                continue;
            }
            S::unpublish(entry);
            table.retire(words, slot, true);
        }
        (table, recovered)
    }
}
