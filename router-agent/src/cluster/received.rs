//! What the watches have told so far. Pure.
//!
//! A gateway may serve several pools, and a slice may be of several of them: it
//! is held as long as one watch sees it, and of two that tell of it the newer
//! version counts.

use std::collections::{BTreeMap, HashMap};

use isthmus_compiler::EntryChange;
use isthmus_compiler::received::SliceSet;
use isthmus_compiler::slices::{SliceKey, SliceKind};

use super::watch::{Slice, SliceEvent, SliceNews};

/// The slices of all watches, and the entries that follow from them.
#[derive(Debug)]
pub struct Received {
    slices: SliceSet,
    watches: BTreeMap<(SliceKind, usize), Watch>,
    seen: HashMap<SliceKey, Seen>,
}

/// One watch.
#[derive(Debug, Default)]
struct Watch {
    /// Number of the list that is the latest.
    list: u64,
    /// Whether a list was complete, ever.
    is_complete: bool,
    /// Newest resourceVersion that it told of.
    version: u64,
}

/// Who sees a slice.
#[derive(Debug, Default)]
struct Seen {
    version: u64,
    /// Pool, and the number of the list it was seen in or after.
    by: BTreeMap<usize, u64>,
}

impl Received {
    /// Nothing, of this number of pools.
    #[must_use]
    pub fn new(pools: usize) -> Self {
        let watches = [SliceKind::Peering, SliceKind::Forwarding]
            .into_iter()
            .flat_map(|kind| (0..pools).map(move |pool| ((kind, pool), Watch::default())));
        Self {
            slices: SliceSet::new(),
            watches: watches.collect(),
            seen: HashMap::new(),
        }
    }

    /// Takes an event in, and tells what it changes.
    pub fn take(&mut self, event: SliceEvent) -> Vec<EntryChange> {
        let SliceEvent { pool, kind, news } = event;
        let watch = self.watches.entry((kind, pool)).or_default();
        match news {
            SliceNews::ListBegins => {
                watch.list += 1;
                watch.version = 0;
                Vec::new()
            }
            SliceNews::Listed(slice) => self.apply(pool, kind, slice, true),
            SliceNews::Applied(slice) => self.apply(pool, kind, slice, false),
            SliceNews::Gone(slice) => {
                watch.version = watch.version.max(slice.version());
                self.unsee(pool, &slice.key())
            }
            SliceNews::ListEnds => {
                watch.is_complete = true;
                let list = watch.list;
                let is_stale = |(key, seen): &(&SliceKey, &Seen)| {
                    key.kind == kind && seen.by.get(&pool).is_some_and(|seen| *seen != list)
                };
                let stale: Vec<_> = self.seen.iter().filter(is_stale).collect();
                let stale: Vec<_> = stale.into_iter().map(|(key, _)| key.clone()).collect();
                stale.iter().flat_map(|key| self.unsee(pool, key)).collect()
            }
        }
    }

    /// Whether every watch has told everything once.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.watches.values().all(|watch| watch.is_complete)
    }

    /// The newest resourceVersion of a kind's slices; 0 before every watch has
    /// told everything.
    #[must_use]
    pub fn version(&self, kind: SliceKind) -> u64 {
        if !self.is_complete() {
            return 0;
        }
        let watches = self.watches.iter().filter(|((of, _), _)| *of == kind);
        watches.map(|(_, watch)| watch.version).max().unwrap_or(0)
    }

    /// A listed slice counts whatever its version: a cluster that was restored
    /// from a backup goes back in time.
    fn apply(
        &mut self,
        pool: usize,
        kind: SliceKind,
        slice: Slice,
        is_listed: bool,
    ) -> Vec<EntryChange> {
        let (key, version) = (slice.key(), slice.version());
        let watch = self.watches.entry((kind, pool)).or_default();
        watch.version = watch.version.max(version);
        let list = watch.list;
        let seen = self.seen.entry(key).or_default();
        seen.by.insert(pool, list);
        let is_alone = seen.by.len() == 1;
        if version < seen.version && !(is_listed && is_alone) {
            return Vec::new();
        }
        seen.version = version;
        match slice {
            Slice::Forwarding(slice) => self.slices.apply_forwarding(&slice),
            Slice::Peering(slice) => self.slices.apply_peering(&slice),
        }
    }

    fn unsee(&mut self, pool: usize, key: &SliceKey) -> Vec<EntryChange> {
        let Some(seen) = self.seen.get_mut(key) else {
            return Vec::new();
        };
        seen.by.remove(&pool);
        if !seen.by.is_empty() {
            return Vec::new();
        }
        self.seen.remove(key);
        self.slices.delete(key)
    }
}

#[cfg(test)]
mod tests;
