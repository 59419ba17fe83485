//! The VPCs that have slices: who they are, and which pools need the slices.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use crate::accepted::AcceptedVpc;
use crate::compiler::Compiler;
use crate::entries::ObjectName;
use crate::peers::other;
use crate::rank::Name;

/// A VPC as its slices know it.
#[derive(Debug)]
pub(super) struct Placed {
    pub(super) vpc: AcceptedVpc,
    /// The own pool, and that of each peer: a peer's gateways need the members
    /// to forward to, and the routes to know that an answer would come back.
    pub(super) pools: BTreeSet<Arc<str>>,
}

impl Placed {
    pub(super) const fn new(vpc: AcceptedVpc) -> Self {
        Self {
            vpc,
            pools: BTreeSet::new(),
        }
    }

    pub(super) fn is_of(&self, vpc: &AcceptedVpc) -> bool {
        self.vpc.vni == vpc.vni && self.vpc.uid == vpc.uid
    }
}

/// The pools that need a VPC's slices now, and the peerings for whose sake some
/// pool does that did not need them `before`.
pub(super) fn pools(
    compiler: &Compiler,
    name: &Name,
    placed: &Placed,
) -> (BTreeSet<Arc<str>>, BTreeSet<ObjectName>) {
    let own = &placed.vpc.pool;
    let mut pools = BTreeSet::from([own.clone()]);
    let mut needed_by = BTreeSet::new();
    let mut known: HashMap<&Name, Option<Arc<str>>> = HashMap::new();
    for pair in compiler.pairs_in_force(name) {
        let peer = other(pair, name);
        let pool = known
            .entry(peer)
            .or_insert_with(|| compiler.vpc_of(peer).map(|vpc| vpc.pool));
        let Some(pool) = pool else { continue };
        if pool != own && !placed.pools.contains(pool) {
            needed_by.extend(compiler.halves(pair));
        }
        pools.insert(pool.clone());
    }
    (pools, needed_by)
}
