//! Open-addressed tables in which a key has two candidate lines: members of
//! both families, and VPCs. Writer's side.
//!
//! "Publish last, clear after grace": a reader takes no lock and may be
//! anywhere between two of its loads, so
//!
//! * an entry is written into a clean slot, the word that publishes it last;
//! * a changed value is one store;
//! * a removed entry is unpublished, cleared after a grace period, and its
//!   slot is reused after another;
//! * an entry that makes room for another is copied first, its old slot
//!   unpublished after a grace period, then treated as a removed one.
//!
//! Everything that waits for a grace period is in one of four lists, and
//! [`TwoChoice::step`] moves each item one list on for each period, so that any
//! number of changes share two or three of them.

mod moves;
mod recovery;
pub(crate) mod slots;

use std::collections::HashMap;
use std::marker::PhantomData;
use std::sync::atomic::AtomicU64;

use isthmus_abi::{HashKey, Lines};

#[cfg(test)]
use recovery::Recovered;
use slots::Slot;

/// What became of an entry that was set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placed {
    /// In place: readers see it.
    Now,
    /// Its lines are full and something must move or be freed first:
    /// [`crate::Writer::settle`] puts it in place.
    Deferred,
}

/// No room: the table holds as many entries as it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Full;

/// The writer's view of one table. The words themselves are passed in.
pub(crate) struct TwoChoice<S: Slot> {
    hash: HashKey,
    lines: u32,
    capacity: u64,
    used: u64,
    /// Entries that found both lines full.
    deferred: HashMap<S::Key, S::Value>,
    /// Copied since the last grace period: from slot, to slot.
    moving: Vec<(usize, usize)>,
    /// Unpublished since the last grace period.
    retired: Vec<usize>,
    /// Cleared since the last grace period: not to be used yet.
    cleared: Vec<usize>,
    slot: PhantomData<S>,
}

impl<S: Slot> TwoChoice<S> {
    /// The view of an empty table of `lines` lines.
    pub(crate) fn empty(hash: HashKey, lines: u32, capacity: u64) -> Self {
        Self {
            hash,
            lines,
            capacity,
            used: 0,
            deferred: HashMap::new(),
            moving: Vec::new(),
            retired: Vec::new(),
            cleared: Vec::new(),
            slot: PhantomData,
        }
    }

    /// Entries in the table and on their way into it.
    pub(crate) fn used(&self) -> u64 {
        self.used + self.deferred.len() as u64
    }

    /// Whether anything waits for a grace period.
    pub(crate) fn is_pending(&self) -> bool {
        !(self.deferred.is_empty()
            && self.moving.is_empty()
            && self.retired.is_empty()
            && self.cleared.is_empty())
    }

    /// Whether a grace period brings something on.
    pub(crate) fn is_moving(&self) -> bool {
        !(self.moving.is_empty() && self.retired.is_empty() && self.cleared.is_empty())
    }

    /// Whether an entry waits for room.
    pub(crate) fn has_deferred(&self) -> bool {
        !self.deferred.is_empty()
    }

    /// Value of a key, also of one that waits.
    pub(crate) fn get(&self, words: &[AtomicU64], key: S::Key) -> Option<S::Value> {
        match self.find(words, key) {
            Some(slot) => Some(S::value(slot_words::<S>(words, slot))),
            None => self.deferred.get(&key).copied(),
        }
    }

    /// Sets the value of a key. `read`: whether readers may be looking.
    pub(crate) fn set(
        &mut self,
        words: &[AtomicU64],
        key: S::Key,
        value: S::Value,
        read: bool,
    ) -> Result<Placed, Full> {
        let Lines(first, second) = S::lines(&self.hash, key, self.lines);
        let (mut found, mut room) = (false, [None; 2]);
        let mut clean = [0; 2];
        for (side, line) in [first, second].into_iter().enumerate() {
            for slot in line_slots::<S>(line) {
                let entry = slot_words::<S>(words, slot);
                if S::key(entry) == Some(key) {
                    // Both copies of an entry that is being moved.
                    S::store_value(entry, key, value);
                    found = true;
                } else if S::is_clean(entry, &self.hash) && !self.cleared.contains(&slot) {
                    clean[side] += 1;
                    room[side] = Some(slot);
                }
            }
        }
        if found {
            return Ok(Placed::Now);
        }
        if !self.deferred.is_empty()
            && let Some(waiting) = self.deferred.get_mut(&key)
        {
            *waiting = value;
            return Ok(Placed::Deferred);
        }
        if self.used() >= self.capacity {
            return Err(Full);
        }
        let chosen = if clean[1] > clean[0] {
            room[1]
        } else {
            room[0]
        };
        let Some(slot) = chosen.or_else(|| self.make_room(words, key, read)) else {
            if read {
                self.deferred.insert(key, value);
                return Ok(Placed::Deferred);
            }
            return Err(Full);
        };
        self.place(words, slot, key, value);
        Ok(Placed::Now)
    }

    /// Removes a key; `false` where it is absent.
    pub(crate) fn remove(&mut self, words: &[AtomicU64], key: S::Key, read: bool) -> bool {
        let Lines(first, second) = S::lines(&self.hash, key, self.lines);
        let mut found = false;
        for slot in line_slots::<S>(first).chain(line_slots::<S>(second)) {
            let entry = slot_words::<S>(words, slot);
            if S::key(entry) == Some(key) {
                self.moving.retain(|&(from, to)| from != slot && to != slot);
                S::unpublish(entry);
                self.retire(words, slot, read);
                found = true;
            }
        }
        if found {
            // An entry of somebody else was never counted.
            self.used = self.used.saturating_sub(1);
        }
        found || self.deferred.remove(&key).is_some()
    }

    /// Right after a grace period: moves everything that waited for it one
    /// step on.
    pub(crate) fn step(&mut self, words: &[AtomicU64]) {
        self.cleared.clear();
        self.place_deferred(words);
        let mut unlinked = Vec::new();
        for (from, _) in std::mem::take(&mut self.moving) {
            S::unpublish(slot_words::<S>(words, from));
            if S::REUSE_NEEDS_GRACE {
                unlinked.push(from);
            }
        }
        // Before anything is cleared, which looks like room but is none yet.
        self.plan_moves(words);
        for slot in std::mem::replace(&mut self.retired, unlinked) {
            S::clear(slot_words::<S>(words, slot), &self.hash);
            self.cleared.push(slot);
        }
    }

    /// Gives up on what still has no room: keys and values.
    pub(crate) fn refuse_deferred(&mut self) -> Vec<(S::Key, S::Value)> {
        self.deferred.drain().collect()
    }

    fn retire(&mut self, words: &[AtomicU64], slot: usize, read: bool) {
        if read && S::REUSE_NEEDS_GRACE {
            self.retired.push(slot);
        } else {
            S::clear(slot_words::<S>(words, slot), &self.hash);
        }
    }

    fn place(&mut self, words: &[AtomicU64], slot: usize, key: S::Key, value: S::Value) {
        S::publish(slot_words::<S>(words, slot), key, value);
        self.used += 1;
    }

    fn place_deferred(&mut self, words: &[AtomicU64]) {
        if self.deferred.is_empty() {
            return;
        }
        for (key, value) in std::mem::take(&mut self.deferred) {
            match self.clean_slot(words, key) {
                Some(slot) => self.place(words, slot, key, value),
                None => {
                    self.deferred.insert(key, value);
                }
            }
        }
    }

    fn find(&self, words: &[AtomicU64], key: S::Key) -> Option<usize> {
        let Lines(first, second) = S::lines(&self.hash, key, self.lines);
        line_slots::<S>(first)
            .chain(line_slots::<S>(second))
            .find(|&slot| S::key(slot_words::<S>(words, slot)) == Some(key))
    }

    /// A usable slot in one of a key's lines.
    fn clean_slot(&self, words: &[AtomicU64], key: S::Key) -> Option<usize> {
        let Lines(first, second) = S::lines(&self.hash, key, self.lines);
        self.clean_in_line(words, first)
            .or_else(|| self.clean_in_line(words, second))
    }

    fn clean_in_line(&self, words: &[AtomicU64], line: u32) -> Option<usize> {
        line_slots::<S>(line).find(|&slot| {
            S::is_clean(slot_words::<S>(words, slot), &self.hash) && !self.cleared.contains(&slot)
        })
    }
}

/// Slots of a line, numbered through the table.
pub(crate) fn line_slots<S: Slot>(line: u32) -> std::ops::Range<usize> {
    let first = line as usize * S::PER_LINE;
    first..first + S::PER_LINE
}

/// Words of a slot.
pub(crate) fn slot_words<S: Slot>(words: &[AtomicU64], slot: usize) -> &[AtomicU64] {
    &words[slot * S::WORDS..(slot + 1) * S::WORDS]
}

#[cfg(test)]
mod tests;
