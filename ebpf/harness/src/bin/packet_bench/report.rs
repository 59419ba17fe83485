//! Numbers for people, and rows for machines.

use isthmus_benchmark::Row;

use crate::subjects::Times;

/// Prints minima, medians and the ratios by which the router is judged.
pub(crate) fn print(times: &[Times]) {
    for subject in times {
        let row = Row::of("", subject.subject, "ns", &subject.ns);
        println!(
            "  {:<12} {:>7.1} ns minimum {:>7.1} median",
            row.subject, row.min, row.median
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
    times.ns.iter().copied().min_by(f64::total_cmp)
}

/// The rows of one cell.
pub(crate) fn rows(cell: &str, times: &[Times]) -> Vec<Row> {
    let row = |times: &Times| Row::of(cell, times.subject, "ns", &times.ns);
    times.iter().map(row).collect()
}
