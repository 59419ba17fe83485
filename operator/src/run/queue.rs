//! Writes of slices in order, and what is to be tried again when.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::time::{Duration, Instant};

use isthmus_compiler::slices::{Phase, PlannedWrite, SliceKey};

use crate::cluster::backoff::Backoff;
use crate::world::StatusWrite;

/// A write that waits to go out, and when what it follows from came.
#[derive(Debug)]
pub(super) struct Queued {
    pub(super) planned: PlannedWrite,
    pub(super) since: Option<Instant>,
}

/// Planned writes that wait for those of earlier phases.
#[derive(Debug, Default)]
pub(super) struct Queue {
    waiting: VecDeque<Queued>,
    on_their_way: HashMap<SliceKey, Phase>,
}

impl Queue {
    pub(super) fn push(&mut self, planned: PlannedWrite, since: Option<Instant>) {
        self.waiting.push_back(Queued { planned, since });
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.waiting.len() + self.on_their_way.len()
    }

    /// The next write, unless writes of an earlier phase are on their way.
    pub(super) fn next(&mut self) -> Option<Queued> {
        let phase = self.waiting.front()?.planned.phase;
        if self.on_their_way.values().any(|earlier| *earlier < phase) {
            return None;
        }
        let queued = self.waiting.pop_front()?;
        self.on_their_way.insert(queued.planned.write.key(), phase);
        Some(queued)
    }

    pub(super) fn answered(&mut self, key: &SliceKey) {
        self.on_their_way.remove(key);
    }

    /// Whether a write of a slice waits or is on its way.
    pub(super) fn has(&self, key: &SliceKey) -> bool {
        self.on_their_way.contains_key(key)
            || self
                .waiting
                .iter()
                .any(|queued| queued.planned.write.key() == *key)
    }
}

/// What failed, and is to be told to the world when its rest is over: until then
/// the world believes it on its way.
#[derive(Debug)]
pub(super) enum Failed {
    Slice(SliceKey),
    Status(Box<StatusWrite>),
}

/// Rests after failures.
#[derive(Debug, Default)]
pub(super) struct Rests {
    resting: BTreeMap<(Instant, u64), Failed>,
    keys: HashSet<SliceKey>,
    slices: HashMap<SliceKey, Backoff>,
    statuses: HashMap<isthmus_compiler::ObjectRef, Backoff>,
    count: u64,
}

impl Rests {
    /// A slice's write failed; gives how long it rests.
    pub(super) fn slice(&mut self, key: SliceKey, now: Instant) -> Duration {
        let rest = self.slices.entry(key.clone()).or_default().wait();
        self.keys.insert(key.clone());
        self.rest(now + rest, Failed::Slice(key));
        rest
    }

    pub(super) fn status(&mut self, write: StatusWrite, now: Instant) -> Duration {
        let rest = self
            .statuses
            .entry(write.object.clone())
            .or_default()
            .wait();
        self.rest(now + rest, Failed::Status(Box::new(write)));
        rest
    }

    pub(super) fn slice_worked(&mut self, key: &SliceKey) {
        self.slices.remove(key);
    }

    pub(super) fn status_worked(&mut self, write: &StatusWrite) {
        self.statuses.remove(&write.object);
    }

    pub(super) fn has(&self, key: &SliceKey) -> bool {
        self.keys.contains(key)
    }

    /// The next whose rest is over.
    pub(super) fn next(&mut self, now: Instant) -> Option<Failed> {
        let entry = self.resting.first_entry()?;
        if entry.key().0 > now {
            return None;
        }
        let failed = entry.remove();
        if let Failed::Slice(key) = &failed {
            self.keys.remove(key);
        }
        Some(failed)
    }

    pub(super) fn wake(&self) -> Option<Instant> {
        self.resting.keys().next().map(|(at, _)| *at)
    }

    pub(super) fn len(&self) -> usize {
        self.resting.len()
    }

    fn rest(&mut self, until: Instant, failed: Failed) {
        self.count += 1;
        self.resting.insert((until, self.count), failed);
    }
}
