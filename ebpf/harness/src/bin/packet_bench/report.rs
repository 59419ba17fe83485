//! Numbers for people, and rows for machines.

use std::fs;

use serde_json::{Value, json};

use crate::subjects::Times;

fn sorted(times: &Times) -> Vec<f64> {
    let mut ns = times.ns.clone();
    ns.sort_by(f64::total_cmp);
    ns
}

/// Prints minima, medians and the ratios by which the router is judged.
pub(crate) fn print(times: &[Times]) {
    for subject in times {
        let ns = sorted(subject);
        println!(
            "  {:<12} {:>7.1} ns minimum {:>7.1} median",
            subject.subject,
            ns[0],
            ns[ns.len() / 2]
        );
    }
    let all = [
        (
            "(router - empty) / (rewrite - empty)",
            (|at| {
                let empty = at("empty")?;
                Some((at("router")? - empty) / (at("rewrite")? - empty))
            }) as fn(&dyn Fn(&str) -> Option<f64>) -> Option<f64>,
        ),
        ("router / two-misses", |at| {
            Some(at("router")? / at("two-misses")?)
        }),
        ("router / empty", |at| Some(at("router")? / at("empty")?)),
        ("kernel-vxlan / router", |at| {
            Some(at("kernel-vxlan")? / at("router")?)
        }),
    ];
    for (text, ratio) in all {
        if let Some(ratio) = ratio(&|subject| least(times, subject)) {
            println!("  {text:<37}{ratio:>6.2}");
        }
    }
}

/// Prints how much more the router needs for IPv6 members.
pub(crate) fn print_families(cells: &[(&str, Vec<Times>)]) {
    let router = |cell| {
        let (_, times) = cells.iter().find(|(name, _)| *name == cell)?;
        least(times, "router")
    };
    for (v4, v6) in [("hot", "hot-v6"), ("cold", "cold-v6")] {
        if let (Some(less), Some(more)) = (router(v4), router(v6)) {
            println!("router, {v6} / {v4}: {:.2}", more / less);
        }
    }
}

/// The minimum of a subject.
fn least(times: &[Times], subject: &str) -> Option<f64> {
    let times = times.iter().find(|times| times.subject == subject)?;
    sorted(times).first().copied()
}

/// The rows of one cell.
pub(crate) fn rows(cell: &str, times: &[Times]) -> Vec<Value> {
    times
        .iter()
        .map(|times| {
            let ns = sorted(times);
            json!({
                "cell": cell,
                "subject": times.subject,
                "unit": "ns",
                "min": ns[0],
                "median": ns[ns.len() / 2],
                "max": ns[ns.len() - 1],
            })
        })
        .collect()
}

/// The whole file.
pub(crate) fn document(rows: &[Value]) -> Value {
    let read = |path| fs::read_to_string(path).unwrap_or_default();
    let cpu = read("/proc/cpuinfo").lines().find_map(|line| {
        line.strip_prefix("model name")?
            .split_once(": ")
            .map(|(_, name)| name.to_owned())
    });
    json!({
        "host": {
            "cpu": cpu,
            "cpus": std::thread::available_parallelism().map_or(0, usize::from),
            "kernel": read("/proc/sys/kernel/osrelease").trim(),
        },
        "rows": rows,
    })
}
