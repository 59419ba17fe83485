//! When to look at the folder, given what happened in it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// A change is looked at when nothing else happened for this long ..
const QUIET: Duration = Duration::from_millis(5);

/// .. but at the latest after this long.
const LATEST: Duration = Duration::from_millis(50);

/// A file that is open for writing is left alone until it is closed, or until
/// nothing was written to it for this long.
const WRITING: Duration = Duration::from_secs(1);

/// What happened to one name in the folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happening {
    /// Written to, and not yet closed.
    Modified,
    /// Created, closed after writing, renamed, removed: complete as it is.
    Settled,
}

/// What to look at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hint {
    /// Names that something happened to: to be read whatever their stamp.
    pub changed: BTreeSet<PathBuf>,
    /// Names that somebody is writing: not to be read now.
    pub writing: BTreeSet<PathBuf>,
    /// When the first of it happened.
    pub since: Option<Instant>,
}

/// Collects what happens until it is time to look.
#[derive(Debug, Default)]
pub struct Activity {
    changed: BTreeSet<PathBuf>,
    writing: BTreeMap<PathBuf, Instant>,
    first: Option<Instant>,
    last: Option<Instant>,
}

impl Activity {
    /// Notes that something happened at `now`.
    pub fn note(&mut self, name: PathBuf, happening: Happening, now: Instant) {
        match happening {
            Happening::Modified => {
                self.writing.insert(name, now);
            }
            Happening::Settled => {
                self.writing.remove(&name);
                self.changed.insert(name);
                self.touch(now);
            }
        }
    }

    /// Notes that something happened, but not to which names.
    pub fn note_unknown(&mut self, now: Instant) {
        self.touch(now);
    }

    /// When to look, if nothing else happens.
    #[must_use]
    pub fn due(&self) -> Option<Instant> {
        let settled = self
            .first
            .zip(self.last)
            .map(|(first, last)| (last + QUIET).min(first + LATEST));
        let written = self.writing.values().min().map(|since| *since + WRITING);
        settled.into_iter().chain(written).min()
    }

    /// What to look at now; forgets it.
    pub fn take(&mut self, now: Instant) -> Hint {
        let (done, writing): (BTreeMap<_, _>, BTreeMap<_, _>) = std::mem::take(&mut self.writing)
            .into_iter()
            .partition(|(_, since)| *since + WRITING <= now);
        let since = self.first.take().or_else(|| done.values().min().copied());
        self.last = None;
        self.changed.extend(done.into_keys());
        let hint = Hint {
            changed: std::mem::take(&mut self.changed),
            writing: writing.keys().cloned().collect(),
            since,
        };
        self.writing = writing;
        hint
    }

    fn touch(&mut self, now: Instant) {
        self.first.get_or_insert(now);
        self.last = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(count: u64) -> Duration {
        Duration::from_millis(count)
    }

    #[test]
    fn nothing_is_due_while_nothing_happened() {
        assert_eq!(Activity::default().due(), None);
    }

    #[test]
    fn a_burst_is_looked_at_once_it_is_quiet_or_too_long() {
        let (mut activity, start) = (Activity::default(), Instant::now());
        activity.note("a".into(), Happening::Settled, start);
        assert_eq!(activity.due(), Some(start + QUIET));
        activity.note("b".into(), Happening::Settled, start + ms(3));
        assert_eq!(activity.due(), Some(start + ms(3) + QUIET));
        activity.note("b".into(), Happening::Settled, start + ms(49));
        assert_eq!(activity.due(), Some(start + LATEST));
        let hint = activity.take(start + LATEST);
        assert_eq!(hint.changed, BTreeSet::from(["a".into(), "b".into()]));
        assert_eq!(hint.since, Some(start));
        assert_eq!(activity.due(), None);
    }

    #[test]
    fn a_file_is_left_alone_until_its_writer_closes_it() {
        let (mut activity, start) = (Activity::default(), Instant::now());
        activity.note("a".into(), Happening::Modified, start);
        activity.note("b".into(), Happening::Settled, start);
        let hint = activity.take(start + QUIET);
        assert_eq!(hint.changed, BTreeSet::from(["b".into()]));
        assert_eq!(hint.writing, BTreeSet::from(["a".into()]));
        activity.note("a".into(), Happening::Settled, start + ms(50));
        let hint = activity.take(start + ms(50) + QUIET);
        assert_eq!(hint.changed, BTreeSet::from(["a".into()]));
        assert!(hint.writing.is_empty());
    }

    #[test]
    fn a_writer_that_never_closes_is_not_waited_for_for_ever() {
        let (mut activity, start) = (Activity::default(), Instant::now());
        activity.note("a".into(), Happening::Modified, start);
        assert_eq!(activity.due(), Some(start + WRITING));
        let hint = activity.take(start + WRITING);
        assert_eq!(hint.changed, BTreeSet::from(["a".into()]));
        assert!(hint.writing.is_empty());
    }
}
