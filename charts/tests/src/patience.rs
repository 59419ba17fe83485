//! Waits for what a cluster does in its own time.

use std::time::Duration;

use anyhow::{Result, bail};
use tokio::time::{Instant, sleep};

const BOUND: Duration = Duration::from_secs(30);

/// Asks until the answer is yes, with a bound. The API server's authorizer and
/// admission follow roles and policies by watches, a moment later.
///
/// # Errors
///
/// It was no all the time; the last `Err` with it.
pub async fn eventually<E: std::fmt::Debug>(
    what: &str,
    mut ask: impl AsyncFnMut() -> Result<bool, E>,
) -> Result<()> {
    let deadline = Instant::now() + BOUND;
    loop {
        let answer = ask().await;
        if matches!(answer, Ok(true)) {
            return Ok(());
        }
        if Instant::now() >= deadline {
            bail!("not in {BOUND:?}: {what}; the last answer: {answer:?}");
        }
        sleep(Duration::from_millis(50)).await;
    }
}
