//! Which of several operators writes: the holder of a Lease.
//!
//! The holder renews each third of the lease's time. It counts on two thirds
//! from the moment that the last renewal that succeeded was sent, on the
//! monotonic clock; the others let a whole one pass without a renewal, on their
//! own clocks. So no clock needs to agree with another, and a holder that was
//! paused finds its tenure over before it writes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use k8s_openapi::jiff::Timestamp;
use kube::api::{ObjectMeta, PostParams};
use kube::{Api, Client};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

/// Which Lease, and who wants it.
#[derive(Clone, Debug)]
pub struct LeaseOptions {
    /// Namespace of the Lease.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Who this process is; no other may have the name.
    pub identity: String,
    /// How long it holds without renewal; whole seconds.
    pub duration: Duration,
}

/// Until when this process may write; cheap to clone and to ask.
#[derive(Clone, Debug)]
pub struct Tenure {
    began: Instant,
    /// Nanoseconds since `began`; 0 of one that does not lead.
    until: Arc<AtomicU64>,
}

impl Default for Tenure {
    fn default() -> Self {
        Self {
            began: Instant::now(),
            until: Arc::default(),
        }
    }
}

impl Tenure {
    /// Whether this process may write now.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.nanos(Instant::now()) < self.until.load(Ordering::Acquire)
    }

    /// When it ends, where it has begun.
    #[must_use]
    pub fn end(&self) -> Option<Instant> {
        match self.until.load(Ordering::Acquire) {
            0 => None,
            until => Some(self.began + Duration::from_nanos(until)),
        }
    }

    fn extend(&self, until: Instant) {
        self.until.store(self.nanos(until), Ordering::Release);
    }

    fn resign(&self) {
        self.until.store(0, Ordering::Release);
    }

    fn nanos(&self, at: Instant) -> u64 {
        let since = at.saturating_duration_since(self.began);
        u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
    }
}

/// A Lease as it was seen last, and when it was first seen so.
#[derive(Debug)]
struct Seen {
    holder: String,
    renewed: Option<MicroTime>,
    transitions: i32,
    duration: Duration,
    since: Instant,
}

/// Wants a Lease, and keeps it.
#[derive(Debug)]
pub struct Elector {
    api: Api<Lease>,
    options: LeaseOptions,
    tenure: Tenure,
    leading: watch::Sender<bool>,
    seen: Option<Seen>,
}

impl Elector {
    /// An elector, and where it tells whether this process leads.
    #[must_use]
    pub fn new(
        client: Client,
        options: LeaseOptions,
        tenure: Tenure,
    ) -> (Self, watch::Receiver<bool>) {
        let (leading, receiver) = watch::channel(false);
        let elector = Self {
            api: Api::namespaced(client, &options.namespace),
            options,
            tenure,
            leading,
            seen: None,
        };
        (elector, receiver)
    }

    /// Wants the Lease and keeps it until told to stop; then gives it back.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>) {
        let third = self.options.duration / 3;
        loop {
            let sent = Instant::now();
            let is_held = match timeout(third, self.try_once()).await {
                Ok(Ok(is_held)) => is_held,
                Ok(Err(error)) => {
                    tracing::warn!("cannot renew the lease: {error}");
                    self.is_leading() && self.tenure.holds()
                }
                Err(_) => {
                    tracing::warn!("no answer about the lease in {third:?}");
                    self.is_leading() && self.tenure.holds()
                }
            };
            if is_held && !self.is_leading() {
                tracing::info!(identity = self.options.identity, "leads");
            } else if !is_held && self.is_leading() {
                tracing::warn!(identity = self.options.identity, "leads no more");
                self.tenure.resign();
            }
            self.leading
                .send_if_modified(|leading| std::mem::replace(leading, is_held) != is_held);
            // One that leads wakes when its tenure ends, to say so in time.
            let pause = if is_held { third } else { third / 2 };
            let pause = pause.saturating_sub(sent.elapsed()).max(third / 10);
            tokio::select! {
                () = sleep(pause) => {}
                _ = stop.wait_for(|stop| *stop) => break,
            }
        }
        if self.is_leading() {
            self.tenure.resign();
            self.leading.send_replace(false);
            match timeout(third, self.release()).await {
                Ok(Ok(())) => tracing::info!("released the lease"),
                Ok(Err(error)) => tracing::warn!("cannot release the lease: {error}"),
                Err(_) => tracing::warn!("cannot release the lease: no answer"),
            }
        }
    }

    fn is_leading(&self) -> bool {
        *self.leading.borrow()
    }

    /// Reads the Lease, and takes or renews it where that is right; whether this
    /// process holds it then.
    async fn try_once(&mut self) -> Result<bool, kube::Error> {
        let sent = Instant::now();
        let Some(mut lease) = self.api.get_opt(&self.options.name).await? else {
            let lease = Lease {
                metadata: ObjectMeta {
                    name: Some(self.options.name.clone()),
                    ..ObjectMeta::default()
                },
                spec: Some(self.spec(0, None)),
            };
            return self.settle(sent, self.api.create(&PostParams::default(), &lease).await);
        };
        self.look(&lease);
        let Some(seen) = &self.seen else {
            return Ok(false);
        };
        let is_own = seen.holder == self.options.identity;
        let is_free = seen.holder.is_empty() || seen.since.elapsed() >= seen.duration;
        if !is_own && !is_free {
            return Ok(false);
        }
        let acquired = lease.spec.take().and_then(|spec| spec.acquire_time);
        lease.spec = Some(if is_own {
            self.spec(seen.transitions, acquired)
        } else {
            self.spec(seen.transitions.saturating_add(1), None)
        });
        let params = PostParams::default();
        let answer = self.api.replace(&self.options.name, &params, &lease).await;
        self.settle(sent, answer)
    }

    /// The lease is this process's if the write succeeded; somebody else was
    /// quicker if it met a conflict.
    fn settle(
        &self,
        sent: Instant,
        answer: Result<Lease, kube::Error>,
    ) -> Result<bool, kube::Error> {
        match answer {
            Ok(_) => {
                self.tenure.extend(sent + self.options.duration * 2 / 3);
                Ok(true)
            }
            Err(kube::Error::Api(status)) if status.is_conflict() || status.is_already_exists() => {
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    fn look(&mut self, lease: &Lease) {
        let spec = lease.spec.clone().unwrap_or_default();
        let holder = spec.holder_identity.unwrap_or_default();
        let is_same = self
            .seen
            .as_ref()
            .is_some_and(|seen| seen.holder == holder && seen.renewed == spec.renew_time);
        if is_same {
            return;
        }
        let seconds = spec
            .lease_duration_seconds
            .and_then(|seconds| u64::try_from(seconds).ok());
        self.seen = Some(Seen {
            holder,
            renewed: spec.renew_time,
            transitions: spec.lease_transitions.unwrap_or_default(),
            duration: seconds.map_or(self.options.duration, Duration::from_secs),
            since: Instant::now(),
        });
    }

    fn spec(&self, transitions: i32, acquired: Option<MicroTime>) -> LeaseSpec {
        let now = MicroTime(Timestamp::now());
        LeaseSpec {
            holder_identity: Some(self.options.identity.clone()),
            lease_duration_seconds: i32::try_from(self.options.duration.as_secs()).ok(),
            acquire_time: Some(acquired.unwrap_or_else(|| now.clone())),
            renew_time: Some(now),
            lease_transitions: Some(transitions),
            ..LeaseSpec::default()
        }
    }

    async fn release(&self) -> Result<(), kube::Error> {
        let Some(mut lease) = self.api.get_opt(&self.options.name).await? else {
            return Ok(());
        };
        if let Some(spec) = &mut lease.spec
            && spec.holder_identity.as_deref() == Some(&self.options.identity)
        {
            spec.holder_identity = None;
            spec.renew_time = Some(MicroTime(Timestamp::now()));
            self.api
                .replace(&self.options.name, &PostParams::default(), &lease)
                .await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenure_ends_by_the_clock_and_by_resignation() {
        let tenure = Tenure::default();
        assert!(!tenure.holds());
        tenure.extend(Instant::now() + Duration::from_secs(3600));
        assert!(tenure.holds());
        tenure.resign();
        assert!(!tenure.holds() && tenure.end().is_none());
        tenure.extend(Instant::now());
        assert!(!tenure.holds());
    }
}
