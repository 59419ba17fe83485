//! The verifier accepts the router with tables of every size.

use isthmus_abi::{Capacities, HashKey, MAX_VTEPS, RouterConfig};
use isthmus_tables::{Router, Tables};

fn config(capacities: Capacities, hash: HashKey, vlan: u16) -> RouterConfig {
    RouterConfig {
        vteps_v6: [[0x2001_0db8 << 32, 1], [0; 2], [0; 2], [0; 2]],
        port_mac: 0x0200_0000_00aa,
        gateway_mac: 0x0200_5e00_5301,
        hash,
        capacities,
        vteps_v4: [0xac10_0001; MAX_VTEPS],
        port: 5,
        vlan,
        vxlan_port: 4789,
    }
}

fn load(lines: u32, routes: u32, vlan: u16) {
    let capacities = Capacities {
        member_lines_v4: lines,
        member_lines_v6: lines,
        vpc_lines: lines.min(1 << 18),
        route_lines: routes,
        prefixes_v4: 16,
        prefixes_v6: 16,
        peerings: 16,
        reserved: 0,
    };
    let hash = HashKey::new([1, u64::MAX, 0x9e37_79b9_7f4a_7c15]);
    let tables = Tables::create(&capacities, hash).expect("tables are made");
    Router::load(
        isthmus_object::ROUTER,
        &tables,
        &config(capacities, hash, vlan),
    )
    .unwrap_or_else(|error| panic!("{lines} lines, {routes} route lines: {error}"));
}

#[test]
fn tables_of_every_size_are_accepted() {
    for lines in [
        1,
        2,
        3,
        4,
        5,
        7,
        8,
        100,
        1000,
        4097,
        65_535,
        65_536,
        65_537,
        416_667,
        1 << 20,
    ] {
        load(lines, lines.min(1 << 20), 0);
    }
}

#[test]
fn a_tagged_port_is_accepted() {
    load(1000, 1000, 100);
}

#[test]
fn tables_of_512_mebibytes_are_accepted() {
    load(1 << 23, 1 << 20, 0);
}
