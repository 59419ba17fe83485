//! When to do what: short windows in which changes gather, and rests after
//! failures.

use std::time::{Duration, Instant};

use crate::cluster::backoff::Backoff;

/// How long changes gather before slices are planned.
pub(super) const WINDOW: Duration = Duration::from_millis(30);

/// How often statuses are looked at that change often.
pub(super) const ROUND: Duration = Duration::from_secs(1);

/// Times at which something is due.
#[derive(Debug)]
pub(super) struct Pace {
    /// When slices are planned; `None` while nothing changed.
    plan_at: Option<Instant>,
    /// When the first of the changes came that are not planned yet.
    changed: Option<Instant>,
    /// When the first of the statuses came that wait for a round.
    round: Option<Instant>,
    /// The API server does not answer: nothing is tried before this.
    rest: Option<Instant>,
    backoff: Backoff,
}

impl Pace {
    pub(super) fn new() -> Self {
        Self {
            plan_at: None,
            changed: None,
            round: None,
            rest: None,
            backoff: Backoff::default(),
        }
    }

    /// Something changed.
    pub(super) fn change(&mut self, now: Instant) {
        self.changed.get_or_insert(now);
        self.plan_at.get_or_insert(now + WINDOW);
    }

    /// Something came back, so that there may be more to do.
    pub(super) fn look_again(&mut self, now: Instant) {
        self.plan_at.get_or_insert(now + WINDOW);
    }

    pub(super) fn is_plan_due(&self, now: Instant) -> bool {
        self.plan_at.is_some_and(|at| at <= now)
    }

    /// A plan was made that left nothing; gives when what it follows from came.
    pub(super) fn planned(&mut self) -> Option<Instant> {
        self.plan_at = None;
        self.changed.take()
    }

    /// When the changes came that a plan of now follows from.
    pub(super) const fn since(&self) -> Option<Instant> {
        self.changed
    }

    /// Whether statuses that wait are looked at now; `waits` says whether any
    /// do.
    pub(super) fn is_round_due(&mut self, waits: bool, now: Instant) -> bool {
        if !waits {
            self.round = None;
            return false;
        }
        let is_due = *self.round.get_or_insert(now) + ROUND <= now;
        if is_due {
            self.round = None;
        }
        is_due
    }

    /// The API server did not answer.
    pub(super) fn failed(&mut self, now: Instant) {
        // Of requests that were on their way together, one counts.
        if self.rest.is_none_or(|rest| rest <= now) {
            self.rest = Some(now + self.backoff.wait());
            if self.backoff.failures() == 1 {
                tracing::warn!("the API server does not answer; writes wait");
            }
        }
    }

    /// It did.
    pub(super) fn answered(&mut self) {
        if self.backoff.failures() > 0 {
            tracing::info!("the API server answers; writes go on");
        }
        self.rest = None;
        self.backoff.reset();
    }

    pub(super) fn rests(&self, now: Instant) -> bool {
        self.rest_end(now).is_some()
    }

    /// When a rest is over that is not over yet.
    pub(super) fn rest_end(&self, now: Instant) -> Option<Instant> {
        self.rest.filter(|rest| now < *rest)
    }

    /// When to look again: at once where statuses can be written.
    pub(super) fn wake(&self, statuses: bool) -> Option<Instant> {
        let round = self.round.map(|round| round + ROUND);
        let now = statuses.then(Instant::now);
        [self.plan_at, round, now].into_iter().flatten().min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_gather_for_one_window_after_the_first() {
        let start = Instant::now();
        let mut pace = Pace::new();
        assert_eq!(pace.wake(false), None);
        pace.change(start);
        pace.change(start + WINDOW / 2);
        assert!(!pace.is_plan_due(start + WINDOW / 2));
        assert!(pace.is_plan_due(start + WINDOW));
        assert_eq!(pace.planned(), Some(start));
        assert_eq!(pace.wake(false), None);
    }

    #[test]
    fn statuses_that_wait_are_looked_at_a_round_after_the_first() {
        let start = Instant::now();
        let mut pace = Pace::new();
        assert!(!pace.is_round_due(true, start));
        assert!(!pace.is_round_due(true, start + ROUND / 2));
        assert_eq!(pace.wake(false), Some(start + ROUND));
        assert!(pace.is_round_due(true, start + ROUND));
        assert!(!pace.is_round_due(false, start + ROUND));
        assert_eq!(pace.wake(false), None);
    }

    #[test]
    fn failures_at_once_are_one_failure() {
        let start = Instant::now();
        let mut pace = Pace::new();
        pace.failed(start);
        pace.failed(start);
        assert_eq!(pace.backoff.failures(), 1);
        let end = pace.rest_end(start).unwrap();
        // What is over wakes nobody.
        assert!(!pace.rests(end) && pace.wake(false).is_none());
        pace.answered();
        assert!(!pace.rests(start));
    }
}
