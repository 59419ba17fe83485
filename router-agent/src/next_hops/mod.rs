//! Next hops: which MAC a hypervisor is reached by, from each port.

pub mod decide;
mod probes;
