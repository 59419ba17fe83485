//! How long to wait before trying again.

use std::time::Duration;

/// The first wait, before jitter.
const FIRST: Duration = Duration::from_millis(100);

/// The longest wait, before jitter.
const LONGEST: Duration = Duration::from_secs(30);

/// Counts failures in a row.
#[derive(Clone, Copy, Debug, Default)]
pub struct Backoff {
    failures: u32,
}

impl Backoff {
    /// The wait after one more failure: doubled each time, and half of it left
    /// to chance, so that those who failed together do not come again together.
    pub fn wait(&mut self) -> Duration {
        let doubled = FIRST.saturating_mul(2_u32.saturating_pow(self.failures));
        self.failures = self.failures.saturating_add(1);
        doubled.min(LONGEST).mul_f64(0.5 + fastrand::f64() / 2.0)
    }

    /// It worked.
    pub const fn reset(&mut self) {
        self.failures = 0;
    }

    /// Failures in a row.
    #[must_use]
    pub const fn failures(&self) -> u32 {
        self.failures
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_bound_and_begin_anew_after_success() {
        let mut backoff = Backoff::default();
        for (i, bound) in [100, 200, 400, 800].into_iter().enumerate() {
            let wait = backoff.wait();
            let bound = Duration::from_millis(bound);
            assert!(wait <= bound && wait >= bound / 2, "{i}: {wait:?}");
        }
        for _ in 0..100 {
            assert!(backoff.wait() <= LONGEST);
        }
        backoff.reset();
        assert!(backoff.wait() <= FIRST);
    }
}
