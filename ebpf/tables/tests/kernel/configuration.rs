//! Small tables and a configuration for them.

use std::sync::Arc;

use isthmus_abi::{Capacities, HashKey, MAX_VTEPS, RouterConfig};
use isthmus_tables::{Grace, GraceError, Router, Sizing, Tables, Writer};

/// MAC of the port in [`config`].
pub(crate) const PORT_MAC: u64 = 0x0200_0000_00aa;
/// MAC of the gateway in every VPC in [`config`].
pub(crate) const GATEWAY_MAC: u64 = 0x0200_5e00_5301;
/// The VTEP in [`config`], 172.16.0.1.
pub(crate) const VTEP: u32 = 0xac10_0001;

pub(crate) fn small() -> Capacities {
    Sizing {
        members_v4: 24,
        members_v6: 24,
        vpcs: 16,
        peerings: 8,
        prefixes_v4: 8,
        prefixes_v6: 8,
        route_lines: 32,
    }
    .capacities()
}

/// Three words that might be random.
pub(crate) const HASH: HashKey = HashKey::new([
    0x0123_4567_89ab_cdef,
    0x9e37_79b9_7f4a_7c15,
    0xbf58_476d_1ce4_e5b9,
]);

pub(crate) fn tables() -> Tables {
    Tables::create(&small(), HASH).expect("maps")
}

pub(crate) fn config(tables: &Tables) -> RouterConfig {
    let mut vteps_v4 = [0; MAX_VTEPS];
    vteps_v4[0] = VTEP;
    RouterConfig {
        vteps_v6: [[0; 2]; MAX_VTEPS],
        port_mac: PORT_MAC,
        gateway_mac: GATEWAY_MAC,
        hash: tables.hash(),
        capacities: *tables.capacities(),
        vteps_v4,
        port: 0,
        vlan: 0,
        vxlan_port: 4789,
    }
}

pub(crate) fn router(tables: &Tables) -> Router {
    load(tables, &config(tables))
}

pub(crate) fn load(tables: &Tables, config: &RouterConfig) -> Router {
    Router::load(isthmus_object::ROUTER, tables, config).expect("accepted")
}

/// A grace period where nobody reads.
pub(crate) struct NobodyReads;

impl Grace for NobodyReads {
    fn wait(&self) -> Result<(), GraceError> {
        Ok(())
    }
}

pub(crate) fn writer(tables: Arc<Tables>) -> Writer {
    Writer::take_over(tables, Box::new(NobodyReads))
        .expect("taken over")
        .0
}
