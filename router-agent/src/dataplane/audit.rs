//! Whether the tables hold what is desired, found out without holding anybody
//! up: the tables are read beside their writer, and what was read is compared
//! piece by piece, while both go on changing. What changes meanwhile is left
//! out: it has just been written.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;
use std::net::IpAddr;

use ipnet::IpNet;
use isthmus_tables::{Label, SysError, Tables};

use super::desired::{Desired, Touched};
use super::operation::MemberId;
use super::routes::Routes;

/// MAC and hypervisor of a member as the router takes it; nothing that can be
/// desired where it does not take it so as it is listed.
type Place = (u64, Option<IpAddr>);

/// What tables held while they were read.
#[derive(Debug, Default)]
pub struct Reading {
    members: Vec<(MemberId, Place)>,
    vpcs: Vec<(u32, Routes)>,
    /// Whether it is answered.
    hypervisors: Vec<(IpAddr, bool)>,
    labels: Vec<(Label, ())>,
    /// Prefixes of nobody, and who is answered and no hypervisor.
    of_nobody: u64,
}

impl Reading {
    /// Reads tables, which their writer may be changing.
    ///
    /// # Errors
    ///
    /// The kernel's answer.
    pub fn take(tables: &Tables) -> Result<Self, SysError> {
        let mut reading = Self {
            of_nobody: tables.prefixes_of_nobody()?,
            ..Self::default()
        };
        let mut vteps = vec![None; 1 << 16];
        let mut answered = tables.answered()?;
        for hypervisor in tables.hypervisors() {
            vteps[usize::from(hypervisor.index)] = Some(hypervisor.vtep);
            let index = answered.remove(&hypervisor.vtep);
            let is_answered = index == Some(u32::from(hypervisor.index));
            reading.hypervisors.push((hypervisor.vtep, is_answered));
        }
        reading.of_nobody += answered.len() as u64;
        let place =
            |word: isthmus_abi::MemberWord| (word.mac(), vteps[usize::from(word.hypervisor())]);
        for member in tables.members() {
            let id = MemberId {
                vni: member.vni,
                prefix: member.address.into(),
            };
            let taken = tables.finds(&member).then(|| place(member.word));
            reading.members.push((id, taken.unwrap_or_default()));
        }
        for prefix in tables.prefixes()? {
            let net = IpNet::new(prefix.address, prefix.length);
            let id = net.map(|prefix_net| MemberId {
                vni: prefix.vni,
                prefix: prefix_net,
            });
            reading
                .members
                .extend(id.map(|id| (id, place(prefix.word))));
        }
        let labels: HashMap<u32, Label> = tables.labels().collect();
        for (vni, block) in tables.routes() {
            let routes =
                block.map(|block| Routes::from_block(&block, |index| labels.get(&index).cloned()));
            reading.vpcs.push((vni, routes.unwrap_or_default()));
        }
        reading.labels = labels.into_values().map(|label| (label, ())).collect();
        // An entry that makes room for another is there twice for a moment.
        reading.members.sort_unstable();
        reading.members.dedup();
        reading.vpcs.sort_unstable_by_key(|(vni, _)| *vni);
        reading.vpcs.dedup();
        reading.hypervisors.sort_unstable();
        reading.labels.sort_unstable();
        Ok(reading)
    }
}

/// What an audit found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finding {
    /// The tables hold what they should.
    Sound,
    /// They do not.
    Drifted,
}

/// A comparison under way.
#[derive(Debug, Default)]
pub struct Audit {
    members: Walk<MemberId, Place>,
    vpcs: Walk<u32, Routes>,
    hypervisors: Walk<IpAddr, bool>,
    labels: Walk<Label, ()>,
    drifted: bool,
}

impl Audit {
    /// Begins one, before the tables are read. `except`: what is known not to
    /// be in the tables.
    #[must_use]
    pub fn begin(except: &Touched) -> Self {
        let mut audit = Self::default();
        audit.note(except);
        audit
    }

    /// Leaves out what a change has touched; to be told of each since
    /// [`Self::begin`], before the next [`Self::step`].
    pub fn note(&mut self, changed: &Touched) {
        changed.members.iter().for_each(|id| self.members.note(id));
        changed.vpcs.iter().for_each(|vni| self.vpcs.note(vni));
        changed
            .hypervisors
            .iter()
            .for_each(|vtep| self.hypervisors.note(vtep));
        changed
            .labels
            .iter()
            .for_each(|label| self.labels.note(label));
    }

    /// Takes what was read.
    pub fn compare(&mut self, reading: Reading) {
        self.members.held = reading.members;
        self.vpcs.held = reading.vpcs;
        self.hypervisors.held = reading.hypervisors;
        self.labels.held = reading.labels;
        self.drifted |= reading.of_nobody > 0;
    }

    /// Compares up to `count` more entries of each kind; the finding once
    /// there is one.
    pub fn step(&mut self, desired: &Desired, count: usize) -> Option<Finding> {
        let equal = self.members.step(count, |id, place| {
            let wanted = desired.member(id);
            wanted.is_some_and(|wanted| (wanted.mac, Some(wanted.hypervisor)) == *place)
        }) && self.vpcs.step(count, |vni, routes| {
            !routes.is_empty() && desired.routes(*vni).is_ok_and(|wanted| wanted == *routes)
        }) && self.hypervisors.step(count, |vtep, is_answered| {
            *is_answered && desired.has_hypervisor(*vtep)
        }) && self
            .labels
            .step(count, |label, ()| desired.has_label(label));
        if self.drifted || !equal {
            return Some(Finding::Drifted);
        }
        let done = self.members.is_done()
            && self.vpcs.is_done()
            && self.hypervisors.is_done()
            && self.labels.is_done();
        if !done {
            return None;
        }
        let complete = self
            .members
            .is_complete(desired.member_count(), |id| desired.member(id).is_some())
            && self
                .vpcs
                .is_complete(desired.vpc_count(), |vni| desired.has_routes(*vni))
            && self
                .hypervisors
                .is_complete(desired.hypervisor_count(), |vtep| {
                    desired.has_hypervisor(*vtep)
                })
            && self
                .labels
                .is_complete(desired.label_count(), |label| desired.has_label(label));
        Some(if complete {
            Finding::Sound
        } else {
            Finding::Drifted
        })
    }
}

/// Entries of one kind.
#[derive(Debug)]
struct Walk<K, V> {
    /// In order of the key.
    held: Vec<(K, V)>,
    /// How many were looked at.
    next: usize,
    /// Of these, how many are as desired and still not left out.
    matched: usize,
    left_out: HashSet<K>,
}

impl<K, V> Default for Walk<K, V> {
    fn default() -> Self {
        Self {
            held: Vec::new(),
            next: 0,
            matched: 0,
            left_out: HashSet::new(),
        }
    }
}

impl<K: Clone + Ord + Hash, V> Walk<K, V> {
    fn note(&mut self, key: &K) {
        if !self.left_out.insert(key.clone()) {
            return;
        }
        let place = self.held.binary_search_by(|(held, _)| held.cmp(key));
        if place.is_ok_and(|place| place < self.next) {
            self.matched -= 1;
        }
    }

    /// Whether all that was looked at is as desired.
    fn step(&mut self, count: usize, is_desired: impl Fn(&K, &V) -> bool) -> bool {
        let end = self.held.len().min(self.next + count);
        for (key, value) in &self.held[self.next..end] {
            if self.left_out.contains(key) {
                continue;
            }
            if !is_desired(key, value) {
                return false;
            }
            self.matched += 1;
        }
        self.next = end;
        true
    }

    fn is_done(&self) -> bool {
        self.next == self.held.len()
    }

    /// Whether nothing of the `desired` entries is missing.
    fn is_complete(&self, desired: usize, is_desired: impl Fn(&K) -> bool) -> bool {
        let left_out = self.left_out.iter().filter(|key| is_desired(key)).count();
        desired - left_out == self.matched
    }
}
