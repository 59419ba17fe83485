//! What the operator knows: the objects, what follows from them, and what the
//! API server is known to hold of that. Pure: news of watches and answers to
//! writes go in, writes come out.
//!
//! A round is: [`World::take`] what watches told, [`World::plan_slices`] until
//! nothing is due, then [`World::plan_statuses`]. Each write that was planned is
//! to be answered. A world that is not asked for plans (that of a standby) stays
//! ready to be.

mod agenda;
mod conclude;
mod follow;
mod intake;
mod ledger;
mod lists;
mod pools;
mod progress;
mod slices;
mod statuses;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use isthmus_compiler::slices::{SliceKey, SliceLimits, Slicer};
use isthmus_compiler::{AcceptedVpc, Compiler, Kind, MemberId, ObjectName};

use crate::intake::Source;
use agenda::Agenda;
use ledger::Ledger;
use lists::Lists;
use pools::Pools;
use progress::Carriage;

pub use statuses::{Announcement, StatusWrite};

/// See the module.
#[derive(Debug)]
pub struct World {
    compiler: Compiler,
    slicer: Slicer,
    lists: Lists,
    ledger: Ledger,
    pools: Pools,
    carriage: Carriage,
    agenda: Agenda,
    /// The accepted Vpcs as members' progress knows them.
    vpcs: HashMap<ObjectName, AcceptedVpc>,
    /// Members that wait for their pool's gateways to reach a version.
    waiting: HashMap<Arc<str>, BTreeMap<u64, Vec<MemberId>>>,
    /// Accepted peerings that some gateway does not have yet.
    pending: BTreeSet<ObjectName>,
    /// UIDs of the slices that are there.
    uids: HashMap<SliceKey, Box<str>>,
    /// Slices that a full list did not have.
    missing: BTreeSet<SliceKey>,
    /// Slices that a full list did not have while a write was on its way.
    doubtful: BTreeSet<SliceKey>,
    /// Whether a plan was made since the lists are complete.
    has_planned: bool,
}

impl World {
    /// Knows nothing, and fills slices to these limits.
    #[must_use]
    pub fn new(limits: SliceLimits) -> Self {
        Self {
            compiler: Compiler::new(),
            slicer: Slicer::new(limits),
            lists: Lists::default(),
            ledger: Ledger::default(),
            pools: Pools::default(),
            carriage: Carriage::default(),
            agenda: Agenda::default(),
            vpcs: HashMap::new(),
            waiting: HashMap::new(),
            pending: BTreeSet::new(),
            uids: HashMap::new(),
            missing: BTreeSet::new(),
            doubtful: BTreeSet::new(),
            has_planned: false,
        }
    }

    /// Whether every kind was listed, so that plans can be made.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.lists.are_complete()
    }

    /// The kinds that no full list was seen of yet.
    pub fn missing_lists(&self) -> impl Iterator<Item = Source> {
        self.lists.missing()
    }

    /// Number of objects of each kind and state of verdict; those that cannot
    /// be read are `Malformed`.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<(Kind, &'static str), u64> {
        let mut counts = self.compiler.counts().clone();
        for object in self.ledger.malformed.keys() {
            *counts.entry((object.kind, "Malformed")).or_default() += 1;
        }
        counts
    }

    /// Statuses that may have to be written, and those on their way.
    #[must_use]
    pub fn queue_depth(&self) -> usize {
        self.agenda.len()
    }
}
