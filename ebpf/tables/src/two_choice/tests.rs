use std::collections::HashMap;

use isthmus_abi::MemberWord;
use proptest::prelude::*;

use super::slots::{KeyV6, SlotV4, SlotV6, prepare_v6};
use super::*;
use crate::sys::Mapping;

const HASH: HashKey = HashKey::new([0x1234_5678_9abc_def1, 0x9e37_79b9_7f4a_7c15, 0xbf58_476d]);

fn words<S: Slot>(lines: u32) -> Mapping {
    Mapping::anonymous(lines as usize * S::PER_LINE * S::WORDS * 8).expect("memory")
}

/// Steps until nothing waits; entries without room are given up.
fn settle<S: Slot>(table: &mut TwoChoice<S>, words: &[AtomicU64]) -> Vec<S::Key> {
    let mut refused = Vec::new();
    table.plan_moves(words);
    for _ in 0..100 {
        if !table.is_pending() {
            return refused;
        }
        table.step(words);
        if !table.is_moving() {
            refused.extend(table.refuse_deferred().into_iter().map(|(key, _)| key));
        }
    }
    panic!("settling does not end");
}

fn contents<S: Slot>(words: &[AtomicU64]) -> HashMap<S::Key, S::Value> {
    let mut found = HashMap::new();
    for entry in words.chunks_exact(S::WORDS) {
        if let Some(key) = S::key(entry) {
            assert!(
                found.insert(key, S::value(entry)).is_none(),
                "{key:?} twice"
            );
        }
    }
    found
}

#[derive(Clone, Debug)]
enum Change {
    Set(u64, u64),
    Remove(u64),
    Settle,
    Reopen,
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let change = prop_oneof![
        6 => (0u64..24, 1u64..1000).prop_map(|(key, value)| Change::Set(key, value)),
        3 => (0u64..24).prop_map(Change::Remove),
        1 => Just(Change::Settle),
        1 => Just(Change::Reopen),
    ];
    proptest::collection::vec(change, 0..150)
}

fn differential<S: Slot<Value = MemberWord>>(
    changes: &[Change],
    lines: u32,
    words: &Mapping,
    key_of: impl Fn(u64) -> S::Key,
) {
    let capacity = lines as u64 * S::PER_LINE as u64 * 3 / 4;
    let mut table = TwoChoice::<S>::empty(HASH, lines, capacity);
    let mut model: HashMap<S::Key, MemberWord> = HashMap::new();
    for change in changes {
        match *change {
            Change::Set(key, value) => {
                let (key, value) = (key_of(key), MemberWord::new(value, 1));
                match table.set(words, key, value, true) {
                    Ok(_) => {
                        model.insert(key, value);
                    }
                    Err(Full) => assert!(model.len() as u64 >= capacity),
                }
            }
            Change::Remove(key) => {
                let key = key_of(key);
                assert_eq!(table.remove(words, key, true), model.remove(&key).is_some());
            }
            Change::Settle => {
                for key in settle(&mut table, words) {
                    model.remove(&key);
                }
                assert_eq!(contents::<S>(words), model);
            }
            Change::Reopen => {
                // What waited for room is lost with the writer.
                for (key, _) in table.refuse_deferred() {
                    model.remove(&key);
                }
                table = TwoChoice::take_over(words, HASH, lines, capacity).0;
                settle(&mut table, words);
                assert_eq!(contents::<S>(words), model);
            }
        }
        assert_eq!(table.used(), model.len() as u64);
        for (key, value) in &model {
            assert_eq!(table.get(words, *key), Some(*value));
        }
    }
}

proptest! {
    #[test]
    fn ipv4_members_are_as_in_a_plain_map(changes in changes()) {
        differential::<SlotV4>(&changes, 4, &words::<SlotV4>(4), |key| 7 << 32 | key);
    }

    #[test]
    fn ipv6_members_are_as_in_a_plain_map(changes in changes()) {
        let words = words::<SlotV6>(8);
        prepare_v6(&words, &HASH);
        differential::<SlotV6>(&changes, 8, &words, |key| KeyV6 { vni: 7, high: 1, low: key });
    }
}

#[test]
fn a_table_without_readers_fills_to_its_load_without_waiting() {
    let lines = 4096;
    let words = words::<SlotV6>(lines);
    prepare_v6(&words, &HASH);
    let members = u64::from(lines) * SlotV6::PER_LINE as u64 * crate::MEMBER_LOAD_PERCENT / 100;
    let mut table = TwoChoice::<SlotV6>::empty(HASH, lines, members);
    for low in 0..members {
        let key = KeyV6 {
            vni: 9,
            high: 3,
            low,
        };
        assert_eq!(
            table.set(&words, key, MemberWord::new(low, 1), false),
            Ok(Placed::Now)
        );
    }
    assert!(!table.is_pending());
    assert_eq!(contents::<SlotV6>(&words).len() as u64, members);
    let one_more = KeyV6 {
        vni: 9,
        high: 3,
        low: members,
    };
    assert_eq!(
        table.set(&words, one_more, MemberWord::new(1, 1), false),
        Err(Full)
    );
}

#[test]
fn what_an_interrupted_writer_left_is_made_sound() {
    let lines = 16;
    let words = words::<SlotV4>(lines);
    let mut table = TwoChoice::<SlotV4>::empty(HASH, lines, 100);
    let (key, value) = (7 << 32 | 1, MemberWord::new(5, 1));
    table.set(&words, key, value, false).expect("room");
    let Lines(first, second) = SlotV4::lines(&HASH, key, lines);
    // The copy of a move, a slot half filled, and a key in a line not its own.
    let other = if table.find(&words, key).expect("there") / SlotV4::PER_LINE == first as usize {
        second
    } else {
        first
    };
    let free = |line: u32| table.clean_in_line(&words, line).expect("nearly empty");
    SlotV4::publish(slot_words::<SlotV4>(&words, free(other)), key, value);
    let strange = (0..lines)
        .find(|line| *line != first && *line != second)
        .expect("many lines");
    SlotV4::publish(slot_words::<SlotV4>(&words, free(strange)), key, value);
    SlotV4::store_value(slot_words::<SlotV4>(&words, free(strange)), 0, value);
    let (mut table, recovered) = TwoChoice::<SlotV4>::take_over(&words, HASH, lines, 100);
    assert_eq!(
        recovered,
        Recovered {
            unsound: 1,
            copies: 1,
            unfinished: 1
        }
    );
    settle(&mut table, &words);
    assert_eq!(contents::<SlotV4>(&words), HashMap::from([(key, value)]));
    let clean = words
        .chunks_exact(2)
        .filter(|slot| SlotV4::is_clean(slot, &HASH))
        .count();
    assert_eq!(clean, lines as usize * SlotV4::PER_LINE - 1);
}
