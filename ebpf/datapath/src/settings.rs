//! What the brain must know of the port.

use isthmus_abi::{Capacities, HashKey, MAX_VTEPS, RouterConfig};

/// The port's configuration, field by field: in the kernel each is a load from
/// frozen read-only memory, which the verifier takes for a constant. See
/// [`RouterConfig`] for what the fields mean.
pub trait Settings {
    /// The port's own MAC.
    fn port_mac(&self) -> u64;
    /// The gateway's MAC in every VPC.
    fn gateway_mac(&self) -> u64;
    /// Index of this port's next hops.
    fn port(&self) -> u32;
    /// VLAN identifier of VXLAN frames, 0 for none.
    fn vlan(&self) -> u16;
    /// UDP destination port of VXLAN.
    fn vxlan_port(&self) -> u16;
    /// An IPv4 VTEP address, 0 in an unused slot.
    fn vtep_v4(&self, slot: usize) -> u32;
    /// An IPv6 VTEP address, zero in an unused slot.
    fn vtep_v6(&self, slot: usize) -> [u64; 2];
    /// Key of the tables' hash.
    fn hash(&self) -> HashKey;
    /// Sizes of the tables.
    fn capacities(&self) -> Capacities;

    /// Whether `address` is one of the own VTEPs.
    #[inline(always)]
    fn is_vtep_v4(&self, address: u32) -> bool {
        (0..MAX_VTEPS).any(|slot| {
            let vtep = self.vtep_v4(slot);
            vtep != 0 && vtep == address
        })
    }

    /// Whether `address` is one of the own VTEPs.
    #[inline(always)]
    fn is_vtep_v6(&self, address: [u64; 2]) -> bool {
        (0..MAX_VTEPS).any(|slot| {
            let vtep = self.vtep_v6(slot);
            vtep != [0, 0] && vtep == address
        })
    }
}

impl Settings for RouterConfig {
    fn port_mac(&self) -> u64 {
        self.port_mac
    }
    fn gateway_mac(&self) -> u64 {
        self.gateway_mac
    }
    fn port(&self) -> u32 {
        self.port
    }
    fn vlan(&self) -> u16 {
        self.vlan
    }
    fn vxlan_port(&self) -> u16 {
        self.vxlan_port
    }
    fn vtep_v4(&self, slot: usize) -> u32 {
        self.vteps_v4[slot]
    }
    fn vtep_v6(&self, slot: usize) -> [u64; 2] {
        self.vteps_v6[slot]
    }
    fn hash(&self) -> HashKey {
        self.hash
    }
    fn capacities(&self) -> Capacities {
        self.capacities
    }
}
