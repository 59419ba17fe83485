//! What every benchmark writes: rows in `target/bench/NAME.json`, from which
//! the tables and plots of the documentation are made.
//!
//! ```
//! use isthmus_benchmark::Row;
//!
//! let row = Row::of("hot", "router", "ns", &[31.0, 29.0, 30.0]);
//! assert_eq!((row.min, row.median, row.max), (29.0, 30.0, 31.0));
//! ```

use std::path::{Path, PathBuf};
use std::{fs, io};

use serde::Serialize;

/// One subject in one cell.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// What was common to the subjects that stand beside each other.
    pub cell: String,
    /// What was measured.
    pub subject: String,
    /// Unit of the values, such as `ns`.
    pub unit: &'static str,
    /// Least value.
    pub min: f64,
    /// The one in the middle; of an even number the greater.
    pub median: f64,
    /// Greatest value.
    pub max: f64,
    /// Ninety-nine of a hundred are at most this, where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p99: Option<f64>,
}

impl Row {
    /// The row of these samples.
    ///
    /// # Panics
    ///
    /// Without any sample.
    #[must_use]
    pub fn of(cell: &str, subject: &str, unit: &'static str, samples: &[f64]) -> Self {
        let sorted = sorted(samples);
        Self {
            cell: cell.to_owned(),
            subject: subject.to_owned(),
            unit,
            min: sorted[0],
            median: sorted[sorted.len() / 2],
            max: sorted[sorted.len() - 1],
            p99: None,
        }
    }

    /// The same with the ninety-ninth percentile.
    ///
    /// # Panics
    ///
    /// Without any sample.
    #[must_use]
    pub fn with_p99(cell: &str, subject: &str, unit: &'static str, samples: &[f64]) -> Self {
        let rank = (samples.len() * 99).div_ceil(100);
        Self {
            p99: Some(sorted(samples)[rank - 1]),
            ..Self::of(cell, subject, unit, samples)
        }
    }
}

fn sorted(samples: &[f64]) -> Vec<f64> {
    assert!(!samples.is_empty(), "no sample");
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
}

/// Where it was measured.
#[derive(Debug, Serialize)]
struct Host {
    cpu: Option<String>,
    cpus: usize,
    kernel: String,
}

#[derive(Debug, Serialize)]
struct Document<'r> {
    host: Host,
    rows: &'r [Row],
}

/// Writes `target/bench/NAME.json` below the working directory and returns its
/// path.
///
/// # Errors
///
/// The system's.
pub fn write(name: &str, rows: &[Row]) -> io::Result<PathBuf> {
    let host = host();
    let folder = Path::new("target/bench");
    fs::create_dir_all(folder)?;
    let path = folder.join(format!("{name}.json"));
    fs::write(
        &path,
        serde_json::to_string_pretty(&Document { host, rows })?,
    )?;
    Ok(path)
}

fn host() -> Host {
    let read = |path| fs::read_to_string(path).unwrap_or_default();
    let cpu = read("/proc/cpuinfo").lines().find_map(|line| {
        let (_, name) = line.strip_prefix("model name")?.split_once(": ")?;
        Some(name.to_owned())
    });
    Host {
        cpu,
        cpus: std::thread::available_parallelism().map_or(0, usize::from),
        kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_one_of_the_samples() {
        let samples: Vec<f64> = (1..=200).rev().map(f64::from).collect();
        let row = Row::with_p99("cell", "subject", "ms", &samples);
        assert_eq!(row.p99, Some(198.0));
        assert_eq!(Row::with_p99("c", "s", "ms", &[5.0]).p99, Some(5.0));
    }

    #[test]
    fn a_field_that_a_row_has_no_use_for_is_left_out() {
        let row = serde_json::to_value(Row::of("c", "s", "ns", &[1.0])).unwrap();
        assert!(row.get("p99").is_none() && row["unit"] == "ns");
    }
}
