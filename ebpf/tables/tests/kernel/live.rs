//! The program itself beside a writer that changes its tables all the time,
//! with the kernel's own grace periods.
//!
//! This shows that moves and reuse lose nothing. That graces are waited for it
//! cannot show, because a run is too short to be interrupted: `stress` does.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use isthmus_abi::{Capacities, MemberWord};
use isthmus_tables::{
    Block, Placed, Prefix, RcuGrace, RouteTarget, Router, Tables, Writer, flatten,
};

use crate::configuration::{HASH, router};
use crate::frame::{INNER_DESTINATION_MAC, OUTER_DESTINATION, SENDER, VNI, packet, vxlan};

const FOR: Duration = Duration::from_secs(3);
/// `XDP_TX` (`enum xdp_action`, linux/bpf.h).
const TX: u32 = 3;
const SOURCE_VNI: u32 = 1;
const PEER_VNI: u32 = 2;
const SOURCE: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);
/// Members of the peer that are there all the time.
const PERMANENT: u8 = 100;
/// Hypervisors that they move among.
const HYPERVISORS: u8 = 16;

fn destination(number: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, 1, 0, number)
}

fn passing(number: u32) -> IpAddr {
    Ipv4Addr::from_bits(0x0a02_0000 | number).into()
}

fn vtep(number: u8) -> Ipv4Addr {
    Ipv4Addr::new(172, 16, 1, number)
}

/// The hypervisor on which a member is that has this version of its MAC.
fn place(version: u64) -> u8 {
    ((version ^ version >> 5) % u64::from(HYPERVISORS)) as u8
}

/// Member and version, for a MAC.
fn mac(number: u8, version: u64) -> u64 {
    0x02 << 40 | u64::from(number) << 32 | version & 0xffff_ffff
}

fn routes(to: u32, network: Ipv4Addr, counter: u32) -> Block {
    let prefix = Prefix {
        address: network.into(),
        length: 16,
    };
    let target = RouteTarget {
        peer_vni: to,
        counter,
    };
    flatten([(prefix, target)]).expect("one range")
}

struct Change<'w> {
    writer: &'w mut Writer,
    version: u64,
    deferred: u64,
}

impl Change<'_> {
    fn member(&mut self, number: u8) {
        self.version += 1;
        let vtep = vtep(place(self.version & 0xffff_ffff)).into();
        let index = self.writer.hypervisor(vtep).expect("entered");
        let word = MemberWord::new(mac(number, self.version), index);
        let placed = self
            .writer
            .set_member(PEER_VNI, destination(number).into(), word);
        assert_eq!(placed.expect("room"), Placed::Now);
    }

    fn passing(&mut self, random: u64) {
        let address = passing((random % 400) as u32);
        if random.is_multiple_of(3) {
            self.writer.remove_member(PEER_VNI, address);
        } else {
            let placed = self
                .writer
                .set_member(PEER_VNI, address, MemberWord::new(random, 1));
            // A table may be full for a key: that is no fault here.
            self.deferred += u64::from(matches!(placed, Ok(Placed::Deferred)));
        }
    }

    fn routes(&mut self, random: u64) {
        let block = routes(PEER_VNI, destination(0), (random % 8) as u32);
        // Without room until what was freed has settled.
        let _ = self.writer.set_routes(SOURCE_VNI, &block);
    }

    /// Everything that must be there for packets to be forwarded.
    fn fill(&mut self) {
        let sender = self.writer.add_hypervisor(SENDER.into()).expect("room");
        for number in 0..HYPERVISORS {
            let vtep = vtep(number).into();
            self.writer.add_hypervisor(vtep).expect("room");
            self.writer
                .set_next_hop(vtep, 0, 0x0200_0000_0009)
                .expect("known");
        }
        let source = MemberWord::new(0x0200_0000_0002, sender);
        self.writer
            .set_member(SOURCE_VNI, SOURCE.into(), source)
            .expect("room");
        for number in 0..PERMANENT {
            self.member(number);
        }
        self.routes(0);
        self.writer
            .set_routes(PEER_VNI, &routes(SOURCE_VNI, Ipv4Addr::new(10, 0, 0, 0), 8))
            .expect("room");
    }
}

/// Runs packets to all permanent members through the program until it is over.
/// Returns how many there were, and the first that did not arrive whole.
fn forward(router: &Router, stop: &AtomicBool) -> (u64, Option<String>) {
    let mut packets = 0;
    let header = [8, 0, 0, 0, 0, 0, SOURCE_VNI as u8, 0];
    while !stop.load(Ordering::Relaxed) {
        for number in 0..PERMANENT {
            let frame = vxlan(header, &packet(SOURCE, destination(number)));
            let verdict = router.test_run(&frame, 1).expect("runs");
            packets += 1;
            let out = &verdict.frame;
            let mac = out[INNER_DESTINATION_MAC..][..6]
                .iter()
                .fold(0, |mac, byte| mac << 8 | u64::from(*byte));
            let there = vtep(place(mac & 0xffff_ffff)).octets();
            let arrived = verdict.action == TX
                && out[VNI..][..3] == [0, 0, PEER_VNI as u8]
                && mac >> 32 == 0x0200 | u64::from(number)
                && out[OUTER_DESTINATION..][..4] == there;
            if !arrived {
                return (
                    packets,
                    Some(format!("packet {packets} to {number}: {verdict:?}")),
                );
            }
        }
    }
    (packets, None)
}

#[test]
fn no_packet_is_lost_or_led_astray_while_the_tables_change() {
    // So few lines that both of a new member's are full often.
    let sizes = Capacities {
        member_lines_v4: 120,
        member_lines_v6: 1,
        vpc_lines: 1,
        route_lines: 12,
        prefixes_v4: 1,
        prefixes_v6: 1,
        peerings: 16,
        reserved: 0,
    };
    let tables = Arc::new(Tables::create(&sizes, HASH).expect("maps"));
    let grace = Box::new(RcuGrace::new().expect("graces"));
    let (mut writer, _) = Writer::take_over(Arc::clone(&tables), grace).expect("taken over");
    let mut change = Change {
        writer: &mut writer,
        version: 0,
        deferred: 0,
    };
    change.fill();
    let router = router(&tables);
    let (stop, started) = (AtomicBool::new(false), Instant::now());
    let (graces, (packets, astray)) = std::thread::scope(|scope| {
        let forwarding = scope.spawn(|| forward(&router, &stop));
        let (mut random, mut graces) = (1u64, 0);
        while started.elapsed() < FOR && !forwarding.is_finished() {
            for _ in 0..400 {
                // Knuth's MMIX generator: its high bits are random enough.
                random = random
                    .wrapping_mul(0x5851_f42d_4c95_7f2d)
                    .wrapping_add(0x1405_7b7e_f767_814f);
                let random = random >> 33;
                match random % 16 {
                    0 => change.routes(random / 16),
                    1..=5 => change.member((random / 16 % u64::from(PERMANENT)) as u8),
                    _ => change.passing(random / 16),
                }
            }
            graces += change.writer.settle().expect("graces").graces;
        }
        stop.store(true, Ordering::Relaxed);
        (graces, forwarding.join().expect("no panic"))
    });
    println!(
        "{packets} packets, {graces} graces, {} deferred",
        change.deferred
    );
    assert_eq!(astray, None);
    assert!(packets > 1_000 && graces > 10 && change.deferred > 0);
}
