//! The router's configuration, constant for the life of one program.

use crate::{Capacities, HashKey};

/// Most VTEP addresses of one family that a port answers to.
pub const MAX_VTEPS: usize = 4;

/// Read-only data of the program (`CONFIG` in `.rodata`). One program is
/// loaded for each port, and a change replaces the program atomically, so that
/// no packet ever sees half a configuration.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RouterConfig {
    /// IPv6 VTEP addresses, high and low halves; unused slots are zero.
    pub vteps_v6: [[u64; 2]; MAX_VTEPS],
    /// The port's own MAC: the outer destination of what it routes.
    pub port_mac: u64,
    /// The static MAC of the gateway in every VPC: the inner destination of
    /// what is sent to it, the inner source of what it sends.
    pub gateway_mac: u64,
    /// Key of the tables' hash.
    pub hash: HashKey,
    /// Sizes of the tables.
    pub capacities: Capacities,
    /// IPv4 VTEP addresses; unused slots are zero.
    pub vteps_v4: [u32; MAX_VTEPS],
    /// Index of this port's next hops in a hypervisor's entry, below
    /// [`crate::MAX_PORTS`].
    pub port: u32,
    /// The VLAN identifier (802.1Q, 1..4094) of this port's VXLAN frames, or 0
    /// where they carry no tag.
    pub vlan: u16,
    /// UDP destination port of VXLAN, host order.
    pub vxlan_port: u16,
}

const _: () = assert!(size_of::<RouterConfig>() == 160 && size_of::<Capacities>() == 32);
