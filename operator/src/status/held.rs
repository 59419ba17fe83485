//! What the API server is known to hold of an object's status.

use super::body::Body;
use super::condition::{Memory, Truth, Type};

/// What is kept of a status: enough to tell whether another one says the same,
/// and since when each condition is as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// resourceVersion of the object.
    pub version: u64,
    /// Of the status; `None` of none, or of one that cannot be read.
    pub fingerprint: Option<u64>,
    /// Its conditions.
    pub memory: Memory,
    /// The generation that it speaks of.
    pub generation: i64,
}

impl Held {
    /// Of a status at a version.
    #[must_use]
    pub fn of(body: Option<&Body>, version: u64) -> Self {
        Self {
            version,
            fingerprint: body.map(Body::fingerprint),
            memory: body
                .map(|body| Memory::of(body.conditions()))
                .unwrap_or_default(),
            generation: body.and_then(Body::observed_generation).unwrap_or(-1),
        }
    }

    /// Whether it says that a generation is programmed.
    #[must_use]
    pub fn is_programmed(&self, generation: i64) -> bool {
        self.generation == generation && self.memory.truth(Type::Programmed) == Some(Truth::True)
    }
}
