//! Peering objects: what is kept of each, and which pair each belongs to.

use ipnet::IpNet;
use isthmus_crds::{Cidr, MAX_PEERING_PREFIXES, VpcPeering};

use crate::compiler::Compiler;
use crate::object::Kind;
use crate::pairs::Pair;
use crate::prefixes::covers;
use crate::rank::{Name, Rank};
use crate::verdict::{Explanation, Reason, Verdict};
use crate::vpcs::{VpcRecord, size_fault};

/// What is kept of a peering.
#[derive(Debug)]
pub(crate) struct Peering {
    pub(crate) rank: Rank,
    /// The own VPC.
    pub(crate) own: Name,
    /// The peer's VPC.
    pub(crate) peer: Name,
    pub(crate) exports: Option<Box<[IpNet]>>,
    pub(crate) imports: Option<Box<[IpNet]>>,
    pub(crate) verdict: Verdict,
    /// `None` of a peering with itself.
    pub(crate) pair: Option<u32>,
}

impl Peering {
    /// What is wrong with its prefixes, whatever the peer does.
    pub(crate) fn fault_in(&self, own: &VpcRecord) -> Option<Box<Explanation>> {
        let lists = [
            ("spec.exportPrefixes", &self.exports),
            ("spec.importPrefixes", &self.imports),
        ];
        for (field, list) in lists {
            let len = list.as_ref().map(|list| list.len());
            let fault = len.and_then(|len| size_fault(field, len, 1..=MAX_PEERING_PREFIXES));
            if fault.is_some() {
                return fault;
            }
        }
        let exports = self.exports.as_deref().unwrap_or_default();
        let (i, net) = exports
            .iter()
            .enumerate()
            .find(|(_, net)| !covers(&own.cidrs, net))?;
        let message = format!(
            "spec.exportPrefixes[{i}] {net} is not inside the CIDRs of Vpc {}",
            own.rank.name
        );
        Some(Explanation::new(Reason::ExportNotOwned, message))
    }
}

impl Compiler {
    pub(crate) fn put_peering(&mut self, name: Name, peering: &VpcPeering) {
        let nets = |list: &Option<Vec<Cidr>>| -> Option<Box<[IpNet]>> {
            list.as_ref()
                .map(|list| list.iter().map(|cidr| cidr.net()).collect())
        };
        let spec = &peering.spec;
        let own = Name {
            namespace: name.namespace.clone(),
            name: spec.vpc.as_str().into(),
        };
        let namespace = spec
            .peer
            .namespace
            .as_deref()
            .map_or(name.namespace.clone(), Into::into);
        let peer = Name {
            namespace,
            name: spec.peer.name.as_str().into(),
        };
        let record = Peering {
            rank: Rank::new(&peering.metadata, name.clone()),
            exports: nets(&spec.export_prefixes),
            imports: nets(&spec.import_prefixes),
            verdict: self_peering(&own, &peer),
            pair: None,
            own,
            peer,
        };
        let old = self
            .peering_ids
            .get(&name)
            .and_then(|id| self.peerings.get(*id));
        if old.is_some_and(|old| old.is_same(&record)) {
            return;
        }
        self.remove_peering(&name);
        self.touch_verdict(Kind::VpcPeering, &name);
        let (rank, own, peer) = (record.rank.clone(), record.own.clone(), record.peer.clone());
        let Some(id) = self.peerings.insert(record) else {
            return;
        };
        self.peering_ids.insert(name, id);
        if own == peer {
            return;
        }
        let Some(pair) = self.pair_of(&own, &peer) else {
            return;
        };
        self.retract_pair(pair);
        if let Some(record) = self.peerings.get_mut(id) {
            record.pair = Some(pair);
        }
        if let Some(pair) = self.pairs.get_mut(pair) {
            pair.slot_of(&own).insert((rank, id));
        }
        self.dirty_pairs.insert(pair);
    }

    pub(crate) fn remove_peering(&mut self, name: &Name) {
        let Some(id) = self.peering_ids.get(name).copied() else {
            return;
        };
        self.touch_verdict(Kind::VpcPeering, name);
        let pair = self.peerings.get(id).and_then(|peering| peering.pair);
        if let Some(pair) = pair {
            self.retract_pair(pair);
            self.dirty_pairs.insert(pair);
        }
        self.peering_ids.remove(name);
        let Some(peering) = self.peerings.remove(id) else {
            return;
        };
        let Some(pair_id) = pair else { return };
        let Some(pair) = self.pairs.get_mut(pair_id) else {
            return;
        };
        pair.slot_of(&peering.own).remove(&(peering.rank, id));
        if pair.is_empty() {
            self.remove_pair(pair_id);
        }
    }

    /// The pair of two VPCs, made where there is none yet.
    fn pair_of(&mut self, a: &Name, b: &Name) -> Option<u32> {
        let key = if a < b {
            (a.clone(), b.clone())
        } else {
            (b.clone(), a.clone())
        };
        if let Some(id) = self.pair_ids.get(&key) {
            return Some(*id);
        }
        let pair = Pair::new([key.0.clone(), key.1.clone()]);
        let id = self.pairs.insert(pair)?;
        self.network(&key.0).pairs.insert(id);
        self.network(&key.1).pairs.insert(id);
        self.pair_ids.insert(key, id);
        Some(id)
    }
}

impl Peering {
    fn is_same(&self, other: &Self) -> bool {
        self.rank == other.rank
            && self.own == other.own
            && self.peer == other.peer
            && self.exports == other.exports
            && self.imports == other.imports
    }
}

/// The verdict on a peering that belongs to no pair; of others, what they
/// have until they are judged.
fn self_peering(own: &Name, peer: &Name) -> Verdict {
    if own != peer {
        return Verdict::ACCEPTED;
    }
    let message = format!("spec.peer names the own Vpc {own}; name another one");
    Verdict::Rejected(Explanation::new(Reason::SelfPeering, message))
}
