//! From objects in the cluster to tables in three gateways: how long it takes,
//! what it costs, and how that grows. Needs root; rows go to
//! `target/bench/control.json`.
//!
//! Each cell loads VPCs of 100 members, peered two by two, as a cloud's
//! automation would, then changes one member's MAC 50 times a second and waits
//! for each change in all three kernels' tables. Nothing is asserted about time.

mod api;
mod load;
mod watch;

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use clap::Parser;
use isthmus_benchmark::Row;
use isthmus_e2e::{ControlPlane, Gateway};
use isthmus_lab::Lab;

use api::ApiCounts;
use watch::Watched;

/// Gateways, all of one pool.
const GATEWAYS: usize = 3;
/// Changes a second, and how long.
const RATE: u32 = 50;
const CHANGES: u32 = 1_000;

#[derive(Debug, Parser)]
struct Args {
    /// Members of each cell.
    #[arg(long, value_delimiter = ',', default_values_t = [1_000, 10_000, 100_000])]
    members: Vec<u32>,
}

fn main() -> Result<()> {
    let args = Args::parse();
    isthmus_lab::check_machine()?;
    let mut rows = Vec::new();
    for members in args.members {
        rows.extend(cell(members)?);
    }
    let file = isthmus_benchmark::write("control", &rows)?;
    println!("written to {}", file.display());
    Ok(())
}

fn cell(members: u32) -> Result<Vec<Row>> {
    let mut cluster = ControlPlane::start()?;
    let labs: Vec<_> = (0..GATEWAYS)
        .map(|_| Lab::builder().build())
        .collect::<Result<_, _>>()?;
    let mut gateways = Vec::new();
    for (number, lab) in labs.iter().enumerate() {
        let name = format!("gateway-{number}");
        gateways.push(Gateway::start(lab, &cluster, &name)?);
    }
    let watched: Vec<_> = labs
        .iter()
        .map(|lab| Watched::open(lab.gateway()))
        .collect::<Result<_>>()?;

    let since = Instant::now();
    load::load(&cluster, members)?;
    let loaded = since.elapsed();
    for gateway in &gateways {
        load::wait_for_members(gateway, members)?;
    }
    let programmed = since.elapsed();
    load::wait_until_idle(&cluster)?;
    let settled = since.elapsed();

    let before = ApiCounts::read(&cluster)?;
    let latencies = change(&cluster, &watched, members)?;
    load::wait_until_idle(&cluster)?;
    let cost = ApiCounts::read(&cluster)?.since(&before);

    let memory = |process: &mut isthmus_e2e::Process| -> Result<f64> {
        Ok(process.private_memory()? as f64 / (1 << 20) as f64)
    };
    let operator = memory(cluster.operator()?)?;
    let agents: Vec<f64> = gateways
        .iter_mut()
        .map(|gateway| memory(gateway.process()))
        .collect::<Result<_>>()?;

    let cell = format!("{members} members");
    let seconds = |time: Duration| [time.as_secs_f64()];
    let changes = f64::from(CHANGES);
    let rows = vec![
        Row::of(&cell, "objects written", "s", &seconds(loaded)),
        Row::of(
            &cell,
            "programmed on all gateways",
            "s",
            &seconds(programmed),
        ),
        Row::of(&cell, "statuses written", "s", &seconds(settled)),
        Row::with_p99(
            &cell,
            "change to programmed on all gateways",
            "ms",
            &latencies,
        ),
        Row::of(
            &cell,
            "slice writes a change",
            "writes",
            &[cost.slice_writes / changes],
        ),
        Row::of(
            &cell,
            "status writes a change",
            "writes",
            &[cost.status_writes / changes],
        ),
        Row::of(
            &cell,
            "request bytes a change",
            "bytes",
            &[cost.request_bytes / changes],
        ),
        Row::of(&cell, "operator's memory", "MiB", &[operator]),
        Row::of(&cell, "agent's memory", "MiB", &agents),
    ];
    for row in &rows {
        let p99 = row
            .p99
            .map(|p99| format!(", p99 {p99:.1}"))
            .unwrap_or_default();
        println!(
            "{cell:>15}  {:<38} {:>10.1} {}{p99}",
            row.subject, row.median, row.unit
        );
    }
    Ok(rows)
}

/// Changes members at the rate, and returns how long each took, in ms.
fn change(cluster: &ControlPlane, watched: &[Watched], members: u32) -> Result<Vec<f64>> {
    let (written, pending) = std::sync::mpsc::channel();
    std::thread::scope(|scope| {
        let seen = scope.spawn(move || watch::follow(watched, &pending));
        let start = Instant::now();
        for number in 1..=CHANGES {
            let due = start + Duration::from_secs(1) * number / RATE;
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            let change = load::Change::number(number, members);
            // Before it is sent: what the API server takes counts too.
            written.send((change, Instant::now()))?;
            change.send(cluster);
        }
        drop(written);
        seen.join().ok().context("the watcher panicked")?
    })
}
