//! When to ask for the version that the cluster is at. Pure.

use std::time::Duration;

use tokio::time::Instant;

/// How often, where all is well.
const EVERY: Duration = Duration::from_secs(30);

/// How soon after a watch broke or a question was not answered, at first; after
/// twice as long each time, up to [`EVERY`].
const SOON: Duration = Duration::from_millis(500);

/// The next time to ask. A part of each wait is left to chance, so that those who
/// began together do not go on together.
#[derive(Debug)]
pub(crate) struct Asking {
    at: Instant,
    wait: Duration,
}

impl Asking {
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            at: now + jitter(EVERY),
            wait: SOON,
        }
    }

    pub(crate) const fn at(&self) -> Instant {
        self.at
    }

    /// The watch broke: what comes next may be of another time.
    pub(crate) fn broke(&mut self, now: Instant) {
        self.at = self.at.min(now + jitter(SOON));
    }

    /// A question was answered.
    pub(crate) fn answered(&mut self, now: Instant) {
        self.wait = SOON;
        self.at = now + jitter(EVERY);
    }

    /// A question was not answered.
    pub(crate) fn failed(&mut self, now: Instant) {
        self.at = now + jitter(self.wait);
        self.wait = (self.wait * 2).min(EVERY);
    }
}

/// From half of it to all of it.
fn jitter(wait: Duration) -> Duration {
    wait.mul_f64(0.5 + fastrand::f64() / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_watch_is_asked_for_soon_and_a_quiet_one_now_and_then() {
        let now = Instant::now();
        let mut asking = Asking::new(now);
        assert!(asking.at() >= now + EVERY / 2 && asking.at() <= now + EVERY);
        asking.broke(now);
        assert!(asking.at() <= now + SOON);
        asking.answered(now);
        assert!(asking.at() >= now + EVERY / 2);
    }

    #[test]
    fn an_api_server_that_does_not_answer_is_asked_less_and_less_often() {
        let now = Instant::now();
        let mut asking = Asking::new(now);
        for bound in [500, 1_000, 2_000, 4_000] {
            asking.failed(now);
            let bound = Duration::from_millis(bound);
            assert!(asking.at() >= now + bound / 2 && asking.at() <= now + bound);
        }
        for _ in 0..20 {
            asking.failed(now);
            assert!(asking.at() <= now + EVERY);
        }
        asking.answered(now);
        asking.failed(now);
        assert!(asking.at() <= now + SOON);
    }
}
