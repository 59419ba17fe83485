//! What the API server is known to hold of an object's status.

use std::num::NonZeroU64;

use super::body::Body;
use super::condition::Memory;

/// What is kept of a status: enough to tell whether another one says the same,
/// and since when each condition is as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// resourceVersion of the object.
    pub version: u64,
    /// Of the status; `None` of none, or of one that cannot be read.
    pub fingerprint: Option<NonZeroU64>,
    /// Its conditions.
    pub memory: Memory,
}

impl Held {
    /// Of a status at a version, of an object of a generation.
    #[must_use]
    pub fn of(body: Option<&Body>, version: u64, generation: i64) -> Self {
        Self {
            version,
            fingerprint: body.map(Body::fingerprint),
            memory: body
                .map(|body| {
                    let is_current = body.observed_generation() == Some(generation);
                    Memory::of(body.conditions(), is_current)
                })
                .unwrap_or_default(),
        }
    }
}
