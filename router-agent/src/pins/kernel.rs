//! Whether the kernel is new enough. Pure.

/// The least kernel that can load and attach the router: see docs/operations.md,
/// what a gateway needs.
const LEAST: (u32, u32) = (6, 3);

/// A kernel that is too old.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "Linux {release} is too old for the router: it takes {}.{} or newer", LEAST.0, LEAST.1
)]
pub struct KernelError {
    /// What it calls itself.
    pub release: String,
}

/// Looks at the release of a kernel, as `uname -r` prints it. One that tells no
/// version is no reason to stop: the kernel will say what it refuses.
///
/// # Errors
///
/// It is too old.
pub fn check(release: &str) -> Result<(), KernelError> {
    match version(release) {
        Some(version) if version < LEAST => Err(KernelError {
            release: release.to_owned(),
        }),
        _ => Ok(()),
    }
}

/// The first two numbers.
fn version(release: &str) -> Option<(u32, u32)> {
    let mut numbers = release.split(|character: char| !character.is_ascii_digit());
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_kernel_is_refused_by_its_name() {
        for release in ["6.2.16-generic", "5.15.0-91-generic", "2.6.78"] {
            let said = check(release).unwrap_err().to_string();
            let sentence =
                format!("Linux {release} is too old for the router: it takes 6.3 or newer");
            assert_eq!(said, sentence);
        }
    }

    #[test]
    fn a_new_one_and_one_that_does_not_tell_are_tried() {
        for release in ["6.3.0", "6.18.4", "6.10-rc1", "10.0", "", "unknown"] {
            assert_eq!(check(release), Ok(()), "{release}");
        }
    }
}
