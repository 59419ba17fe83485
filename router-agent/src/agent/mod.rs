//! The agent's loop: folder, compiler, plan, tables, ports, next hops.

mod ports;
mod resolve;
mod sync;

use std::sync::Arc;
use std::time::{Duration, Instant};

use isthmus_tables::{GraceError, RcuGrace, TakeOverError, Writer};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::MissedTickBehavior;

use crate::cli::RunArgs;
use crate::dataplane::{Desired, KernelDataplane};
use crate::manifests::feed::{Feed, everything};
use crate::manifests::watch::Watcher;
use crate::netlink::dump::Kernel;
use crate::netlink::events::{Events, connect};
use crate::netlink::model::Event;
use crate::next_hops::decide::NextHops;
use crate::pins::bpffs::{BpffsError, prepare, raise_limits};
use crate::pins::generations::{GenerationError, adopt_or_create, newest, remove_others};
use crate::pins::lock::{Lock, LockError};
use crate::shared::Shared;

/// Neighbours are probed and ports retried this often.
const TEND: Duration = Duration::from_millis(500);
/// Notifications of the kernel are collected for this long.
const COLLECT: Duration = Duration::from_millis(20);

/// What ends the agent.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// No pin directory.
    #[error(transparent)]
    Bpffs(#[from] BpffsError),
    /// Another agent is there.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// No maps.
    #[error(transparent)]
    Maps(#[from] GenerationError),
    /// Maps that cannot be written.
    #[error(transparent)]
    TakeOver(#[from] TakeOverError),
    /// No grace periods.
    #[error(transparent)]
    Grace(#[from] GraceError),
    /// A socket or descriptor that the system did not give.
    #[error("{what}: {source}")]
    System {
        /// What was wanted.
        what: &'static str,
        /// The system's answer.
        source: std::io::Error,
    },
}

/// Everything that the loop holds.
pub struct Agent {
    args: RunArgs,
    shared: Shared,
    feed: Feed,
    desired: Desired,
    dataplane: KernelDataplane,
    kernel: Kernel,
    hops: NextHops,
    ports: ports::Ports,
    room_may_be: bool,
    other_generations: bool,
    _lock: Lock,
}

impl Agent {
    /// Takes the pin directory, finds or makes the maps, and becomes their
    /// writer. Nothing is changed in what is forwarded.
    ///
    /// # Errors
    ///
    /// See [`AgentError`].
    pub fn start(args: RunArgs, shared: Shared) -> Result<Self, AgentError> {
        raise_limits();
        let pin_dir = &args.pins.pin_dir;
        prepare(pin_dir)?;
        let lock = Lock::take(pin_dir)?;
        let mut hops = NextHops::default();
        if let Some((_, before)) = newest(pin_dir)? {
            resolve::adopt(&mut hops, &before);
        }
        let capacities = args.sizes.sizing().capacities();
        let (_, tables) = adopt_or_create(pin_dir, &capacities)?;
        let tables = Arc::new(tables);
        let (writer, recovery) =
            Writer::take_over(Arc::clone(&tables), Box::new(RcuGrace::new()?))?;
        let repaired = recovery.unsound + recovery.copies + recovery.unfinished;
        if repaired > 0 {
            tracing::warn!(?recovery, "the tables were not sound and are now");
        }
        let mut report = shared.lock();
        report.tables = Some(tables);
        report.repairs += recovery.unsound;
        report.ports = args.interfaces.len() as u64;
        drop(report);
        let kernel = connect().map_err(|source| AgentError::System {
            what: "rtnetlink",
            source,
        })?;
        Ok(Self {
            feed: Feed::new(&args.manifests),
            ports: ports::Ports::new(&args),
            args,
            shared,
            desired: Desired::default(),
            dataplane: KernelDataplane::new(writer),
            kernel,
            hops,
            room_may_be: false,
            other_generations: true,
            _lock: lock,
        })
    }

    /// Runs until SIGTERM or SIGINT; the router goes on forwarding after that.
    ///
    /// # Errors
    ///
    /// See [`AgentError`].
    pub async fn run(mut self) -> Result<(), AgentError> {
        let system = |what| move |source| AgentError::System { what, source };
        let mut terminate = signal(SignalKind::terminate()).map_err(system("SIGTERM"))?;
        let mut interrupt = signal(SignalKind::interrupt()).map_err(system("SIGINT"))?;
        let mut events = Events::subscribe().map_err(system("rtnetlink"))?;
        let mut watcher = Watcher::new(&self.args.manifests).map_err(system("inotify"))?;
        let every = Duration::from_secs(self.args.observe_every);
        let (mut observe, mut tend) = (tokio::time::interval(every), tokio::time::interval(TEND));
        observe.set_missed_tick_behavior(MissedTickBehavior::Delay);
        tend.set_missed_tick_behavior(MissedTickBehavior::Delay);
        observe.reset();

        let started = Instant::now();
        // Tables and next hops first: a port that is attached anew, or moved to
        // new maps, finds them filled.
        let mut looked = self.look(&everything());
        if looked {
            self.sync_all(false);
        }
        self.write_adopted();
        self.find_ports().await;
        self.resolve_all().await;
        self.tend_all().await;
        self.shared.lock().synced = looked;
        tracing::info!(ms = started.elapsed().as_millis(), "started");

        loop {
            tokio::select! {
                _ = terminate.recv() => break,
                _ = interrupt.recv() => break,
                hint = watcher.next() => {
                    let hint = hint.map_err(system("inotify"))?;
                    let before = looked;
                    looked = self.look(&hint) || before;
                    if looked && !before {
                        self.sync_all(false);
                        self.shared.lock().synced = true;
                    }
                    self.follow_hypervisors().await;
                }
                event = events.next() => {
                    let event = event.map_err(system("rtnetlink"))?;
                    self.notified(event, &mut events).await?;
                }
                _ = tend.tick() => {
                    self.retry_refused();
                    self.retry_ports().await;
                    self.probe().await;
                }
                _ = observe.tick() => {
                    if looked {
                        self.sync_all(true);
                    }
                    self.tend_all().await;
                }
            }
        }
        tracing::info!("stopped; the router goes on forwarding");
        Ok(())
    }

    async fn tend_all(&mut self) {
        self.tend_ports().await;
        self.resolve_all().await;
        self.probe().await;
        self.drop_other_generations();
    }

    /// Takes an event and those right behind it.
    async fn notified(&mut self, first: Event, events: &mut Events) -> Result<(), AgentError> {
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
            self.resolve_all().await;
        }
        self.write_next_hops();
        Ok(())
    }

    /// Once every port runs on the newest maps, older ones go.
    fn drop_other_generations(&mut self) {
        if !self.other_generations || !self.ports.all_attached() {
            return;
        }
        let pin_dir = &self.args.pins.pin_dir;
        let newest = crate::pins::generations::list(pin_dir)
            .ok()
            .and_then(|mut all| all.pop());
        let Some((_, newest)) = newest else { return };
        match remove_others(pin_dir, Some(&newest)) {
            Ok(removed) => {
                self.other_generations = false;
                if removed > 0 {
                    tracing::info!(removed, "older generations of maps removed");
                }
            }
            Err(error) => tracing::warn!("older maps stay: {error}"),
        }
    }
}
