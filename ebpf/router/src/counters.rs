//! Counters of this CPU.

use isthmus_abi::{Counter, Outcome};

use crate::maps;

/// Counts a frame of `bytes` under its outcome.
#[inline(always)]
pub fn outcome(outcome: Outcome, bytes: u64) {
    count(maps::OUTCOMES.get_ptr_mut(outcome.index()), bytes);
}

/// Counts a forwarded frame of `bytes` under its peering.
#[inline(always)]
pub fn peering(index: u32, bytes: u64) {
    count(maps::PEERINGS.get_ptr_mut(index), bytes);
}

#[inline(always)]
fn count(counter: Option<*mut Counter>, bytes: u64) {
    let Some(counter) = counter else { return };
    // SAFETY: the entry of this CPU, which nothing else writes while the
    // program runs.
    unsafe {
        (*counter).packets += 1;
        (*counter).bytes += bytes;
    }
}
