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
use crate::shared::{PoolReport, SlicesReport};

/// The slices of all watches, and the entries that follow from them.
#[derive(Debug)]
pub struct Received {
    slices: SliceSet,
    pools: Vec<String>,
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
    /// resourceVersion up to which everything was told of.
    version: u64,
    /// Newest resourceVersion of a list that goes on: what is older may follow.
    listing: u64,
}

/// Who sees a slice.
#[derive(Debug, Default)]
struct Seen {
    /// Of what is held.
    version: u64,
    /// By pool.
    by: BTreeMap<usize, Sight>,
}

/// How a watch sees a slice.
#[derive(Clone, Copy, Debug)]
struct Sight {
    /// Number of the list that it was seen in or after.
    list: u64,
    version: u64,
}

impl Received {
    /// Nothing, of these pools.
    #[must_use]
    pub fn new(pools: Vec<String>) -> Self {
        let numbers = 0..pools.len();
        let watches = [SliceKind::Peering, SliceKind::Forwarding]
            .into_iter()
            .flat_map(|kind| (numbers.clone()).map(move |pool| ((kind, pool), Watch::default())));
        Self {
            slices: SliceSet::new(),
            watches: watches.collect(),
            pools,
            seen: HashMap::new(),
        }
    }

    /// Takes an event in, and tells what it changes.
    pub fn take(&mut self, event: SliceEvent) -> Vec<EntryChange> {
        let SliceEvent { pool, kind, news } = event;
        let watch = self.watches.entry((kind, pool)).or_default();
        match news {
            SliceNews::Restored => {
                watch.version = 0;
                // What was told before is of no time that the cluster knows.
                for seen in self.seen.values_mut() {
                    seen.version = 0;
                }
                Vec::new()
            }
            SliceNews::ListBegins => {
                watch.list += 1;
                watch.listing = 0;
                Vec::new()
            }
            SliceNews::Listed(slice) => {
                watch.listing = watch.listing.max(slice.version());
                self.apply(pool, slice, true)
            }
            SliceNews::Applied(slice) => {
                watch.version = watch.version.max(slice.version());
                self.apply(pool, slice, false)
            }
            SliceNews::Gone(slice) => {
                watch.version = watch.version.max(slice.version());
                self.unsee(pool, kind, [slice.key()])
            }
            SliceNews::ListEnds => {
                watch.is_complete = true;
                watch.version = watch.version.max(watch.listing);
                let list = watch.list;
                let is_stale = |(key, seen): &(&SliceKey, &Seen)| {
                    key.kind == kind && seen.by.get(&pool).is_some_and(|sight| sight.list != list)
                };
                let stale: Vec<_> = self.seen.iter().filter(is_stale).collect();
                let stale: Vec<_> = stale.into_iter().map(|(key, _)| key.clone()).collect();
                self.unsee(pool, kind, stale)
            }
        }
    }

    /// How far the slices reach.
    #[must_use]
    pub fn report(&self) -> SlicesReport {
        let version = |kind, pool| {
            let watch = self.watches.get(&(kind, pool));
            watch.map_or(0, |watch| watch.version)
        };
        let pools = self.pools.iter().enumerate();
        SlicesReport {
            is_complete: self.watches.values().all(|watch| watch.is_complete),
            pools: pools
                .map(|(number, pool)| PoolReport {
                    pool: pool.clone(),
                    peering: version(SliceKind::Peering, number),
                    forwarding: version(SliceKind::Forwarding, number),
                })
                .collect(),
        }
    }

    /// A list that is older than what its own watch has told counts all the same: a
    /// cluster that was restored from a backup goes back in time.
    fn apply(&mut self, pool: usize, slice: Slice, is_listed: bool) -> Vec<EntryChange> {
        let (key, version) = (slice.key(), slice.version());
        let watch = self.watches.get(&(key.kind, pool));
        let list = watch.map_or(0, |watch| watch.list);
        let seen = self.seen.entry(key).or_default();
        let before = seen.by.insert(pool, Sight { list, version });
        if is_listed && before.is_some_and(|before| before.version > version) {
            seen.version = 0;
        }
        if version < seen.version {
            return Vec::new();
        }
        seen.version = version;
        match slice {
            Slice::Forwarding(slice) => self.slices.apply_forwarding(&slice),
            Slice::Peering(slice) => self.slices.apply_peering(&slice),
        }
    }

    /// What no watch sees any more is gone.
    fn unsee(
        &mut self,
        pool: usize,
        kind: SliceKind,
        keys: impl IntoIterator<Item = SliceKey>,
    ) -> Vec<EntryChange> {
        let is_gone = |key: &SliceKey| {
            let Some(seen) = self.seen.get_mut(key) else {
                return false;
            };
            seen.by.remove(&pool);
            seen.by.is_empty() && self.seen.remove(key).is_some()
        };
        let gone: Vec<SliceKey> = keys.into_iter().filter(is_gone).collect();
        let names = gone.iter().map(|key| &*key.name);
        self.slices.delete_all(kind, names)
    }
}

#[cfg(test)]
mod tests;
