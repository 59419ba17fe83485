//! Counters: sums over the CPUs.

use isthmus_abi::{Counter, Outcome};

use crate::Tables;
use crate::sys::{Map, SysError, cpus, read_plain};

impl Tables {
    /// Packets and bytes of an outcome since the tables were made.
    ///
    /// # Errors
    ///
    /// The kernel's answer.
    pub fn outcome(&self, outcome: Outcome) -> Result<Counter, SysError> {
        sum(self.outcomes(), outcome.index())
    }

    /// Packets and bytes that were forwarded under a counter's index since its
    /// label was entered; zero where the index is beyond the table.
    ///
    /// # Errors
    ///
    /// The kernel's answer.
    pub fn peering(&self, index: u32) -> Result<Counter, SysError> {
        sum(self.peerings(), index)
    }
}

fn sum(map: &Map, index: u32) -> Result<Counter, SysError> {
    let mut bytes = vec![0; size_of::<Counter>() * cpus()];
    let mut total = Counter::default();
    if map.read(&index, &mut bytes)? {
        for counter in bytes
            .chunks_exact(size_of::<Counter>())
            .filter_map(read_plain::<Counter>)
        {
            total.packets = total.packets.wrapping_add(counter.packets);
            total.bytes = total.bytes.wrapping_add(counter.bytes);
        }
    }
    Ok(total)
}

/// Sets a counter to zero on every CPU.
pub(crate) fn zero(map: &Map, index: u32) -> Result<(), SysError> {
    map.update(&index, &vec![0; size_of::<Counter>() * cpus()])
}
