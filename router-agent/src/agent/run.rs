//! The loop.

use std::time::{Duration, Instant};

use kube::Client;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::{self, Sender};
use tokio::time::MissedTickBehavior;

use super::input::Source;
use super::{Agent, AgentError, resolve};
use crate::cluster::registration::Registration;
use crate::cluster::watch;
use crate::manifests::watch::Watcher;
use crate::netlink::events::Events;
use crate::netlink::model::Event;
use crate::pins::generations::{list, remove_others};

/// Neighbours are probed and ports retried this often.
const TEND: Duration = Duration::from_millis(500);
/// Notifications of the kernel are collected for this long.
const COLLECT: Duration = Duration::from_millis(20);
/// The first next hops have this long before the gateway is ready without them.
const RESOLVE: Duration = Duration::from_secs(2);

impl Agent {
    /// Runs until SIGTERM or SIGINT; the router goes on forwarding after that.
    /// Without a folder of manifests, the client is of the cluster to follow.
    ///
    /// # Errors
    ///
    /// See [`AgentError`].
    pub async fn run(mut self, client: Option<Client>) -> Result<(), AgentError> {
        let system = |what| move |source| AgentError::System { what, source };
        let mut terminate = signal(SignalKind::terminate()).map_err(system("SIGTERM"))?;
        let mut interrupt = signal(SignalKind::interrupt()).map_err(system("SIGINT"))?;
        let mut events = Events::subscribe().map_err(system("rtnetlink"))?;
        let mut source = self.source(client).map_err(system("inotify"))?;
        let every = Duration::from_secs(self.args.observe_every);
        let (mut observe, mut tend) = (tokio::time::interval(every), tokio::time::interval(TEND));
        observe.set_missed_tick_behavior(MissedTickBehavior::Delay);
        tend.set_missed_tick_behavior(MissedTickBehavior::Delay);
        observe.reset();

        let (to_audit, mut readings) = mpsc::channel(1);
        let (to_hops, mut answers) = mpsc::channel(1);

        let started = Instant::now();
        // Tables and next hops first: a port that is attached anew, or moved to
        // new maps, finds them filled.
        self.take_first();
        self.write_adopted();
        self.find_ports().await;
        self.resolve_all(&to_hops).await;
        self.follow_hypervisors().await;
        self.tend_ports().await;
        self.follow_hypervisors().await;
        self.drop_other_generations();
        self.shared.lock().resolved_by = Some(started + RESOLVE);
        self.shared.lock().synced = self.is_complete;
        tracing::info!(ms = started.elapsed().as_millis(), "started");

        loop {
            tokio::select! {
                _ = terminate.recv() => break,
                _ = interrupt.recv() => break,
                news = source.next() => {
                    let was_complete = self.is_complete;
                    self.take(news.map_err(system("inotify"))?);
                    self.follow_hypervisors().await;
                    if self.is_complete && !was_complete {
                        self.tend_ports().await;
                        self.drop_other_generations();
                        self.shared.lock().synced = true;
                    }
                }
                event = events.next() => {
                    let event = event.map_err(system("rtnetlink"))?;
                    self.notified(event, &mut events, &to_hops).await?;
                }
                _ = tend.tick() => {
                    self.tell_liveness();
                    self.retry_refused();
                    self.retry_ports().await;
                    self.follow_hypervisors().await;
                    self.probe().await;
                }
                _ = observe.tick() => {
                    if self.is_complete {
                        self.begin_audit(&to_audit);
                    }
                    self.room_may_be = true;
                    self.tend_ports().await;
                    self.resolve_all(&to_hops).await;
                    self.probe().await;
                    self.drop_other_generations();
                }
                Some(paths) = answers.recv() => self.take_paths(paths, &to_hops).await,
                Some(reading) = readings.recv() => self.take_reading(reading),
                () = tokio::task::yield_now(), if self.comparing => {
                    self.compare_piece();
                    self.follow_hypervisors().await;
                }
            }
        }
        tracing::info!("stopped; the router goes on forwarding");
        Ok(())
    }

    /// Starts to follow the folder or the cluster.
    fn source(&self, client: Option<Client>) -> std::io::Result<Source> {
        match (&self.args.manifests, client) {
            (Some(folder), _) => {
                // Nobody can ask for it.
                self.shared.lock().drain = Some(false);
                Ok(Source::Folder(Watcher::new(folder)?))
            }
            (None, Some(client)) => {
                let pools = self.args.cluster.pools();
                let name = self.args.cluster.node_name()?;
                let slices = watch::start(&client, &pools);
                let registration = Registration::new(&client, name, pools, self.shared.clone());
                tokio::spawn(registration.run());
                Ok(Source::Slices(slices))
            }
            (None, None) => Err(std::io::Error::other("neither a folder nor a cluster")),
        }
    }

    /// Takes an event and those right behind it.
    async fn notified(
        &mut self,
        first: Event,
        events: &mut Events,
        to_hops: &Sender<resolve::Paths>,
    ) -> Result<(), AgentError> {
        let (mut links, mut routes, mut lost) = (false, false, false);
        let mut next = Some(first);
        let until = tokio::time::Instant::now() + COLLECT;
        while let Some(event) = next {
            match event {
                Event::Links => links = true,
                Event::Routes => routes = true,
                Event::Lost => lost = true,
                Event::Neighbour(key, neighbour) => self.hops.set_neighbour(key, neighbour),
            }
            next = match tokio::time::timeout_at(until, events.next()).await {
                Err(_) => None,
                Ok(event) => Some(event.map_err(|source| AgentError::System {
                    what: "rtnetlink",
                    source,
                })?),
            };
        }
        if links || lost {
            self.tend_ports().await;
        }
        if links || routes || lost {
            self.resolve_all(to_hops).await;
        }
        self.follow_hypervisors().await;
        Ok(())
    }

    /// Once every port runs on the newest maps, older ones go. While it is not
    /// known what those are to hold, no port runs on them.
    pub(super) fn drop_other_generations(&mut self) {
        if !self.other_generations || !self.is_complete || !self.ports.all_attached() {
            return;
        }
        let pin_dir = &self.args.pins.pin_dir;
        let newest = list(pin_dir).ok().and_then(|mut all| all.pop());
        let Some((_, newest)) = newest else { return };
        match remove_others(pin_dir, Some(&newest)) {
            Ok(removed) => {
                self.other_generations = !removed.failed.is_empty();
                if removed.generations > 0 {
                    let removed = removed.generations;
                    tracing::info!(removed, "older generations of maps removed");
                }
                for line in removed.failed {
                    tracing::warn!("older maps stay: {line}");
                }
                for line in removed.foreign {
                    tracing::warn!("left in place, for it is not ours: {line}");
                }
            }
            Err(error) => tracing::warn!("older maps stay: {error}"),
        }
    }
}
