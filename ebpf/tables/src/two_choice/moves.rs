//! Making room: entries that move to their other line.

use std::sync::atomic::AtomicU64;

use isthmus_abi::Lines;

use super::{Slot, TwoChoice, line_slots, slot_words};

/// Lines that a search for a free slot looks at, at most.
const SEARCH_LINES: usize = 256;

/// One line of a search: which it is, and whose move leads there.
struct Visited {
    line: u32,
    /// Index of the line before, and the slot whose entry would move here.
    by: Option<(usize, usize)>,
}

impl<S: Slot> TwoChoice<S> {
    /// Moves that free a slot in one of a key's lines: (from, to), the one
    /// into the free slot first. Breadth first, so the shortest way.
    fn way_to_room(&self, words: &[AtomicU64], key: S::Key) -> Option<Vec<(usize, usize)>> {
        let Lines(first, second) = S::lines(&self.hash, key, self.lines);
        let mut visited = vec![Visited {
            line: first,
            by: None,
        }];
        if second != first {
            visited.push(Visited {
                line: second,
                by: None,
            });
        }
        let mut next = 0;
        while next < visited.len() && visited.len() < SEARCH_LINES {
            let line = visited[next].line;
            for slot in line_slots::<S>(line) {
                if self
                    .moving
                    .iter()
                    .any(|&(from, to)| from == slot || to == slot)
                {
                    continue;
                }
                let Some(resident) = S::key(slot_words::<S>(words, slot)) else {
                    continue;
                };
                let Lines(one, other) = S::lines(&self.hash, resident, self.lines);
                let target = if one == line { other } else { one };
                if visited.iter().any(|seen| seen.line == target) {
                    continue;
                }
                if let Some(free) = self.clean_in_line(words, target) {
                    return Some(way_back(&visited, next, slot, free));
                }
                visited.push(Visited {
                    line: target,
                    by: Some((next, slot)),
                });
            }
            next += 1;
        }
        None
    }

    /// Without readers: carries the moves out and returns the freed slot.
    pub(super) fn make_room(
        &mut self,
        words: &[AtomicU64],
        key: S::Key,
        read: bool,
    ) -> Option<usize> {
        if read {
            return None;
        }
        let mut freed = None;
        for (from, to) in self.way_to_room(words, key)? {
            copy::<S>(words, from, to);
            S::unpublish(slot_words::<S>(words, from));
            S::clear(slot_words::<S>(words, from), &self.hash);
            freed = Some(from);
        }
        freed
    }

    /// With readers: copies, for each entry without room, the entry that moves
    /// into a free slot. A longer way takes as many rounds as it has moves.
    pub(crate) fn plan_moves(&mut self, words: &[AtomicU64]) {
        let waiting: Vec<S::Key> = self.deferred.keys().copied().collect();
        for key in waiting {
            if self.clean_slot(words, key).is_some() {
                continue;
            }
            if let Some(&(from, to)) = self
                .way_to_room(words, key)
                .as_deref()
                .and_then(<[_]>::first)
            {
                copy::<S>(words, from, to);
                self.moving.push((from, to));
            }
        }
    }
}

fn way_back(visited: &[Visited], mut at: usize, slot: usize, free: usize) -> Vec<(usize, usize)> {
    let mut way = vec![(slot, free)];
    let mut to = slot;
    while let Some((before, from)) = visited[at].by {
        way.push((from, to));
        to = from;
        at = before;
    }
    way
}

fn copy<S: Slot>(words: &[AtomicU64], from: usize, to: usize) {
    let from = slot_words::<S>(words, from);
    if let Some(key) = S::key(from) {
        S::publish(slot_words::<S>(words, to), key, S::value(from));
    }
}
