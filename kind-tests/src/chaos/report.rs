//! What happened when, and whether it may have.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::Serialize;

use super::plot::plot;
use super::schedule::Fault;
use crate::Loss;

/// What happened, in seconds from the beginning.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// Of the faults.
    pub seed: u64,
    /// How long it took.
    pub seconds: f64,
    /// In order.
    pub faults: Vec<Happened>,
    /// All streams.
    pub streams: Vec<Stream>,
}

/// A fault that came about.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Happened {
    /// Which.
    pub fault: Fault,
    /// When it began.
    pub from: f64,
    /// When all was well again.
    pub to: f64,
}

/// A stream through one gateway.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Stream {
    /// The gateway.
    pub gateway: usize,
    /// Packets.
    pub sent: u64,
    /// When packets were lost, and how many.
    pub losses: Vec<(f64, u64)>,
}

impl Stream {
    /// With losses as they were seen, in an experiment that began then.
    #[must_use]
    pub fn new(gateway: usize, sent: u64, losses: &[Loss], begun: SystemTime) -> Self {
        let seconds = |at: SystemTime| match at.duration_since(begun) {
            Ok(since) => since.as_secs_f64(),
            Err(before) => -before.duration().as_secs_f64(),
        };
        let losses = losses.iter().map(|loss| (seconds(loss.at), loss.packets));
        Self {
            gateway,
            sent,
            losses: losses.collect(),
        }
    }
}

impl Report {
    /// Losses that no fault explains, each in a sentence.
    #[must_use]
    pub fn unexplained(&self) -> Vec<String> {
        let mut sentences = Vec::new();
        for stream in &self.streams {
            let silenced = self.faults.iter();
            let silenced: Vec<_> = silenced
                .filter(|it| it.fault.silences() == Some(stream.gateway))
                .collect();
            let unexplained = stream.losses.iter().filter(|(at, _)| {
                let is_in = |it: &&Happened| it.from <= *at && *at <= it.to;
                !silenced.iter().any(is_in)
            });
            sentences.extend(unexplained.map(|(at, packets)| {
                let gateway = stream.gateway;
                format!("{packets} packets lost at {at:.2} s through gateway {gateway}")
            }));
        }
        sentences
    }

    /// Writes `chaos-SEED.json` and `chaos-SEED.svg` into a folder; the second's
    /// path.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn write(&self, folder: &Path) -> io::Result<PathBuf> {
        fs::create_dir_all(folder)?;
        let file = |end: &str| folder.join(format!("chaos-{}.{end}", self.seed));
        fs::write(file("json"), serde_json::to_vec_pretty(self)?)?;
        fs::write(file("svg"), plot(self))?;
        Ok(file("svg"))
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    #[test]
    fn only_what_silences_a_gateway_explains_what_it_lost() {
        let happened = |fault, from, to| Happened { fault, from, to };
        let loss = |seconds, packets| Loss {
            at: UNIX_EPOCH + Duration::from_secs(seconds),
            packets,
        };
        let begun = UNIX_EPOCH + Duration::from_secs(100);
        let losses = [loss(111, 5), loss(121, 7)];
        let report = Report {
            seed: 1,
            seconds: 30.0,
            faults: vec![
                happened(Fault::NodeRestarted(1), 10.0, 15.0),
                happened(Fault::AgentKilled(1), 20.0, 25.0),
            ],
            streams: [0, 1]
                .map(|gateway| Stream::new(gateway, 1_000, &losses, begun))
                .to_vec(),
        };
        assert_eq!(
            report.unexplained(),
            [
                "5 packets lost at 11.00 s through gateway 0",
                "7 packets lost at 21.00 s through gateway 0",
                "7 packets lost at 21.00 s through gateway 1",
            ]
        );
        let folder = tempfile::tempdir().unwrap();
        let plot = report.write(folder.path()).unwrap();
        let plot = fs::read_to_string(plot).unwrap();
        for part in ["node 1 restarted", "gateway 1", "7 packets lost"] {
            assert!(plot.contains(part), "{part}: {plot}");
        }
    }
}
