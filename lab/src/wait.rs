//! Waiting for what comes, with a bound.

use std::thread;
use std::time::{Duration, Instant};

use crate::error::LabError;

/// How often a condition is asked for.
const POLL: Duration = Duration::from_millis(5);

/// Asks until `holds` says so.
///
/// # Errors
/// Those of `holds`, at once; [`LabError::TimedOut`] when it does not say so
/// within `patience`.
pub fn wait_until<E: From<LabError>>(
    what: &str,
    patience: Duration,
    mut holds: impl FnMut() -> Result<bool, E>,
) -> Result<(), E> {
    let until = Instant::now() + patience;
    while !holds()? {
        if Instant::now() >= until {
            let what = what.to_owned();
            let seconds = patience.as_secs_f32();
            return Err(LabError::TimedOut { what, seconds }.into());
        }
        thread::park_timeout(POLL);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_ends_with_the_condition_its_error_or_the_bound() {
        let wait = |holds: fn() -> Result<bool, LabError>| {
            wait_until("the moon", Duration::from_millis(1), holds).map_err(|it| it.to_string())
        };
        assert_eq!(wait(|| Ok(true)), Ok(()));
        let broken = || Err(LabError::Missing("a ladder".to_owned()));
        assert_eq!(wait(broken), Err("a ladder".to_owned()));
        assert_eq!(
            wait(|| Ok(false)),
            Err("the moon did not happen within 0.001 s".to_owned())
        );
    }
}
