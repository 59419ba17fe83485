//! How many bytes the world takes for each member: `world_memory [MEMBERS]`.

use std::time::Instant;

use isthmus_compiler::Kind;
use isthmus_compiler::slices::{SliceLimits, SliceWrite};
use isthmus_operator::intake::{News, Source, read};
use isthmus_operator::status::Moment;
use isthmus_operator::world::World;
use serde_json::{Value, json};

fn resident() -> usize {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = text
        .split(' ')
        .nth(1)
        .and_then(|pages| pages.parse::<usize>().ok());
    pages.unwrap_or(0) * 4096
}

fn object(kind: Kind, name: &str, number: usize, spec: &Value) -> News {
    let object = json!({
        "apiVersion": "isthmus.dev/v1alpha1", "kind": kind.as_str(),
        "metadata": {
            "name": name, "namespace": "team-a", "generation": 1,
            "uid": format!("{number:08x}-0000-4000-8000-000000000001"),
            "resourceVersion": (number + 1).to_string(),
            "creationTimestamp": "2026-01-01T00:00:00Z",
        },
        "spec": spec,
    });
    let source = Source::Objects(kind);
    News::Applied(read(
        source,
        serde_json::from_value(object).expect("an object"),
    ))
}

fn main() {
    let count = std::env::args()
        .nth(1)
        .and_then(|text| text.parse().ok())
        .unwrap_or(100_000);
    let each = 1_000;
    let mut world = World::new(SliceLimits::default());
    let before = resident();
    let begin = Instant::now();
    world.take(Source::ALL.map(News::ListBegins));
    for vpc in 0..count / each {
        let spec = json!({"vni": vpc + 1, "cidrs": ["10.0.0.0/8"], "pool": "default"});
        world.take([object(Kind::Vpc, &format!("vpc-{vpc}"), vpc, &spec)]);
        let members = (0..each).map(|i| {
            let spec = json!({
                "vpc": format!("vpc-{vpc}"), "addresses": [format!("10.1.{}.{}", i / 250, i % 250 + 2)],
                "mac": "02:00:00:00:00:02", "hypervisor": "172.16.0.11",
            });
            let number = count + vpc * each + i;
            object(Kind::VpcMember, &format!("member-{vpc}-{i}"), number, &spec)
        });
        world.take(members);
    }
    world.take(Source::ALL.map(News::ListEnds));
    let bytes = |what: &str| {
        let bytes = resident().saturating_sub(before);
        println!(
            "{what}: {:?}, {} bytes a member",
            begin.elapsed(),
            bytes / count
        );
    };
    bytes("taken in");
    let mut version = 10 * count as u64;
    loop {
        let writes = world.plan_slices(64);
        if writes.is_empty() {
            break;
        }
        for planned in writes {
            version += 1;
            let key = planned.write.key();
            match planned.write {
                SliceWrite::Delete { .. } => world.slice_deleted(&key),
                _ => world.slice_written(&key, &version.to_string(), "u"),
            }
        }
    }
    bytes("slices written");
    let now = Moment::default();
    world.plan_statuses(0, true, now);
    while world.has_statuses() {
        for write in world.plan_statuses(12, true, now) {
            version += 1;
            world.status_written(&write, version);
        }
    }
    bytes("statuses written");
}
