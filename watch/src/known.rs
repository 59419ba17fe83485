//! How far a cluster is known to have been. Pure.

/// The newest version that the cluster was at, as events and answers told: a watch
/// may be further than its last event, since bookmarks move it on unseen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Known(u64);

impl Known {
    /// Takes in a version that was told of.
    pub(crate) fn saw(&mut self, version: u64) {
        self.0 = self.0.max(version);
    }

    /// Takes in the version that the cluster is at, asked for when this much was
    /// `known`; whether it had been further, so that it was restored. Of what was
    /// known, nothing is then.
    pub(crate) fn is_restored(&mut self, version: u64, known: Self) -> bool {
        let is_restored = version < known.0;
        if is_restored {
            *self = Self::default();
        } else {
            self.saw(version);
        }
        is_restored
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cluster_at_a_version_from_before_was_restored() {
        let mut known = Known::default();
        known.saw(10);
        let asked = known;
        // What comes while the question is on its way says nothing of its answer.
        known.saw(20);
        assert!(!known.is_restored(15, asked));
        assert!(known.is_restored(15, known));
        assert_eq!(known, Known::default());
    }

    #[test]
    fn what_an_answer_said_is_known_though_no_event_told() {
        let mut known = Known::default();
        known.saw(10);
        assert!(!known.is_restored(5_000, known));
        // A quiet watch that bookmarks brought there.
        assert!(known.is_restored(4_000, known));
    }
}
