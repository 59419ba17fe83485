//! Readers beside a writer that changes everything all the time.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use isthmus_abi::{Capacities, MemberWord};
use isthmus_tables::{
    Block, Grace, GraceError, Placed, Prefix, Reader, RouteTarget, Tables, Writer, flatten,
};

use crate::configuration::HASH;

const READERS: usize = 3;
const FOR: Duration = Duration::from_secs(3);
const VPC: u32 = 7;
/// Members of each family that are there all the time.
const PERMANENT: u32 = 150;
/// Members of each family that come and go.
const PASSING: u32 = 400;
/// VPCs whose routes are swapped, but never absent.
const ROUTED: u32 = 4;

/// Odd while a reader is between the first and the last load of a look-up.
#[derive(Default)]
struct Looking([AtomicU64; READERS]);

impl Looking {
    fn look<T>(&self, reader: usize, look: impl FnOnce() -> T) -> T {
        self.0[reader].fetch_add(1, Ordering::SeqCst);
        let seen = look();
        self.0[reader].fetch_add(1, Ordering::SeqCst);
        seen
    }
}

/// Waits for the look-ups that these readers are in.
struct ReadersLeave(Arc<Looking>);

impl Grace for ReadersLeave {
    fn wait(&self) -> Result<(), GraceError> {
        std::sync::atomic::fence(Ordering::SeqCst);
        for reader in &self.0.0 {
            let seen = reader.load(Ordering::SeqCst);
            while seen % 2 == 1 && reader.load(Ordering::SeqCst) == seen {
                std::thread::yield_now();
            }
        }
        Ok(())
    }
}

fn address(number: u32, v6: bool) -> IpAddr {
    if v6 {
        Ipv6Addr::from_bits(0xfd00 << 112 | u128::from(number) << 64 | u128::from(!number)).into()
    } else {
        Ipv4Addr::from_bits(0x0a00_0000 | number).into()
    }
}

/// What only this member has, whatever its version: half of its MAC.
fn mark(number: u32, v6: bool) -> u64 {
    u64::from(number * 2 + u32::from(v6) + 1).wrapping_mul(0x9e37_79b9) & 0xff_ffff
}

/// A version of a member's word; each says by itself whether it is whole.
fn word(number: u32, v6: bool, version: u64) -> MemberWord {
    let version = version & 0xff_ffff;
    let hypervisor = (version ^ version >> 11 ^ mark(number, v6)) as u16 | 1;
    MemberWord::new(mark(number, v6) << 24 | version, hypervisor)
}

fn is_whole(number: u32, v6: bool, seen: MemberWord) -> bool {
    seen == word(number, v6, seen.mac())
}

/// Routes of which every range says which version it is part of.
fn block(version: u32, ranges: u32) -> Block {
    let prefixes = (0..ranges).map(|range| {
        let prefix = Prefix {
            address: Ipv4Addr::from_bits(0x0a00_0000 | range << 8).into(),
            length: 24,
        };
        let target = RouteTarget {
            peer_vni: version,
            counter: version ^ range,
        };
        (prefix, target)
    });
    flatten(prefixes).expect("few ranges")
}

/// What readers must never see.
#[derive(Debug, Default)]
struct Seen {
    look_ups: AtomicU64,
    absent: AtomicU64,
    wrong: AtomicU64,
}

fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

struct Random(u64);

impl Random {
    /// xorshift64* (Vigna, 2014).
    fn below(&mut self, bound: u32) -> u32 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        ((self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32) % u64::from(bound)) as u32
    }
}

fn read(tables: &Tables, looking: &Looking, reader: usize, stop: &AtomicBool, seen: &Seen) {
    let look_up = Reader::new(tables);
    let mut random = Random(reader as u64 + 1);
    while !stop.load(Ordering::Relaxed) {
        let number = random.below(PERMANENT + PASSING);
        let v6 = random.below(2) == 1;
        let member = looking.look(reader, || look_up.member(VPC, address(number, v6)));
        match member {
            None if number < PERMANENT => count(&seen.absent),
            Some(member) if !is_whole(number, v6, member) => count(&seen.wrong),
            _ => {}
        }
        let (vni, range) = (1 + random.below(ROUTED), random.below(8));
        let destination = Ipv4Addr::from_bits(0x0a00_0001 | range << 8).into();
        let route = looking.look(reader, || look_up.route(vni, destination));
        match route {
            None => count(&seen.absent),
            Some(route) if route.counter ^ route.peer_vni != range => count(&seen.wrong),
            Some(_) => {}
        }
        if seen
            .look_ups
            .fetch_add(2, Ordering::Relaxed)
            .is_multiple_of(1024)
        {
            // Or the writer would wait most of the time for readers that lost
            // the processor in the middle of a look-up.
            std::thread::yield_now();
        }
    }
}

/// What the writer did, so that the test can tell that it tested something.
#[derive(Debug, Default)]
struct Done {
    changes: u64,
    deferred: u64,
    graces: u64,
}

/// Changes everything until the time is over.
fn write(writer: &mut Writer, random: &mut Random) -> Done {
    let (started, mut done) = (Instant::now(), Done::default());
    let mut version = 1;
    while started.elapsed() < FOR {
        for _ in 0..random.below(32) + 1 {
            version += 1;
            done.changes += 1;
            let v6 = random.below(2) == 1;
            let permanent = random.below(PERMANENT);
            let passing = PERMANENT + random.below(PASSING);
            match random.below(8) {
                0 | 1 => {
                    let word = word(permanent, v6, version);
                    writer
                        .set_member(VPC, address(permanent, v6), word)
                        .expect("there");
                }
                2..=4 => {
                    // A table may be full for a key: that is no fault here.
                    let word = word(passing, v6, version);
                    let placed = writer.set_member(VPC, address(passing, v6), word);
                    done.deferred += u64::from(matches!(placed, Ok(Placed::Deferred)));
                }
                5 | 6 => {
                    writer.remove_member(VPC, address(passing, v6));
                }
                _ => {
                    let block = block(version as u32, 8 + random.below(8));
                    // Without room until what was freed has settled.
                    let _ = writer.set_routes(1 + random.below(ROUTED), &block);
                }
            }
        }
        done.graces += u64::from(writer.settle().expect("readers leave").graces);
    }
    done
}

fn fill(writer: &mut Writer) {
    for number in 0..PERMANENT {
        for v6 in [false, true] {
            let placed = writer.set_member(VPC, address(number, v6), word(number, v6, 1));
            assert_eq!(placed.expect("room"), Placed::Now);
        }
    }
    for vni in 1..=ROUTED {
        writer.set_routes(vni, &block(1, 8)).expect("room");
    }
}

#[test]
fn readers_beside_a_writer_see_nothing_absent_wrong_or_torn() {
    // So few lines that both of a new member's are full often.
    let sizes = Capacities {
        member_lines_v4: 112,
        member_lines_v6: 224,
        vpc_lines: 2,
        route_lines: 40,
        prefixes_v4: 1,
        prefixes_v6: 1,
        peerings: 1,
        reserved: 0,
    };
    let tables = Arc::new(Tables::create(&sizes, HASH).expect("maps"));
    let looking = Arc::new(Looking::default());
    let grace = Box::new(ReadersLeave(Arc::clone(&looking)));
    let mut writer = Writer::take_over(Arc::clone(&tables), grace)
        .expect("taken over")
        .0;
    fill(&mut writer);
    let (stop, seen) = (AtomicBool::new(false), Seen::default());
    let done = std::thread::scope(|scope| {
        for reader in 0..READERS {
            let (tables, looking, stop, seen) = (&tables, &looking, &stop, &seen);
            scope.spawn(move || read(tables, looking, reader, stop, seen));
        }
        while seen.look_ups.load(Ordering::Relaxed) == 0 {
            std::thread::yield_now();
        }
        let done = write(&mut writer, &mut Random(99));
        stop.store(true, Ordering::Relaxed);
        done
    });
    println!("{seen:?} {done:?}");
    assert_eq!(seen.absent.into_inner(), 0, "absent");
    assert_eq!(seen.wrong.into_inner(), 0, "wrong or torn");
    assert!(seen.look_ups.into_inner() > 10_000, "readers hardly ran");
    assert!(
        done.changes > 500 && done.graces > 50 && done.deferred > 0,
        "the writer hardly ran: {done:?}"
    );
}
