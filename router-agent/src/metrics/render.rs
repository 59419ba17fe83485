//! OpenMetrics text. Pure.

use std::fmt;

use isthmus_abi::{Counter, Liveness};
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::{Registry, Unit};

use super::counts::Counts;
use crate::shared::{Report, SlicesReport};

/// The text of `/metrics`.
///
/// # Errors
///
/// None that a `String` has.
pub fn render(report: &Report, counts: &Counts) -> Result<String, fmt::Error> {
    let mut out = String::new();
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Scrape::new(report, counts)));
    text::encode(&mut out, &registry)?;
    Ok(out)
}

/// Samples of one metric, by labels.
type Samples = Vec<(Vec<(&'static str, String)>, u64)>;

#[derive(Debug)]
struct Scrape {
    metrics: Vec<Metric>,
}

#[derive(Debug)]
struct Metric {
    name: &'static str,
    help: &'static str,
    unit: Option<Unit>,
    kind: MetricType,
    samples: Samples,
    /// In thousandths rather than units.
    milli: bool,
}

impl Scrape {
    fn new(report: &Report, counts: &Counts) -> Self {
        let mut scrape = Self {
            metrics: Vec::new(),
        };
        scrape.traffic(counts);
        scrape.tables(report);
        scrape.agent(report);
        scrape
    }

    fn add(&mut self, name: &'static str, help: &'static str, kind: MetricType, samples: Samples) {
        self.metrics.push(Metric {
            name,
            help,
            unit: None,
            kind,
            samples,
            milli: false,
        });
    }

    fn traffic(&mut self, counts: &Counts) {
        let outcomes = |value: fn(&Counter) -> u64| -> Samples {
            let sample = |(verdict, reason, counter): &(&str, &str, Counter)| {
                let labels = vec![
                    ("verdict", (*verdict).to_owned()),
                    ("reason", (*reason).to_owned()),
                ];
                (labels, value(counter))
            };
            counts.outcomes.iter().map(sample).collect()
        };
        let peerings = |value: fn(&Counter) -> u64| -> Samples {
            let sample = |(name, from, to, counter): &(String, u32, u32, Counter)| {
                let labels = vec![
                    ("peering", name.clone()),
                    ("from_vni", from.to_string()),
                    ("to_vni", to.to_string()),
                ];
                (labels, value(counter))
            };
            counts.peerings.iter().map(sample).collect()
        };
        let kind = MetricType::Counter;
        let (packets, bytes) = (|c: &Counter| c.packets, |c: &Counter| c.bytes);
        self.add(
            "packets",
            "Frames by verdict and drop reason",
            kind,
            outcomes(packets),
        );
        self.add(
            "bytes",
            "Bytes of frames by verdict and drop reason",
            kind,
            outcomes(bytes),
        );
        self.add(
            "peering_packets",
            "Frames forwarded over a peering",
            kind,
            peerings(packets),
        );
        self.add(
            "peering_bytes",
            "Bytes forwarded over a peering",
            kind,
            peerings(bytes),
        );
    }

    fn tables(&mut self, report: &Report) {
        let by_table = |value: fn(&isthmus_tables::Usage) -> u64| -> Samples {
            let sample = |usage: &isthmus_tables::Usage| {
                (vec![("map", usage.table.name().to_owned())], value(usage))
            };
            report.usage.iter().map(sample).collect()
        };
        let kind = MetricType::Gauge;
        self.add(
            "map_entries",
            "Entries in a map",
            kind,
            by_table(|usage| usage.used),
        );
        self.add(
            "map_capacity",
            "Entries that a map takes",
            kind,
            by_table(|usage| usage.capacity),
        );
        self.add(
            "entries_refused",
            "Entries that did not fit",
            kind,
            one(report.refused),
        );
    }

    fn slices(&mut self, slices: &SlicesReport) {
        let gauge = MetricType::Gauge;
        let listed = u64::from(slices.is_complete);
        self.add(
            "slices_listed",
            "Whether every slice was listed once",
            gauge,
            one(listed),
        );
        let samples = slices.pools.iter().flat_map(|it| {
            let kinds = [
                ("PeeringSlice", it.peering),
                ("ForwardingSlice", it.forwarding),
            ];
            kinds.map(|(kind, version)| {
                let labels = vec![("pool", it.pool.clone()), ("kind", kind.to_owned())];
                (labels, version)
            })
        });
        self.add(
            "synced_resource_version",
            "Newest resourceVersion of the slices that the tables reflect",
            gauge,
            samples.collect(),
        );
    }

    fn agent(&mut self, report: &Report) {
        let (counter, gauge) = (MetricType::Counter, MetricType::Gauge);
        self.add(
            "applies",
            "Times that changes were applied",
            counter,
            one(report.applies),
        );
        self.add(
            "errors",
            "Operations that failed",
            counter,
            one(report.errors),
        );
        self.add(
            "repairs",
            "Foreign or drifted entries put right",
            counter,
            one(report.repairs),
        );
        let lag = u64::try_from(report.lag.as_millis()).unwrap_or(u64::MAX);
        self.metrics.push(Metric {
            name: "sync_lag",
            help: "From the last change in the folder to its being applied",
            unit: Some(Unit::Seconds),
            kind: gauge,
            samples: one(lag),
            milli: true,
        });
        let errors = report.manifest_errors;
        self.add(
            "manifests_in_error",
            "Files and documents in error",
            gauge,
            one(errors),
        );
        let objects = report.objects.iter().map(|((kind, verdict), count)| {
            (
                vec![
                    ("kind", (*kind).to_owned()),
                    ("verdict", (*verdict).to_owned()),
                ],
                *count,
            )
        });
        self.add(
            "objects",
            "Objects by kind and verdict",
            gauge,
            objects.collect(),
        );
        self.add(
            "hypervisors",
            "Hypervisors with members",
            gauge,
            one(report.hypervisors),
        );
        let liveness = report.tables.as_ref().map(|tables| tables.liveness());
        let states = Liveness::ALL.map(|state| {
            let labels = vec![("state", state.name().to_owned())];
            (labels, u64::from(liveness == Some(state)))
        });
        self.add(
            "liveness",
            "What hypervisors that ask by BFD are told",
            gauge,
            states.into(),
        );
        let unresolved = report.unresolved;
        self.add(
            "hypervisors_unresolved",
            "Without a next hop",
            gauge,
            one(unresolved),
        );
        self.add(
            "ports",
            "Ports that were asked for",
            gauge,
            one(report.ports),
        );
        self.add(
            "ports_attached",
            "Ports with the router on them",
            gauge,
            one(report.ports_attached),
        );
        if let Some(slices) = &report.slices {
            self.slices(slices);
        }
        let build = vec![("version", env!("CARGO_PKG_VERSION").to_owned())];
        self.add(
            "build_info",
            "Version of the agent",
            gauge,
            vec![(build, 1)],
        );
    }
}

fn one(value: u64) -> Samples {
    vec![(Vec::new(), value)]
}

impl prometheus_client::collector::Collector for Scrape {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        for metric in &self.metrics {
            let name = format!("isthmus_{}", metric.name);
            let mut family =
                encoder.encode_descriptor(&name, metric.help, metric.unit.as_ref(), metric.kind)?;
            for (labels, value) in &metric.samples {
                let sample = |encoder| match (metric.kind, metric.milli) {
                    (MetricType::Counter, _) => ConstCounter::new(*value).encode(encoder),
                    (_, true) => ConstGauge::new(*value as f64 / 1000.0).encode(encoder),
                    (_, false) => {
                        ConstGauge::new(i64::try_from(*value).unwrap_or(i64::MAX)).encode(encoder)
                    }
                };
                if labels.is_empty() {
                    // An empty set of labels would be written as `{}`.
                    match (metric.kind, metric.milli) {
                        (MetricType::Counter, _) => family
                            .encode_counter::<prometheus_client::encoding::NoLabelSet, _, u64>(
                            value, None,
                        )?,
                        (_, true) => family.encode_gauge(&(*value as f64 / 1000.0))?,
                        (_, false) => {
                            family.encode_gauge(&i64::try_from(*value).unwrap_or(i64::MAX))?;
                        }
                    }
                } else {
                    sample(family.encode_family(labels)?)?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shared::PoolReport;

    #[test]
    fn counters_gauges_and_labels_are_written_as_openmetrics() {
        let report = Report {
            repairs: 3,
            lag: std::time::Duration::from_millis(120),
            objects: [(("Vpc", "Accepted"), 2)].into(),
            slices: Some(SlicesReport {
                is_complete: true,
                pools: vec![PoolReport {
                    pool: "default".to_owned(),
                    peering: 5,
                    forwarding: 7,
                }],
            }),
            ..Report::default()
        };
        let counter = Counter {
            packets: 7,
            bytes: 700,
        };
        let counts = Counts {
            outcomes: vec![("drop", "NoRoute", counter)],
            peerings: vec![("team-a/p".to_owned(), 1, 2, counter)],
        };
        let text = render(&report, &counts).unwrap();
        for line in [
            "isthmus_packets_total{verdict=\"drop\",reason=\"NoRoute\"} 7",
            "isthmus_peering_bytes_total{peering=\"team-a/p\",from_vni=\"1\",to_vni=\"2\"} 700",
            "isthmus_repairs_total 3",
            "isthmus_sync_lag_seconds 0.12",
            "isthmus_objects{kind=\"Vpc\",verdict=\"Accepted\"} 2",
            "isthmus_slices_listed 1",
            "isthmus_synced_resource_version{pool=\"default\",kind=\"ForwardingSlice\"} 7",
            "# EOF",
        ] {
            assert!(
                text.lines().any(|found| found == line),
                "{line} is not in\n{text}"
            );
        }
    }
}
