//! What the router says of the gateway, with and without an agent.

use std::sync::atomic::Ordering;

use isthmus_abi::Liveness;

use crate::{Tables, Writer};

impl Tables {
    /// What the router answers to hypervisors that ask.
    #[must_use]
    pub fn liveness(&self) -> Liveness {
        Liveness::from_word(self.liveness[0].load(Ordering::Acquire))
    }
}

impl Writer {
    /// Sets what the router answers from the next question on.
    pub fn set_liveness(&self, liveness: Liveness) {
        self.tables().liveness[0].store(liveness as u64, Ordering::Release);
    }
}
