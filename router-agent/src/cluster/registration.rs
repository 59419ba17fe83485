//! The gateway's own `TransitGateway`: made, kept, and told how the gateway
//! stands.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use isthmus_crds::{TransitGateway, TransitGatewayStatus};
use isthmus_watch::{Told, Watch, is_misfit};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::Timestamp;
use kube::api::{Patch, PatchParams};
use kube::runtime::watcher;
use kube::{Api, Client};
use serde_json::json;

use super::report::{Asked, status};
use crate::shared::{Report, Shared};
use crate::uname;

/// Owns the fields that the agent writes; `spec.drain` is an administrator's.
const MANAGER: &str = "isthmus-router-agent";
/// What changed is written at most this often.
const WRITE: Duration = Duration::from_millis(200);
/// A write that failed is tried again after this long at first ..
const FIRST_RETRY: Duration = Duration::from_millis(500);
/// .. and after twice as long each time, up to this.
const LAST_RETRY: Duration = Duration::from_secs(30);

/// Registers the gateway and reports until the process ends.
pub struct Registration {
    api: Api<TransitGateway>,
    name: String,
    pools: Vec<String>,
    shared: Shared,
    kernel: String,
    asked: Asked,
    registered: Option<BTreeSet<IpAddr>>,
    written: Option<TransitGatewayStatus>,
    /// The object's version after that.
    version: u64,
    /// Whether it may be otherwise by now, unread.
    is_doubtful: bool,
}

impl Registration {
    /// Of the gateway of this name in these pools.
    #[must_use]
    pub fn new(client: &Client, name: String, pools: Vec<String>, shared: Shared) -> Self {
        Self {
            api: Api::all(client.clone()),
            name,
            pools,
            shared,
            kernel: uname::release(),
            asked: Asked::default(),
            registered: None,
            written: None,
            version: 0,
            is_doubtful: false,
        }
    }

    /// Follows the report and the object; never ends.
    pub async fn run(mut self) {
        let own = watcher::Config::default().fields(&format!("metadata.name={}", self.name));
        let mut objects = Watch::new(self.api.clone(), own);
        let mut tick = tokio::time::interval(WRITE);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let (mut wait, mut not_before) = (FIRST_RETRY, Instant::now());
        loop {
            tokio::select! {
                told = objects.next() => self.follow(told),
                _ = tick.tick() => {
                    if Instant::now() < not_before {
                        continue;
                    }
                    match self.write().await {
                        Ok(()) => wait = FIRST_RETRY,
                        Err(error) => {
                            if wait == FIRST_RETRY {
                                tracing::warn!(
                                    "cannot write TransitGateway {} ({error}); it is tried again",
                                    self.name
                                );
                            }
                            not_before = Instant::now() + wait;
                            wait = (wait * 2).min(LAST_RETRY);
                        }
                    }
                }
            }
        }
    }

    fn follow(&mut self, told: watcher::Result<Told<TransitGateway>>) {
        match told {
            Ok(Told::Event(watcher::Event::Apply(object) | watcher::Event::InitApply(object))) => {
                let asked = Asked {
                    generation: object.metadata.generation,
                    drain: object.spec.drain,
                };
                if asked.drain != self.asked.drain {
                    tracing::info!(drain = asked.drain, "spec.drain");
                }
                self.shared.lock().drain = Some(asked.drain);
                self.asked = asked;
                // From before: its times of transition stay. Or somebody else's.
                if self.written.is_none() || version(&object) > self.version {
                    self.written = object.status;
                }
            }
            Ok(Told::Event(watcher::Event::Delete(_))) => {
                tracing::warn!("TransitGateway {} was deleted and is made anew", self.name);
                self.begin_anew();
            }
            // What was written may be gone with what the cluster went back over.
            Ok(Told::Restored) => self.begin_anew(),
            Ok(Told::Event(watcher::Event::Init | watcher::Event::InitDone)) => {}
            Err(error) => {
                // It may be that nobody can read what somebody made of it.
                self.is_doubtful = true;
                tracing::debug!("own TransitGateway: {error}");
            }
        }
    }

    fn begin_anew(&mut self) {
        self.registered = None;
        self.written = None;
        self.asked = Asked::default();
    }

    async fn write(&mut self) -> Result<(), kube::Error> {
        match self.try_to_write().await {
            Err(kube::Error::Api(status)) if is_misfit(&status) => {
                tracing::warn!(
                    "the status of {} does not fit its definition; it is made anew",
                    self.name
                );
                let params = PatchParams {
                    field_manager: Some(MANAGER.to_owned()),
                    ..PatchParams::default()
                };
                let nothing = Patch::Merge(json!({"status": null}));
                self.api.patch_status(&self.name, &params, &nothing).await?;
                self.try_to_write().await
            }
            written => written,
        }
    }

    async fn try_to_write(&mut self) -> Result<(), kube::Error> {
        let report = self.shared.lock().clone();
        if report.vteps.is_empty() {
            // Nobody could send to it.
            return Ok(());
        }
        self.register(&report).await?;
        let before = self.written.as_ref().map_or(&[][..], |it| &it.conditions);
        let now = (&Time(Timestamp::now()), Instant::now());
        let new = status(&report, &self.kernel, self.asked, before, now);
        if self.written.as_ref() == Some(&new) && !self.is_doubtful {
            return Ok(());
        }
        let patch = json!({
            "apiVersion": isthmus_crds::API_VERSION,
            "kind": "TransitGateway",
            "metadata": {"name": self.name},
            "status": new,
        });
        let params = PatchParams::apply(MANAGER).force();
        let object = self
            .api
            .patch_status(&self.name, &params, &Patch::Apply(patch))
            .await?;
        self.version = version(&object);
        self.written = Some(new);
        self.is_doubtful = false;
        Ok(())
    }

    async fn register(&mut self, report: &Report) -> Result<(), kube::Error> {
        if self.registered.as_ref() == Some(&report.vteps) {
            return Ok(());
        }
        let patch = json!({
            "apiVersion": isthmus_crds::API_VERSION,
            "kind": "TransitGateway",
            "metadata": {"name": self.name},
            "spec": {"vteps": report.vteps, "pools": self.pools},
        });
        let params = PatchParams::apply(MANAGER).force();
        let object = self
            .api
            .patch(&self.name, &params, &Patch::Apply(patch))
            .await?;
        self.asked.generation = object.metadata.generation;
        self.registered = Some(report.vteps.clone());
        tracing::info!(name = self.name, vteps = ?report.vteps, pools = ?self.pools, "registered");
        Ok(())
    }
}

/// Versions of one object can be compared as numbers (Kubernetes, API concepts,
/// resource versions).
fn version(object: &TransitGateway) -> u64 {
    let version = object.metadata.resource_version.as_deref();
    version
        .and_then(|version| version.parse().ok())
        .unwrap_or_default()
}
