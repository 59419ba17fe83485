//! Waiting for what comes.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

/// How long anything may take.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Waits until `condition` holds.
///
/// # Errors
///
/// The condition's own, and that it did not hold within [`PATIENCE`].
pub fn eventually(what: &str, mut condition: impl FnMut() -> Result<bool>) -> Result<()> {
    let until = Instant::now() + PATIENCE;
    while !condition()? {
        ensure!(Instant::now() < until, "{what}: not within {PATIENCE:?}");
        thread::park_timeout(Duration::from_millis(5));
    }
    Ok(())
}
