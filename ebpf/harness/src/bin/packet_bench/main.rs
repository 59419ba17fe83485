//! Nanoseconds a packet: the router beside an empty program, beside itself
//! without look-ups, and beside two cache misses.
//!
//! Each run of a subject is a million packets through the driver, which writes
//! a fresh frame from a table of flows and tail-calls the unmodified program.
//! Rounds are shuffled; thread CPU time is what counts. Every subject's output
//! is checked before it is timed. Then the whole path, see `veth`. Rows go to `target/bench/packet.json`.

use anyhow::{Context as _, Result};

mod cell;
mod flows;
mod kernel_gateway;
mod report;
mod shell;
mod subjects;
mod system;
mod veth;

/// Rounds of each cell.
const ROUNDS: usize = 15;

fn main() -> Result<()> {
    let mut cells = Vec::new();
    for cell in cell::CELLS {
        println!("{}: {}", cell.name, cell.text);
        let times = subjects::Bench::new(cell)?.run(ROUNDS)?;
        report::print(&times);
        cells.push((cell.name, times));
    }
    println!("veth: {}", veth::TEXT);
    let times = veth::measure(ROUNDS)?;
    report::print(&times);
    cells.push(("veth", times));
    report::print_families(&cells);
    let rows: Vec<_> = cells
        .iter()
        .flat_map(|(cell, times)| report::rows(cell, times))
        .collect();
    let file = isthmus_benchmark::write("packet", &rows).context("target/bench/packet.json")?;
    println!("written to {}", file.display());
    Ok(())
}
