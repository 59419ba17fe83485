//! The slicer: what goes in, what comes out.

use std::collections::{BTreeSet, HashMap};

use ipnet::IpNet;
use isthmus_crds::{ForwardingSlice, MAX_SLICE_ENTRIES, PeeringSlice, Vni};

use super::adopt::{Found, Observed};
use super::fingerprint::Fingerprints;
use super::held::Held;
use super::homes::Homes;
use super::name::stem;
use super::placed::{Placed, pools};
use super::shelf::Shelf;
use super::write::{Plan, SliceKey, SliceKind};
use crate::accepted::AcceptedVpc;
use crate::changes::{Changes, MemberId};
use crate::compiler::Compiler;
use crate::entries::{EntryChange, RouteKey};
use crate::member_set::MemberSet;
use crate::peers::other;
use crate::rank::Name;

/// What slices are filled to; the API allows [`MAX_SLICE_ENTRIES`] at most. A
/// slice that already has more keeps what it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SliceLimits {
    /// Members of a ForwardingSlice.
    pub members: usize,
    /// Routes of a PeeringSlice.
    pub routes: usize,
}

impl Default for SliceLimits {
    fn default() -> Self {
        Self {
            members: 100,
            routes: MAX_SLICE_ENTRIES,
        }
    }
}

/// Decides which slice each entry is in, and knows what is written.
///
/// Everything that a compiler tells in [`Changes`] is to be noted before the
/// next [`Slicer::plan`] that is given it. A compiler that only knows part of
/// what there is makes a plan that deletes the rest: the first plan is made when
/// all objects and all slices were listed.
#[derive(Debug)]
pub struct Slicer {
    pub(super) fingerprints: Fingerprints,
    pub(super) vpcs: HashMap<Name, Placed>,
    pub(super) forwarding: Shelf<MemberId>,
    pub(super) peering: Shelf<IpNet>,
    pub(super) homes: Homes,
    pub(super) found_forwarding: Observed<Box<str>>,
    pub(super) found_peering: Observed<IpNet>,
    noted: Noted,
}

/// What the compiler told since the last plan.
#[derive(Debug, Default)]
struct Noted {
    vpcs: BTreeSet<Name>,
    members: MemberSet,
    routes: BTreeSet<RouteKey>,
}

impl Slicer {
    /// Knows of no slice.
    #[must_use]
    pub fn new(limits: SliceLimits) -> Self {
        Self {
            fingerprints: Fingerprints::default(),
            vpcs: HashMap::new(),
            forwarding: Shelf::new(limits.members),
            peering: Shelf::new(limits.routes),
            homes: Homes::default(),
            found_forwarding: Observed::default(),
            found_peering: Observed::default(),
            noted: Noted::default(),
        }
    }

    /// Takes in a slice that is there, as a list or a watch tells of it. Which
    /// members are in it stays as it is as far as the compiler knows them and
    /// no other slice has them; what differs from what the compiler says is
    /// mended by the next plan. An observation that is not newer than what is
    /// known, such as that of an own write, changes nothing.
    pub fn observe_forwarding(&mut self, slice: &ForwardingSlice) {
        let Some(name) = slice.metadata.name.as_deref() else {
            return;
        };
        let held = Held {
            resource_version: version(slice.metadata.resource_version.as_deref()),
            fingerprint: Some(self.fingerprints.of_forwarding(slice)),
        };
        if let Some(id) = self.forwarding.id(name) {
            self.forwarding.saw(id, held);
            return;
        }
        let members = slice.spec.members.iter();
        let found = Found {
            vni: slice.spec.vni,
            vpc: slice.spec.vpc.clone(),
            entries: members.map(|member| member.name.as_str().into()).collect(),
            held,
        };
        self.found_forwarding.put(name, found);
    }

    /// As [`Self::observe_forwarding`].
    pub fn observe_peering(&mut self, slice: &PeeringSlice) {
        let Some(name) = slice.metadata.name.as_deref() else {
            return;
        };
        let held = Held {
            resource_version: version(slice.metadata.resource_version.as_deref()),
            fingerprint: Some(self.fingerprints.of_peering(slice)),
        };
        if let Some(id) = self.peering.id(name) {
            self.peering.saw(id, held);
            return;
        }
        let routes = slice.spec.routes.iter();
        let found = Found {
            vni: slice.spec.vni,
            vpc: slice.spec.vpc.clone(),
            entries: routes.map(|route| route.prefix.net()).collect(),
            held,
        };
        self.found_peering.put(name, found);
    }

    /// Puts what is known of a slice in doubt: what is observed of it next counts,
    /// whatever its version. That is for what a full list or a read has, which may
    /// be of a cluster that was restored from a backup.
    pub fn doubt(&mut self, key: &SliceKey) {
        match (key.kind, self.id(key)) {
            (SliceKind::Peering, Some(id)) => self.peering.doubt(id),
            (SliceKind::Forwarding, Some(id)) => self.forwarding.doubt(id),
            (SliceKind::Peering, None) => self.found_peering.remove(&key.name),
            (SliceKind::Forwarding, None) => self.found_forwarding.remove(&key.name),
        }
    }

    /// Takes in that a slice was seen to be gone as of a version, that of the
    /// watch event; `None` says that a read found nothing although no write was
    /// on its way. A slice that is needed is written again.
    pub fn observe_gone(&mut self, key: &SliceKey, resource_version: Option<&str>) {
        let resource_version = resource_version.map(|text| version(Some(text)));
        match (key.kind, self.id(key)) {
            (SliceKind::Peering, Some(id)) => self.peering.missed(id, resource_version),
            (SliceKind::Forwarding, Some(id)) => self.forwarding.missed(id, resource_version),
            (SliceKind::Peering, None) => self.found_peering.remove(&key.name),
            (SliceKind::Forwarding, None) => self.found_forwarding.remove(&key.name),
        }
    }

    /// Notes what changed in the compiler, at a cost of what changed.
    pub fn note(&mut self, changes: &Changes) {
        for change in &changes.members {
            if change.is_accepted {
                self.noted.members.insert(change.id);
            } else {
                // The number may be another member's next.
                self.noted.members.remove(change.id);
                self.take_home(change.id);
            }
        }
        self.noted.vpcs.extend(changes.vpcs.iter().map(Name::from));
        let routes = changes.entries.iter().filter_map(|entry| match entry {
            EntryChange::Route(key, _) => Some(*key),
            EntryChange::Member(..) => None,
        });
        self.noted.routes.extend(routes);
    }

    /// Notes everything that a compiler holds: for a slicer that did not follow
    /// it from the start.
    pub fn note_everything(&mut self, compiler: &Compiler) {
        let names = compiler.networks.keys().map(|name| (**name).clone());
        self.noted.vpcs.extend(names);
    }

    /// What is to be written now: at most `max` slices that no write is on its
    /// way for. Each of the writes is to be answered by [`Self::written`],
    /// [`Self::deleted`] or [`Self::failed`]; what changes until then is of a
    /// later plan.
    pub fn plan(&mut self, compiler: &Compiler, max: usize) -> Plan {
        let relabel = self.settle_vpcs(compiler);
        self.adopt(compiler);
        self.settle_members(compiler);
        self.settle_routes(compiler);
        for name in relabel {
            self.relabel(compiler, &name);
        }
        for (member, home) in self.forwarding.merge() {
            self.homes.set(member, Some(home));
        }
        self.peering.merge();
        self.emit(compiler, max)
    }

    /// A slice was applied; the version is that of the answer.
    pub fn written(&mut self, key: &SliceKey, resource_version: &str) {
        let version = Some(version(Some(resource_version)));
        match (key.kind, self.id(key)) {
            (SliceKind::Peering, Some(id)) => self.peering.landed(id, version),
            (SliceKind::Forwarding, Some(id)) => self.forwarding.landed(id, version),
            (_, None) => {}
        }
    }

    /// A slice was deleted, or was not there.
    pub fn deleted(&mut self, key: &SliceKey) {
        match (key.kind, self.id(key)) {
            (SliceKind::Peering, Some(id)) => self.peering.landed(id, None),
            (SliceKind::Forwarding, Some(id)) => self.forwarding.landed(id, None),
            (_, None) => {}
        }
    }

    /// A write failed, or it is not known whether it did. The next plan has it
    /// again, based on what was observed by then.
    pub fn failed(&mut self, key: &SliceKey) {
        match (key.kind, self.id(key)) {
            (SliceKind::Peering, Some(id)) => self.peering.failed(id),
            (SliceKind::Forwarding, Some(id)) => self.forwarding.failed(id),
            (_, None) => {}
        }
    }

    /// The slices that are believed to be there. What a full list does not have
    /// of these is to be read, and observed as gone where it is.
    pub fn known(&self) -> impl Iterator<Item = SliceKey> {
        let peering =
            (self.peering.known().chain(self.found_peering.names())).map(|name| SliceKey {
                kind: SliceKind::Peering,
                name,
            });
        let forwarding =
            (self.forwarding.known().chain(self.found_forwarding.names())).map(|name| SliceKey {
                kind: SliceKind::Forwarding,
                name,
            });
        peering.chain(forwarding)
    }

    fn id(&self, key: &SliceKey) -> Option<u32> {
        match key.kind {
            SliceKind::Peering => self.peering.id(&key.name),
            SliceKind::Forwarding => self.forwarding.id(&key.name),
        }
    }

    fn take_home(&mut self, member: MemberId) {
        if let Some(home) = self.homes.get(member) {
            self.forwarding.remove(home, member);
            self.homes.set(member, None);
        }
    }

    /// Opens and closes the rows of VPCs; gives those whose labels are to be
    /// looked at.
    fn settle_vpcs(&mut self, compiler: &Compiler) -> BTreeSet<Name> {
        let noted = std::mem::take(&mut self.noted.vpcs);
        let mut relabel = noted.clone();
        for name in noted {
            let new = compiler.vpc_of(&name);
            let old = self.vpcs.get_mut(&name);
            match (old, new) {
                (None, None) => continue,
                (Some(old), Some(new)) if old.is_of(&new) => {
                    let is_moved = old.vpc.pool != new.pool;
                    old.vpc = new;
                    if !is_moved {
                        continue;
                    }
                    self.note_contents(compiler, &name);
                }
                (old, new) => {
                    if old.is_some() {
                        self.close(&name);
                    }
                    if let Some(new) = new {
                        self.open(compiler, &name, new);
                    }
                }
            }
            let pairs = compiler.pairs_in_force(&name);
            relabel.extend(pairs.map(|pair| other(pair, &name).clone()));
        }
        relabel
    }

    fn open(&mut self, compiler: &Compiler, name: &Name, vpc: AcceptedVpc) {
        let stem = stem(&vpc);
        self.forwarding.open(name, stem.clone());
        self.peering.open(name, stem);
        self.vpcs.insert(name.clone(), Placed::new(vpc));
        self.note_contents(compiler, name);
    }

    /// Has members and routes of a VPC looked at: they are to come to gateways
    /// that had none of them.
    fn note_contents(&mut self, compiler: &Compiler, name: &Name) {
        if let Some(network) = compiler.networks.get(name) {
            self.noted.members.append(&mut network.members.clone());
        }
        // Those of the peers say who this one is.
        for pair in compiler.pairs_in_force(name) {
            let keys = pair.routes.iter().map(|(key, _)| *key);
            self.noted.routes.extend(keys);
        }
    }

    fn close(&mut self, name: &Name) {
        self.vpcs.remove(name);
        self.peering.close(name);
        for member in self.forwarding.close(name) {
            self.homes.set(member, None);
            self.noted.members.insert(member);
        }
    }

    fn settle_members(&mut self, compiler: &Compiler) {
        for member in std::mem::take(&mut self.noted.members).iter() {
            let Some((record, _)) = compiler.emitted_member(member) else {
                self.take_home(member);
                continue;
            };
            let vpc: &Name = &record.vpc;
            if let Some(home) = self.homes.get(member) {
                let slice = self.forwarding.slices.get(home);
                if slice.is_some_and(|slice| slice.vpc.as_ref() == Some(vpc)) {
                    self.forwarding.touch(home, member);
                    continue;
                }
                self.take_home(member);
            }
            let home = self.forwarding.place(vpc, member);
            self.homes.set(member, home);
        }
    }

    fn settle_routes(&mut self, compiler: &Compiler) {
        for key in std::mem::take(&mut self.noted.routes) {
            let holder = compiler.holder_of(key.vni);
            // Those of a VPC that had the VNI before went with it.
            let Some(vpc) = holder.filter(|vpc| self.is_placed_at(vpc, key.vni)) else {
                continue;
            };
            let home = self.peering.find(vpc, &key.prefix);
            let is_there = compiler.route_of(vpc, key).is_some();
            match (home, is_there) {
                (Some(home), true) => self.peering.touch(home, key.prefix),
                (Some(home), false) => self.peering.remove(home, key.prefix),
                (None, true) => {
                    self.peering.place(vpc, key.prefix);
                }
                (None, false) => {}
            }
        }
    }

    fn is_placed_at(&self, vpc: &Name, vni: Vni) -> bool {
        let placed = self.vpcs.get(vpc);
        placed.is_some_and(|placed| placed.vpc.vni == vni)
    }

    fn relabel(&mut self, compiler: &Compiler, name: &Name) {
        let Some(placed) = self.vpcs.get_mut(name) else {
            return;
        };
        let (pools, needed_by) = pools(compiler, name, placed);
        if placed.pools != pools {
            placed.pools = pools;
            self.forwarding.relabel(name, &needed_by);
            self.peering.relabel(name, &needed_by);
        }
    }
}

/// Of what is no number, the oldest.
fn version(text: Option<&str>) -> u64 {
    text.and_then(|text| text.parse().ok()).unwrap_or(0)
}
