//! What something else did to the tables is found and put right.

use std::os::fd::AsRawFd;
use std::sync::Arc;

use isthmus_abi::{HypervisorEntry, LINE, Lines, MemberEntryV4, MemberWord, VpcWord, map};
use isthmus_tables::{Label, Tables};
use router_agent::dataplane::{Dataplane, Desired, Finding, Touched, plan};

use crate::setting::{
    SIZING, audit, converge, dataplane, desired, member, net, reached, route, tables,
};

/// Words of a line.
const LINE_WORDS: usize = LINE / 8;
/// Index of `vtep(1)`: the first that is given out.
const HYPERVISOR: u16 = 1;
/// `BPF_MAP_UPDATE_ELEM` (linux/bpf.h).
const MAP_UPDATE: libc::c_int = 2;

/// Somebody who writes into the maps and asks nobody.
struct Hand<'t>(&'t Tables);

#[repr(C)]
struct Update {
    map: u32,
    padding: u32,
    key: u64,
    value: u64,
    flags: u64,
}

impl Hand<'_> {
    /// Has `change` at the words of an array.
    fn words<T>(&self, name: &str, lines: u32, change: impl FnOnce(&mut [u64]) -> T) -> T {
        let fd = self.0.map_fd(name).expect("a map");
        let length = (lines as usize * LINE).next_multiple_of(4096);
        // SAFETY: a new mapping of a map that is at least as long, at an address
        // that the kernel chooses; unmapped below.
        let start = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                length,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_SHARED,
                fd.as_raw_fd(),
                0,
            )
        };
        assert_ne!(
            start,
            libc::MAP_FAILED,
            "{}",
            std::io::Error::last_os_error()
        );
        // SAFETY: the mapping has this length, and no other thread is there.
        let words = unsafe {
            std::slice::from_raw_parts_mut(start.cast::<u64>(), lines as usize * LINE_WORDS)
        };
        let changed = change(words);
        // SAFETY: mapped above, and `words` is not used any more.
        assert_eq!(unsafe { libc::munmap(start, length) }, 0);
        changed
    }

    fn members_v4<T>(&self, change: impl FnOnce(&mut [u64]) -> T) -> T {
        self.words(map::MEMBERS_V4, self.0.capacities().member_lines_v4, change)
    }

    fn members_v6<T>(&self, change: impl FnOnce(&mut [u64]) -> T) -> T {
        self.words(map::MEMBERS_V6, self.0.capacities().member_lines_v6, change)
    }

    fn vpcs<T>(&self, change: impl FnOnce(&mut [u64]) -> T) -> T {
        self.words(map::VPCS, self.0.capacities().vpc_lines, change)
    }

    fn routes<T>(&self, change: impl FnOnce(&mut [u64]) -> T) -> T {
        self.words(map::ROUTES, self.0.capacities().route_lines, change)
    }

    fn hypervisors<T>(&self, change: impl FnOnce(&mut [u64]) -> T) -> T {
        self.words(map::HYPERVISORS, isthmus_abi::HYPERVISORS, change)
    }

    fn labels<T>(&self, change: impl FnOnce(&mut [u64]) -> T) -> T {
        self.words(map::LABELS, 2, change)
    }

    /// Enters an IPv4 member as a writer of ours would.
    fn enter_member(&self, vni: u32, address: u32, word: MemberWord) {
        let key = MemberEntryV4::key(vni, address);
        let lines = self.0.capacities().member_lines_v4;
        let Lines(line, _) = self.0.hash().lines(key, lines);
        self.members_v4(|words| put_member(words, line, key, word));
    }

    /// Enters a key of a trie: length in bits, VNI, address.
    fn enter_prefix(&self, name: &str, bits: u32, rest: &[u8], word: MemberWord) {
        let mut key = bits.to_ne_bytes().to_vec();
        key.extend(rest);
        let update = Update {
            map: self.0.map_fd(name).expect("a map").as_raw_fd() as u32,
            padding: 0,
            key: key.as_ptr() as u64,
            value: std::ptr::from_ref(&word) as u64,
            flags: 0,
        };
        // SAFETY: the head of `union bpf_attr` for the command; the key is as
        // long as the map's, the value 8 bytes, and both outlive the call.
        let done = unsafe {
            libc::syscall(
                libc::SYS_bpf,
                MAP_UPDATE,
                std::ptr::from_ref(&update),
                size_of::<Update>(),
            )
        };
        assert_eq!(done, 0, "{}", std::io::Error::last_os_error());
    }
}

/// Into the first free slot of a line.
fn put_member(words: &mut [u64], line: u32, key: u64, word: MemberWord) {
    let line = &mut words[line as usize * LINE_WORDS..(line as usize + 1) * LINE_WORDS];
    let slot = line
        .chunks_exact_mut(2)
        .find(|slot| slot[0] == 0)
        .expect("a free slot");
    slot.copy_from_slice(&[key, word.0]);
}

/// The first slot of two words in use.
fn first_member(words: &mut [u64]) -> &mut [u64] {
    words
        .chunks_exact_mut(2)
        .find(|slot| slot[0] != 0)
        .expect("a member")
}

fn first_vpc(words: &mut [u64]) -> &mut u64 {
    words.iter_mut().find(|word| **word != 0).expect("a VPC")
}

fn sample() -> Desired {
    let mut changes = Vec::new();
    for v6 in [false, true] {
        for low in 1..20 {
            changes.push(member(1, net(v6, low, 8), Some((low, low % 3 + 1))));
        }
        changes.push(member(2, net(v6, 32, 4), Some((1, 1))));
        changes.push(route(1, net(v6, 64, 4), Some((2, 1))));
        changes.push(route(2, net(v6, 0, 4), Some((1, 1))));
        changes.push(route(2, net(v6, 8, 6), Some((3, 2))));
    }
    desired(&changes)
}

/// Has the sample in the tables, damages them, and wants an audit to notice and
/// the tables back as they were, with the damage counted.
fn is_repaired(damage: impl FnOnce(&Hand<'_>)) {
    let tables = tables(&SIZING);
    let mut dataplane = dataplane(Arc::clone(&tables));
    let wanted = sample();
    let outcome = converge(&wanted, &mut dataplane);
    assert!(outcome.failures.is_empty(), "{:?}", outcome.failures);
    let usage = dataplane.usage();
    let finding = || audit(&wanted, &tables, &Touched::default());
    assert_eq!(finding(), Finding::Sound);
    damage(&Hand(&tables));
    assert_eq!(finding(), Finding::Drifted);
    let outcome = converge(&wanted, &mut dataplane);
    assert!(outcome.failures.is_empty(), "{:?}", outcome.failures);
    assert!(outcome.applied_total() > 0, "nothing was found");
    let observed = dataplane.observe().expect("read");
    assert!(plan(&wanted, &observed).is_empty());
    assert_eq!(observed, reached(&wanted));
    assert_eq!(dataplane.usage(), usage);
    assert_eq!(finding(), Finding::Sound);
}

#[test]
fn a_member_that_nobody_asked_for_is_removed() {
    is_repaired(|hand| hand.enter_member(9, 0x0a00_0099, MemberWord::new(5, HYPERVISOR)));
}

#[test]
fn a_member_on_no_hypervisor_that_there_is_is_removed() {
    is_repaired(|hand| hand.enter_member(9, 0x0a00_0099, MemberWord::new(5, 999)));
}

#[test]
fn a_member_with_a_vni_that_no_vpc_has_is_removed() {
    is_repaired(|hand| {
        hand.enter_member(0x0200_0000, 0x0a00_0099, MemberWord::new(5, HYPERVISOR));
    });
}

#[test]
fn a_member_in_a_line_that_is_not_its_own_is_removed() {
    is_repaired(|hand| {
        let key = MemberEntryV4::key(9, 0x0a00_0099);
        let lines = hand.0.capacities().member_lines_v4;
        let Lines(first, second) = hand.0.hash().lines(key, lines);
        let other = (0..lines).find(|line| *line != first && *line != second);
        let word = MemberWord::new(5, HYPERVISOR);
        hand.members_v4(|words| put_member(words, other.expect("many lines"), key, word));
    });
}

#[test]
fn a_member_that_was_changed_is_changed_back() {
    is_repaired(|hand| hand.members_v4(|words| first_member(words)[1] ^= 1 << 40));
}

#[test]
fn a_member_that_was_erased_comes_back() {
    is_repaired(|hand| hand.members_v4(|words| first_member(words).fill(0)));
}

#[test]
fn an_ipv6_table_full_of_noise_is_made_anew() {
    is_repaired(|hand| {
        hand.members_v6(|words| {
            for (number, word) in (1u64..).zip(words) {
                *word = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            }
        });
    });
}

#[test]
fn a_vpc_with_routes_of_another_is_put_right() {
    is_repaired(|hand| {
        hand.vpcs(|words| {
            let vpc = VpcWord(*first_vpc(words));
            let other = if vpc.vni() == 1 { 2 } else { 1 };
            let lines = hand.0.capacities().vpc_lines;
            let Lines(line, _) = hand.0.hash().lines(VpcWord::hashed(7), lines);
            let slots = &mut words[line as usize * LINE_WORDS..];
            let slot = slots.iter_mut().find(|slot| **slot == 0);
            *slot.expect("free") = VpcWord::new(7, vpc.line()).0;
            let word = words.iter_mut().find(|word| VpcWord(**word).vni() == other);
            *word.expect("two VPCs") = VpcWord::new(other, vpc.line()).0;
        });
    });
}

#[test]
fn a_vpc_whose_routes_are_beyond_the_table_is_put_right() {
    is_repaired(|hand| hand.vpcs(|words| *first_vpc(words) |= 0xffff_ffff));
}

#[test]
fn a_route_that_was_led_elsewhere_leads_where_it_should() {
    is_repaired(|hand| {
        let line = hand.vpcs(|words| VpcWord(*first_vpc(words)).line());
        // The first range's peer: third word of the header's and its own.
        hand.routes(|words| words[line as usize * LINE_WORDS + 3] ^= 1 << 3);
    });
}

#[test]
fn routes_under_a_counter_of_nobody_are_put_right() {
    is_repaired(|hand| {
        let line = hand.vpcs(|words| VpcWord(*first_vpc(words)).line());
        hand.routes(|words| words[line as usize * LINE_WORDS + 3] ^= 1 << 60);
    });
}

#[test]
fn a_hypervisor_of_nobody_is_removed() {
    is_repaired(|hand| {
        hand.hypervisors(|words| {
            let at = 500 * LINE_WORDS;
            words[at..at + 2].copy_from_slice(&HypervisorEntry::mapped(0xc0a8_0001));
        });
    });
}

#[test]
fn a_hypervisor_whose_address_was_changed_is_entered_again_with_its_members() {
    is_repaired(|hand| {
        hand.hypervisors(|words| words[usize::from(HYPERVISOR) * LINE_WORDS + 1] ^= 1 << 7);
    });
}

#[test]
fn a_hypervisor_that_was_erased_is_entered_again_with_its_members() {
    is_repaired(|hand| {
        let at = usize::from(HYPERVISOR) * LINE_WORDS;
        hand.hypervisors(|words| words[at..at + 2].fill(0));
    });
}

#[test]
fn a_hypervisor_that_is_there_twice_is_there_once() {
    is_repaired(|hand| {
        hand.hypervisors(|words| {
            let at = usize::from(HYPERVISOR) * LINE_WORDS;
            words.copy_within(at..at + 2, 77 * LINE_WORDS);
        });
        hand.enter_member(1, 0x0a00_0077, MemberWord::new(5, 77));
    });
}

#[test]
fn a_counter_that_was_renamed_or_is_no_text_is_entered_again() {
    is_repaired(|hand| hand.labels(|words| words[1] ^= 0x20));
    is_repaired(|hand| hand.labels(|words| words[1] = u64::MAX));
    is_repaired(|hand| hand.labels(|words| words[0] = 0));
}

#[test]
fn a_prefix_that_nobody_asked_for_is_removed() {
    let word = MemberWord::new(5, HYPERVISOR);
    is_repaired(|hand| {
        hand.enter_prefix(map::PREFIXES_V4, 32 + 8, &[0, 0, 0, 9, 10, 0, 0, 0], word);
    });
    is_repaired(|hand| {
        let mut rest = [0; 20];
        rest[..5].copy_from_slice(&[0xff, 0, 0, 9, 0xfd]);
        hand.enter_prefix(map::PREFIXES_V6, 32 + 8, &rest, word);
    });
}

#[test]
fn a_prefix_that_was_changed_is_changed_back() {
    let word = MemberWord::new(5, HYPERVISOR);
    is_repaired(|hand| {
        hand.enter_prefix(map::PREFIXES_V4, 32 + 28, &[0, 0, 0, 2, 10, 0, 0, 32], word);
    });
}

#[test]
fn a_prefix_of_many_vpcs_is_removed() {
    let word = MemberWord::new(5, HYPERVISOR);
    for bits in [0, 20, 31] {
        is_repaired(|hand| {
            hand.enter_prefix(map::PREFIXES_V4, bits, &[0; 8], word);
            hand.enter_prefix(map::PREFIXES_V6, bits, &[0; 20], word);
        });
    }
}

#[test]
fn damage_that_is_read_without_a_writer_is_reported_and_left_alone() {
    let tables = tables(&SIZING);
    let mut dataplane = dataplane(Arc::clone(&tables));
    converge(&sample(), &mut dataplane);
    let hand = Hand(&tables);
    hand.enter_member(9, 0x0a00_0099, MemberWord::new(5, 999));
    let observed = router_agent::dataplane::Observed::read(&tables).expect("read");
    let strange = observed.members.values().filter(|place| place.1.is_none());
    assert_eq!(strange.count(), 1);
    let label = Label {
        vni: 1,
        peer_vni: 2,
        name: "team/peering-1".into(),
    };
    assert!(observed.labels.contains(&label));
    assert_eq!(
        router_agent::dataplane::Observed::read(&tables).expect("read"),
        observed
    );
}
