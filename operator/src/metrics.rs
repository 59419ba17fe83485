//! The operator's own numbers.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use isthmus_compiler::Kind;
use isthmus_compiler::slices::SliceKind;
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

use crate::world::World;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ObjectLabels {
    kind: &'static str,
    verdict: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct WriteLabels {
    kind: &'static str,
    result: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ResultLabels {
    result: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct BuildLabels {
    version: &'static str,
}

/// What became of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was carried out.
    Written,
    /// There was another version, or another object.
    Conflict,
    /// It failed.
    Failed,
}

impl Outcome {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Written => "written",
            Self::Conflict => "conflict",
            Self::Failed => "failed",
        }
    }
}

/// The numbers; each is set by the operator's loop.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    objects: Family<ObjectLabels, Gauge>,
    reconcile: Histogram,
    lag: Histogram,
    slice_writes: Family<WriteLabels, Counter>,
    status_writes: Family<ResultLabels, Counter>,
    queue: Gauge,
    leader: Gauge,
    terms: Counter<u64, AtomicU64>,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("isthmus_operator"),
            objects: Family::default(),
            reconcile: Histogram::new(exponential_buckets(0.000_1, 4.0, 9)),
            lag: Histogram::new(exponential_buckets(0.01, 2.0, 12)),
            slice_writes: Family::default(),
            status_writes: Family::default(),
            queue: Gauge::default(),
            leader: Gauge::default(),
            terms: Counter::default(),
        };
        metrics.register();
        metrics
    }
}

impl Metrics {
    fn register(&mut self) {
        let registry = &mut self.registry;
        registry.register(
            "objects",
            "Objects by kind and verdict",
            self.objects.clone(),
        );
        registry.register(
            "reconcile_seconds",
            "Time to take in a batch of events and plan what follows",
            self.reconcile.clone(),
        );
        registry.register(
            "lag_seconds",
            "From the first event of a batch to a slice of it being written",
            self.lag.clone(),
        );
        registry.register(
            "slice_writes",
            "Writes of slices by kind and result",
            self.slice_writes.clone(),
        );
        registry.register(
            "status_writes",
            "Writes of statuses by result",
            self.status_writes.clone(),
        );
        registry.register(
            "queue_depth",
            "Writes that are due or on their way",
            self.queue.clone(),
        );
        registry.register("leader", "Whether this operator leads", self.leader.clone());
        registry.register(
            "terms",
            "Times that this operator began to lead",
            self.terms.clone(),
        );
        let build = Family::<BuildLabels, Gauge>::default();
        let version = env!("CARGO_PKG_VERSION");
        build.get_or_create(&BuildLabels { version }).set(1);
        registry.register("build_info", "This operator", build);
    }

    /// Sets what a world tells.
    pub fn observe(&self, world: &World, queued: usize) {
        let counts = world.counts();
        // A verdict that nothing has any more goes to 0.
        for kind in [
            Kind::Vpc,
            Kind::VpcMember,
            Kind::VpcPeering,
            Kind::TransitGateway,
        ] {
            for verdict in ["Accepted", "Waiting", "Rejected", "Malformed"] {
                let count = counts.get(&(kind, verdict)).copied().unwrap_or(0);
                let labels = ObjectLabels {
                    kind: kind.as_str(),
                    verdict,
                };
                let gauge = self.objects.get_or_create(&labels);
                gauge.set(i64::try_from(count).unwrap_or(i64::MAX));
            }
        }
        let depth = world.queue_depth() + queued;
        self.queue.set(i64::try_from(depth).unwrap_or(i64::MAX));
    }

    /// A batch was worked off.
    pub fn reconciled(&self, took: Duration) {
        self.reconcile.observe(took.as_secs_f64());
    }

    /// A slice was written, this long after the event that it follows from.
    pub fn lagged(&self, lag: Duration) {
        self.lag.observe(lag.as_secs_f64());
    }

    /// A write of a slice was answered.
    pub fn slice_write(&self, kind: SliceKind, outcome: Outcome) {
        let kind = match kind {
            SliceKind::Peering => "PeeringSlice",
            SliceKind::Forwarding => "ForwardingSlice",
        };
        let result = outcome.as_str();
        self.slice_writes
            .get_or_create(&WriteLabels { kind, result })
            .inc();
    }

    /// A write of a status was answered.
    pub fn status_write(&self, outcome: Outcome) {
        let result = outcome.as_str();
        self.status_writes
            .get_or_create(&ResultLabels { result })
            .inc();
    }

    /// This operator leads, or leads no more.
    pub fn lead(&self, leads: bool) {
        if leads && self.leader.get() == 0 {
            self.terms.inc();
        }
        self.leader.set(i64::from(leads));
    }

    /// As OpenMetrics text.
    ///
    /// # Errors
    ///
    /// Where it cannot be written as text.
    pub fn render(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        text::encode(&mut text, &self.registry)?;
        Ok(text)
    }
}
