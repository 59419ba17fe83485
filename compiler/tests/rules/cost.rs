//! What a change costs does not grow with what is unrelated to it.

use isthmus_compiler::{Compiler, Event, Object, ObjectRef, Verdict};

use crate::world::{Recorded, member, peering, vpc};

/// `count` members of the VPC that the change is about, and as many VPCs with
/// a member each, peered two by two; all with the address range of others.
fn crowd(count: u32) -> Vec<Object> {
    let mut objects = vec![
        vpc("team-a/blue", 1, &["10.0.0.0/8", "fd00::/64"]).into(),
        vpc("team-a/green", 2, &["11.0.0.0/8"]).into(),
    ];
    for i in 0..count {
        let address = format!("10.128.{}.{}", i / 250, i % 250 + 2);
        objects.push(member(&format!("team-a/m{i}"), "blue", &[&address], &[]).into());
        let own = format!("v{i}");
        let range = if i % 2 == 0 {
            "10.0.0.0/8"
        } else {
            "11.0.0.0/8"
        };
        objects.push(vpc(&format!("team-b/{own}"), 100 + i, &[range]).into());
        let first = if i % 2 == 0 { "10.0.0.2" } else { "11.0.0.2" };
        objects.push(member(&format!("team-b/m{i}"), &own, &[first], &[]).into());
        if i % 2 == 1 {
            let peer = format!("v{}", i - 1);
            objects.push(peering(&format!("team-b/p{i}"), &own, &peer).into());
        }
    }
    objects
}

/// Work and number of entries of each change in turn.
fn costs(unrelated: u32) -> Vec<(u64, usize)> {
    let mut compiler = Compiler::new();
    compiler.apply_all(crowd(unrelated).into_iter().map(Event::Apply));
    assert!(compiler.verdicts().values().all(Verdict::is_accepted));

    let web = member(
        "team-a/web",
        "blue",
        &["10.0.0.2", "fd00::2"],
        &["10.0.1.0/24"],
    );
    let mut moved = web.clone();
    moved.spec.hypervisor = [172, 16, 0, 9].into();
    let rival = member("team-a/rival", "blue", &["10.0.0.2"], &[]).made(1);
    let blue_green = peering("team-a/blue-green", "blue", "green");
    let red = vpc("team-a/red", 3, &["10.0.0.0/8"]);
    let reds = member("team-a/reds", "red", &["10.0.0.2"], &[]);
    let gone: Vec<ObjectRef> = vec![
        rival.reference(),
        web.reference(),
        blue_green.reference(),
        reds.reference(),
        red.reference(),
    ];
    let applied: [Object; 6] = [
        web.into(),
        moved.into(),
        rival.into(),
        blue_green.into(),
        red.into(),
        reds.into(),
    ];
    let events = (applied.into_iter().map(Event::Apply)).chain(gone.into_iter().map(Event::Delete));
    events
        .map(|event| {
            let before = compiler.work();
            let changes = compiler.apply_all([event]);
            let entries = changes.iter().map(|changes| changes.entries.len()).sum();
            (compiler.work() - before, entries)
        })
        .collect()
}

#[test]
fn a_change_costs_the_same_amid_ten_and_amid_ten_thousand_unrelated_objects() {
    let few = costs(10);
    assert!(
        few.iter().all(|(work, _)| (0..20).contains(work)),
        "{few:?}"
    );
    assert_eq!(few, costs(10_000));
}
