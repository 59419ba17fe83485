//! Hypervisors and their next hops.

/// Entries of `HYPERVISORS`: every `u16` is an index, 0 is no hypervisor.
pub const HYPERVISORS: u32 = 1 << 16;

/// Most ports (interfaces, a bond being one) of a gateway.
pub const MAX_PORTS: usize = 6;

/// One hypervisor: a line.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HypervisorEntry {
    /// VTEP address, high and low halves; an IPv4 address as `::ffff:a.b.c.d`
    /// (RFC 4291, section 2.5.5.2). Zero where the entry is free.
    pub vtep: [u64; 2],
    /// MAC of the next hop towards it, for each port; 0 while not resolved.
    pub next_hops: [u64; MAX_PORTS],
}

impl HypervisorEntry {
    /// An IPv4 VTEP as the halves of its mapped IPv6 address.
    #[inline(always)]
    #[must_use]
    pub const fn mapped(address: u32) -> [u64; 2] {
        [0, 0xffff_0000_0000 | address as u64]
    }
}

const _: () = assert!(size_of::<HypervisorEntry>() == crate::LINE);
