use std::time::Duration;

use super::*;

const INDEX: u32 = 7;

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn hop(text: &str) -> Hop {
    Hop {
        port: 0,
        hypervisor: ip(text),
    }
}

fn key(text: &str) -> NeighbourKey {
    NeighbourKey {
        index: INDEX,
        address: ip(text),
    }
}

/// One port, and hypervisors that are in use.
fn using(hypervisors: &[&str]) -> NextHops {
    let mut hops = NextHops::default();
    hops.set_ports(&BTreeMap::from([(0, INDEX)]));
    for hypervisor in hypervisors {
        hops.set_hypervisor(ip(hypervisor), true);
    }
    hops
}

fn with(path: Path) -> NextHops {
    let mut hops = using(&["192.0.2.11"]);
    assert_eq!(hops.take_unasked(), [(hop("192.0.2.11"), INDEX)]);
    hops.set_path(hop("192.0.2.11"), path);
    hops
}

#[test]
fn a_hypervisor_in_the_same_subnet_is_its_own_next_hop() {
    let mut hops = with(Path::OnLink);
    assert_eq!((hops.mac(hop("192.0.2.11")), hops.unresolved()), (None, 1));
    hops.set_neighbour(key("192.0.2.11"), Some(Neighbour::Reachable(5)));
    assert_eq!(
        (hops.mac(hop("192.0.2.11")), hops.unresolved()),
        (Some(5), 0)
    );
}

#[test]
fn another_hypervisor_is_reached_by_the_gateway() {
    let mut hops = with(Path::Via(ip("198.51.100.1")));
    hops.set_neighbour(key("192.0.2.11"), Some(Neighbour::Reachable(5)));
    assert_eq!(hops.mac(hop("192.0.2.11")), None);
    hops.set_neighbour(key("198.51.100.1"), Some(Neighbour::Stale(6)));
    assert_eq!(hops.mac(hop("192.0.2.11")), Some(6));
}

#[test]
fn a_gateway_may_be_a_hypervisor_too() {
    let mut hops = using(&["192.0.2.11", "203.0.113.1"]);
    hops.set_path(hop("192.0.2.11"), Path::OnLink);
    hops.set_path(hop("203.0.113.1"), Path::Via(ip("192.0.2.11")));
    hops.set_neighbour(key("192.0.2.11"), Some(Neighbour::Reachable(5)));
    assert_eq!(hops.mac(hop("192.0.2.11")), Some(5));
    assert_eq!(hops.mac(hop("203.0.113.1")), Some(5));
}

#[test]
fn a_mac_stays_while_it_is_confirmed_or_collected_and_goes_when_nobody_answers() {
    let mut hops = with(Path::OnLink);
    hops.set_neighbour(key("192.0.2.11"), Some(Neighbour::Reachable(5)));
    for state in [Some(Neighbour::Stale(5)), None, Some(Neighbour::Incomplete)] {
        hops.set_neighbour(key("192.0.2.11"), state);
        assert_eq!(hops.mac(hop("192.0.2.11")), Some(5), "{state:?}");
    }
    hops.set_neighbour(key("192.0.2.11"), Some(Neighbour::Failed));
    assert_eq!(hops.mac(hop("192.0.2.11")), None);
}

#[test]
fn a_changed_route_keeps_the_old_mac_until_the_new_one_is_known() {
    let mut hops = with(Path::OnLink);
    hops.set_neighbour(key("192.0.2.11"), Some(Neighbour::Reachable(5)));
    hops.set_path(hop("192.0.2.11"), Path::Via(ip("198.51.100.1")));
    assert_eq!(hops.mac(hop("192.0.2.11")), Some(5));
    hops.set_neighbour(key("198.51.100.1"), Some(Neighbour::Reachable(6)));
    assert_eq!(hops.mac(hop("192.0.2.11")), Some(6));
    hops.set_path(hop("192.0.2.11"), Path::None);
    assert_eq!(hops.mac(hop("192.0.2.11")), None);
}

#[test]
fn what_the_router_used_before_a_restart_is_kept_until_the_kernel_says_otherwise() {
    let mut hops = NextHops::default();
    hops.adopt(hop("192.0.2.11"), 5);
    hops.set_ports(&BTreeMap::from([(0, INDEX)]));
    hops.set_hypervisor(ip("192.0.2.11"), true);
    assert_eq!(hops.unresolved(), 0);
    hops.set_path(hop("192.0.2.11"), Path::OnLink);
    hops.set_neighbours(HashMap::new());
    assert_eq!(hops.mac(hop("192.0.2.11")), Some(5));
    hops.set_neighbours(HashMap::from([(key("192.0.2.11"), Neighbour::Failed)]));
    assert_eq!(hops.mac(hop("192.0.2.11")), None);
}

#[test]
fn unknown_and_stale_neighbours_are_probed_with_growing_pauses() {
    let mut hops = with(Path::OnLink);
    let start = Instant::now();
    assert_eq!(hops.take_probes(start), [key("192.0.2.11")]);
    assert!(
        hops.take_probes(start + Duration::from_millis(900))
            .is_empty()
    );
    assert_eq!(
        hops.take_probes(start + Duration::from_secs(1)),
        [key("192.0.2.11")]
    );
    assert!(hops.take_probes(start + Duration::from_secs(2)).is_empty());
    assert_eq!(
        hops.take_probes(start + Duration::from_secs(3)),
        [key("192.0.2.11")]
    );
    hops.set_neighbour(key("192.0.2.11"), Some(Neighbour::Reachable(5)));
    assert!(hops.take_probes(start + Duration::from_secs(60)).is_empty());
    hops.set_neighbour(key("192.0.2.11"), Some(Neighbour::Stale(5)));
    assert_eq!(
        hops.take_probes(start + Duration::from_secs(61)),
        [key("192.0.2.11")]
    );
}

#[test]
fn a_port_with_another_interface_asks_for_its_paths_anew_and_keeps_its_macs() {
    let mut hops = with(Path::OnLink);
    hops.set_neighbour(key("192.0.2.11"), Some(Neighbour::Reachable(5)));
    hops.set_ports(&BTreeMap::from([(0, 9)]));
    assert_eq!(hops.take_unasked(), [(hop("192.0.2.11"), 9)]);
    assert_eq!(hops.mac(hop("192.0.2.11")), Some(5));
    hops.set_neighbour(key("192.0.2.11"), Some(Neighbour::Failed));
    assert_eq!(hops.mac(hop("192.0.2.11")), Some(5), "of the old interface");
}

#[test]
fn only_what_changed_is_to_be_written() {
    let mut hops = with(Path::OnLink);
    hops.take_changed();
    hops.set_neighbour(key("192.0.2.99"), Some(Neighbour::Reachable(9)));
    assert!(hops.take_changed().is_empty(), "nobody is reached by it");
    hops.set_neighbour(key("192.0.2.11"), Some(Neighbour::Reachable(5)));
    assert_eq!(hops.take_changed(), BTreeSet::from([hop("192.0.2.11")]));
    hops.set_neighbour(key("192.0.2.11"), Some(Neighbour::Stale(5)));
    assert!(hops.take_changed().is_empty());
    hops.set_hypervisor(ip("192.0.2.11"), true);
    assert_eq!(hops.take_changed(), BTreeSet::from([hop("192.0.2.11")]));
}

#[test]
fn a_hypervisor_that_is_not_used_is_neither_known_nor_asked_for() {
    let mut hops = with(Path::OnLink);
    hops.set_neighbour(key("192.0.2.11"), Some(Neighbour::Stale(5)));
    hops.set_hypervisor(ip("192.0.2.11"), false);
    assert_eq!((hops.mac(hop("192.0.2.11")), hops.unresolved()), (None, 0));
    assert!(hops.take_probes(Instant::now()).is_empty());
    hops.set_path(hop("192.0.2.11"), Path::OnLink);
    assert_eq!(
        hops.mac(hop("192.0.2.11")),
        None,
        "an answer that comes late"
    );
}

#[test]
fn a_second_port_has_to_be_resolved_too() {
    let mut hops = with(Path::OnLink);
    hops.set_neighbour(key("192.0.2.11"), Some(Neighbour::Reachable(5)));
    hops.set_ports(&BTreeMap::from([(0, INDEX), (1, 9)]));
    assert_eq!(hops.unresolved(), 1);
    let second = Hop {
        port: 1,
        ..hop("192.0.2.11")
    };
    assert_eq!(hops.take_unasked(), [(second, 9)]);
    hops.set_path(second, Path::OnLink);
    let on_second = NeighbourKey {
        index: 9,
        ..key("192.0.2.11")
    };
    hops.set_neighbour(on_second, Some(Neighbour::Reachable(6)));
    assert_eq!((hops.mac(second), hops.unresolved()), (Some(6), 0));
}
