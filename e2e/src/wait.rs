//! Waiting for what comes.

use std::time::Duration;

use anyhow::Result;
use isthmus_lab::wait_until;

/// How long anything may take.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Waits until `condition` holds.
///
/// # Errors
///
/// The condition's own, and that it did not hold within [`PATIENCE`].
pub fn eventually(what: &str, condition: impl FnMut() -> Result<bool>) -> Result<()> {
    wait_until(what, PATIENCE, condition)
}
