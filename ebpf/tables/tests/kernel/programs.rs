//! Loading, identities, test runs.

use isthmus_abi::{DropReason, Outcome, RouterConfig};
use isthmus_tables::{PrivateBpffs, Tables};

use crate::configuration::{config, load, router, tables};
use crate::frame::vxlan;

/// `XDP_DROP` and `XDP_PASS` (`enum xdp_action`, linux/bpf.h).
const DROP: u32 = 1;
const PASS: u32 = 2;

/// A frame to the port with this VXLAN header and an inner frame of zeros.
fn frame(header: [u8; 8]) -> Vec<u8> {
    vxlan(header, &[0; 40])
}

#[test]
fn frames_run_through_the_program_and_are_counted() {
    let tables = tables();
    let router = router(&tables);
    let mut other = frame([8, 0, 0, 0, 0, 0, 1, 0]);
    other[0] = 4;
    let passed = router.test_run(&other, 1).expect("runs");
    assert_eq!((passed.action, passed.frame), (PASS, other.clone()));
    let without_flag = router
        .test_run(&frame([0, 0, 0, 0, 0, 0, 1, 0]), 3)
        .expect("runs");
    assert_eq!(without_flag.action, DROP);
    let count = |outcome| tables.outcome(outcome).expect("read");
    let passed = count(Outcome::Passed);
    assert_eq!((passed.packets, passed.bytes), (1, other.len() as u64));
    assert_eq!(count(Outcome::Dropped(DropReason::VxlanFlags)).packets, 3);
    assert_eq!(count(Outcome::Forwarded).packets, 0);
}

#[test]
fn the_configuration_is_the_programs_own() {
    let tables = tables();
    let elsewhere = RouterConfig {
        vxlan_port: 4790,
        ..config(&tables)
    };
    let frame = frame([0, 0, 0, 0, 0, 0, 1, 0]);
    let (here, there) = (router(&tables), load(&tables, &elsewhere));
    assert_eq!(here.test_run(&frame, 1).expect("runs").action, DROP);
    assert_eq!(there.test_run(&frame, 1).expect("runs").action, PASS);
}

#[test]
fn a_frame_without_a_whole_header_is_refused_by_the_kernel() {
    let tables = tables();
    let error = router(&tables).test_run(&[0; 13], 1).expect_err("refused");
    assert!(error.to_string().contains("BPF_PROG_TEST_RUN"), "{error}");
}

#[test]
fn bytes_that_are_no_object_are_an_error() {
    let tables = tables();
    let config = config(&tables);
    assert!(isthmus_tables::Router::load(b"no object", &tables, &config).is_err());
}

#[test]
fn equal_programs_have_equal_identities_and_others_have_not() {
    let (tables, others) = (tables(), tables_with_another_hash());
    let first = router(&tables);
    assert_eq!(first.identity(), router(&tables).identity());
    assert_eq!(first.identity().config, config(&tables));
    let tagged = RouterConfig {
        vlan: 7,
        ..config(&tables)
    };
    assert_ne!(first.identity(), load(&tables, &tagged).identity());
    assert_ne!(first.identity(), router(&others).identity());
    assert!(first.identity().uses(&tables).expect("read"));
    assert!(!first.identity().uses(&others).expect("read"));
}

#[test]
fn tables_opened_from_pins_give_the_same_identity() {
    let bpffs = PrivateBpffs::new().expect("a private bpffs");
    let dir = bpffs.path().join("maps-0");
    let tables = tables();
    tables.pin(&dir).expect("pins");
    let before = router(&tables).identity().clone();
    drop(tables);
    let opened = Tables::open(&dir).expect("opens");
    assert_eq!(router(&opened).identity(), &before);
}

fn tables_with_another_hash() -> Tables {
    let hash = isthmus_abi::HashKey::new([4, 5, 6]);
    Tables::create(&crate::configuration::small(), hash).expect("maps")
}
