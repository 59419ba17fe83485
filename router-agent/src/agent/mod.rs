//! The agent: what is wanted, plan, tables, ports, next hops, in one loop.

mod audit;
mod error;
mod input;
mod ports;
mod resolve;
mod run;
mod sync;

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use isthmus_tables::{RcuGrace, Writer};

use crate::cli::RunArgs;
use crate::cluster::received::Received;
use crate::dataplane::{Audit, Desired, KernelDataplane, Touched};
use crate::manifests::feed::Feed;
use crate::netlink::dump::Kernel;
use crate::netlink::events::connect;
use crate::next_hops::decide::NextHops;
use crate::pins::bpffs::{prepare, raise_limits};
use crate::pins::generations::{adopt_or_create, newest};
use crate::pins::lock::Lock;
use crate::shared::Shared;

pub use error::AgentError;
use input::Input;

/// Everything that the loop holds.
pub struct Agent {
    args: RunArgs,
    shared: Shared,
    input: Input,
    /// Whether everything wanted was known once: before that, nothing is taken
    /// away and no port is moved to new maps.
    is_complete: bool,
    /// Whether the maps were there before.
    is_adopted: bool,
    desired: Desired,
    dataplane: KernelDataplane,
    kernel: Kernel,
    hops: NextHops,
    ports: ports::Ports,
    /// Hypervisors that changes have touched and `hops` does not know of yet.
    touched_hypervisors: BTreeSet<IpAddr>,
    /// Whether the kernel is being asked for paths, and whether it is to be
    /// asked once more after that.
    asking: bool,
    ask_again: bool,
    /// Entries that did not fit or were refused.
    refused: Touched,
    /// Of these, what is still to be tried once more.
    again: Touched,
    room_may_be: bool,
    audit: Option<Audit>,
    /// Whether the audit has its reading.
    comparing: bool,
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
        let (tables, is_adopted) = adopt_or_create(pin_dir, &capacities)?;
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
            input: match &args.manifests {
                Some(folder) => {
                    Input::Folder(Box::new(Feed::with_last_good(folder, &args.state_dir)))
                }
                None => Input::Slices(Box::new(Received::new(args.cluster.pools()))),
            },
            is_complete: false,
            is_adopted,
            ports: ports::Ports::new(&args),
            args,
            shared,
            desired: Desired::default(),
            dataplane: KernelDataplane::new(writer),
            kernel,
            hops,
            touched_hypervisors: BTreeSet::new(),
            asking: false,
            ask_again: false,
            refused: Touched::default(),
            again: Touched::default(),
            room_may_be: false,
            audit: None,
            comparing: false,
            other_generations: true,
            _lock: lock,
        })
    }
}
