//! Which neighbours to ask for, and when. Pure.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use crate::netlink::model::NeighbourKey;

/// A neighbour is asked for again after this long at first ..
const FIRST_RETRY: Duration = Duration::from_secs(1);
/// .. and after twice as long each time, up to this.
const LAST_RETRY: Duration = Duration::from_secs(30);

/// Neighbours that are used and not known to be reachable.
#[derive(Debug, Default)]
pub(super) struct Probes {
    asked: HashMap<NeighbourKey, Option<Asked>>,
}

#[derive(Clone, Copy, Debug)]
struct Asked {
    again: Instant,
    wait: Duration,
}

impl Probes {
    /// Has a neighbour asked for from now on, if it is not already.
    pub(super) fn need(&mut self, key: NeighbourKey) {
        self.asked.entry(key).or_default();
    }

    /// Leaves a neighbour alone.
    pub(super) fn forget(&mut self, key: &NeighbourKey) {
        self.asked.remove(key);
    }

    /// Neighbours to ask for now, each once, with growing pauses.
    pub(super) fn take_due(&mut self, now: Instant) -> Vec<NeighbourKey> {
        let mut due = Vec::new();
        for (key, asked) in &mut self.asked {
            if asked.is_none_or(|asked| asked.again <= now) {
                let wait = asked.map_or(FIRST_RETRY, |asked| (asked.wait * 2).min(LAST_RETRY));
                *asked = Some(Asked {
                    again: now + wait,
                    wait,
                });
                due.push(*key);
            }
        }
        due
    }
}
