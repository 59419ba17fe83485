//! How long it takes from desired state to tables, in memory and in the kernel:
//! a million members of ten thousand peered VPCs. Needs root; rows go to
//! `target/bench/fill.json`.
//!
//! ```text
//! cargo run --release -p router-agent --example fill [members]
//! ```

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, ensure};
use ipnet::{IpNet, Ipv4Net};
use isthmus_abi::HashKey;
use isthmus_benchmark::Row;
use isthmus_compiler::{EntryChange, MemberKey, MemberTarget, ObjectName, RouteKey, RouteTarget};
use isthmus_crds::{MacAddress, Vni};
use isthmus_tables::{RcuGrace, Reader, Sizing, Tables, Writer};
use router_agent::dataplane::{
    Audit, Dataplane, Desired, Finding, KernelDataplane, Reading, Touched, execute, plan,
    plan_touched,
};

/// Members of a VPC.
const PER_VPC: u32 = 100;
const HYPERVISORS: u32 = 1000;

fn main() -> anyhow::Result<()> {
    let members = match std::env::args().nth(1) {
        Some(number) => number.parse().context("a number of members")?,
        None => 1_000_000,
    };
    let vpcs = members / PER_VPC;
    let sizing = Sizing {
        members_v4: members + 1,
        vpcs,
        peerings: vpcs,
        route_lines: 2 * vpcs,
        ..Sizing::default()
    };
    let mut desired = Desired::default();
    let started = Instant::now();
    for number in 0..members {
        desired.apply(&member(number, 0)?, &mut Touched::default());
    }
    for vpc in 1..=vpcs {
        desired.apply(&route(vpc)?, &mut Touched::default());
    }
    say("desired state from changes", started);

    let hash = HashKey::new([
        0x0123_4567_89ab_cdef,
        0x9e37_79b9_7f4a_7c15,
        0xbf58_476d_1ce4_e5b9,
    ]);
    let started = Instant::now();
    let tables = Arc::new(Tables::create(&sizing.capacities(), hash)?);
    say("empty tables", started);
    let (writer, _) = Writer::take_over(Arc::clone(&tables), Box::new(RcuGrace::new()?))?;
    let mut dataplane = KernelDataplane::new(writer);

    let total = Instant::now();
    let observed = dataplane.observe()?;
    say("observing nothing", total);
    let started = Instant::now();
    let everything = plan(&desired, &observed);
    say("the plan", started);
    let started = Instant::now();
    let outcome = execute(&everything, &mut dataplane)?;
    say("carrying it out", started);
    let fill = say("FILL, from desired state to complete tables", total);
    ensure!(
        outcome.failures.is_empty(),
        "{:?}",
        outcome.failures.first()
    );
    drop(everything);

    // From here on as if programs read.
    let _ = Reader::new(&tables);
    let total = Instant::now();
    let observed = dataplane.observe()?;
    say("observing everything", total);
    ensure!(
        plan(&desired, &observed).is_empty(),
        "a second plan is not empty"
    );
    say("observation, with the empty plan that follows", total);
    drop(observed);
    let total = Instant::now();
    let mut audit = Audit::begin(&Touched::default());
    audit.compare(Reading::take(dataplane.writer().tables())?);
    say("an audit's reading, beside the loop", total);
    let started = Instant::now();
    ensure!(
        audit.step(&desired, usize::MAX) == Some(Finding::Sound),
        "the audit finds something"
    );
    say("its comparison, in pieces", started);

    let mut touched = Touched::default();
    desired.apply(&member(7, 1)?, &mut touched);
    let started = Instant::now();
    let small = plan_touched(&desired, &dataplane, &touched);
    let outcome = execute(&small, &mut dataplane)?;
    let change = say("one member moves", started);
    ensure!(outcome.applied_total() == 1, "{outcome:?}");
    let cell = format!("{members} members");
    let rows = [
        Row::of(&cell, "fill", "ms", &[fill]),
        Row::of(&cell, "one change", "ms", &[change]),
    ];
    let file = isthmus_benchmark::write("fill", &rows)?;
    println!("written to {}", file.display());
    Ok(())
}

fn say(what: &str, since: Instant) -> f64 {
    let ms = since.elapsed().as_secs_f64() * 1e3;
    println!("{ms:9.3} ms  {what}");
    ms
}

fn member(number: u32, moved: u32) -> anyhow::Result<EntryChange> {
    let [_, a, b, c] = number.to_be_bytes();
    let hypervisor = (number + moved) % HYPERVISORS;
    let key = MemberKey {
        vni: Vni::new(number / PER_VPC + 1)?,
        prefix: IpNet::from(std::net::IpAddr::from(address(number))),
    };
    let target = MemberTarget {
        mac: MacAddress::new([2, 0, 0, a, b, c])?,
        hypervisor: Ipv4Addr::from_bits(0xac10_0000 + hypervisor + 1).into(),
    };
    Ok(EntryChange::Member(key, Some(target)))
}

/// The network of a VPC has 256 addresses.
fn address(number: u32) -> Ipv4Addr {
    Ipv4Addr::from_bits(0x0a00_0000 | ((number / PER_VPC) << 8) | (number % PER_VPC))
}

/// Neighbours are peers: 1 and 2, 3 and 4, and so on.
fn route(vpc: u32) -> anyhow::Result<EntryChange> {
    let peer = ((vpc - 1) ^ 1) + 1;
    let (low, high) = (vpc.min(peer), vpc.max(peer));
    let prefix = Ipv4Net::new(address((peer - 1) * PER_VPC), 24)?;
    let key = RouteKey {
        vni: Vni::new(vpc)?,
        prefix: prefix.into(),
    };
    let target = RouteTarget {
        peer_vni: Vni::new(peer)?,
        peering: Arc::new(ObjectName {
            namespace: "team".into(),
            name: format!("p{low}-{high}"),
        }),
    };
    Ok(EntryChange::Route(key, Some(target)))
}
