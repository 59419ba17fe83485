//! The configuration, which user space writes before the program is loaded.

use isthmus_abi::{Capacities, HashKey, MAX_VTEPS, RouterConfig};
use isthmus_datapath::Settings;

/// Set by the loader. A zero configuration owns no MAC and no VTEP.
#[unsafe(no_mangle)]
static CONFIG: RouterConfig = RouterConfig {
    vteps_v6: [[0; 2]; MAX_VTEPS],
    port_mac: 0,
    gateway_mac: 0,
    hash: HashKey {
        offset: 0,
        first: 0,
        second: 0,
    },
    capacities: Capacities {
        member_lines_v4: 0,
        member_lines_v6: 0,
        vpc_lines: 0,
        route_lines: 0,
        prefixes_v4: 0,
        prefixes_v6: 0,
        peerings: 0,
        reserved: 0,
    },
    vteps_v4: [0; MAX_VTEPS],
    port: 0,
    vlan: 0,
    vxlan_port: 0,
};

/// [`CONFIG`], read so that the compiler cannot take its initial value for
/// granted.
#[derive(Clone, Copy)]
pub struct Rodata;

macro_rules! field {
    ($($path:tt)+) => {
        // SAFETY: a field of a live static, aligned and initialised.
        unsafe { (&raw const CONFIG.$($path)+).read_volatile() }
    };
}

impl Settings for Rodata {
    #[inline(always)]
    fn port_mac(&self) -> u64 {
        field!(port_mac)
    }
    #[inline(always)]
    fn gateway_mac(&self) -> u64 {
        field!(gateway_mac)
    }
    #[inline(always)]
    fn port(&self) -> u32 {
        field!(port)
    }
    #[inline(always)]
    fn vlan(&self) -> u16 {
        field!(vlan)
    }
    #[inline(always)]
    fn vxlan_port(&self) -> u16 {
        field!(vxlan_port)
    }
    #[inline(always)]
    fn vtep_v4(&self, slot: usize) -> u32 {
        field!(vteps_v4[slot])
    }
    #[inline(always)]
    fn vtep_v6(&self, slot: usize) -> [u64; 2] {
        [field!(vteps_v6[slot][0]), field!(vteps_v6[slot][1])]
    }
    #[inline(always)]
    fn hash(&self) -> HashKey {
        HashKey {
            offset: field!(hash.offset),
            first: field!(hash.first),
            second: field!(hash.second),
        }
    }
    #[inline(always)]
    fn capacities(&self) -> Capacities {
        Capacities {
            member_lines_v4: field!(capacities.member_lines_v4),
            member_lines_v6: field!(capacities.member_lines_v6),
            vpc_lines: field!(capacities.vpc_lines),
            route_lines: field!(capacities.route_lines),
            prefixes_v4: 0,
            prefixes_v6: 0,
            peerings: 0,
            reserved: 0,
        }
    }
}
