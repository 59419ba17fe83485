//! What the compiler holds of peerings in force, for those who tell it on.

use ipnet::IpNet;

use crate::compiler::Compiler;
use crate::entries::{ObjectName, RouteKey, RouteTarget};
use crate::pairs::Pair;
use crate::rank::Name;

/// A Vpc that another one has an accepted peering with.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Peer {
    /// The peer.
    pub vpc: ObjectName,
    /// The objects that state the peering: one, or the halves of both sides.
    pub peerings: Vec<ObjectName>,
}

/// An accepted VpcPeering.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcceptedPeering {
    /// The own Vpc.
    pub vpc: ObjectName,
    /// The peer's Vpc.
    pub peer: ObjectName,
    /// Prefixes of the own Vpc that the peer reaches, in order; none while the
    /// peer's half is not accepted.
    pub exported: Vec<IpNet>,
    /// Prefixes of the peer that the own Vpc reaches; the same.
    pub imported: Vec<IpNet>,
}

impl Compiler {
    /// A peering, where it is accepted.
    #[must_use]
    pub fn peering(&self, name: &ObjectName) -> Option<AcceptedPeering> {
        let id = self.peering_ids.get(&Name::from(name))?;
        let peering = self.peerings.get(*id)?;
        if !peering.verdict.is_accepted() {
            return None;
        }
        let pair = self.pairs.get(peering.pair?)?;
        let routes_of = |vpc: &Name| -> Option<Vec<IpNet>> {
            let vni = self.vpc_of(vpc)?.vni;
            let routes = pair.routes.iter().filter(|(key, _)| key.vni == vni);
            Some(routes.map(|(key, _)| key.prefix).collect())
        };
        Some(AcceptedPeering {
            vpc: peering.own.to_object_name(),
            peer: peering.peer.to_object_name(),
            exported: routes_of(&peering.peer)?,
            imported: routes_of(&peering.own)?,
        })
    }

    /// The object of the other side that a peering across namespaces depends on,
    /// accepted or not; `None` where there is none, or need not be.
    #[must_use]
    pub fn other_half(&self, name: &ObjectName) -> Option<ObjectName> {
        let id = self.peering_ids.get(&Name::from(name))?;
        let peering = self.peerings.get(*id)?;
        let pair = self.pairs.get(peering.pair?)?;
        if pair.is_local() {
            return None;
        }
        let side = usize::from(peering.own == pair.vpcs[1]);
        let (rank, _) = pair.holder(1 - side)?;
        Some(rank.name.to_object_name())
    }

    /// The Vpcs that one has an accepted peering with, in no order.
    pub fn peers<'a>(&'a self, vpc: &ObjectName) -> impl Iterator<Item = Peer> + use<'a> {
        let name = Name::from(vpc);
        let pairs: Vec<&Pair> = self.pairs_in_force(&name).collect();
        pairs.into_iter().map(move |pair| Peer {
            vpc: other(pair, &name).to_object_name(),
            peerings: self.halves(pair),
        })
    }

    pub(crate) fn pairs_in_force<'a>(
        &'a self,
        vpc: &Name,
    ) -> impl Iterator<Item = &'a Pair> + use<'a> {
        let network = self.networks.get(vpc);
        let ids = network.into_iter().flat_map(|network| &network.pairs);
        ids.filter_map(|id| self.pairs.get(*id))
            .filter(|pair| self.is_in_force(pair))
    }

    /// The objects that state a pair.
    pub(crate) fn halves(&self, pair: &Pair) -> Vec<ObjectName> {
        let sides = if pair.is_local() { 0..1 } else { 0..2 };
        sides
            .filter_map(|side| Some(pair.holder(side)?.0.name.to_object_name()))
            .collect()
    }

    /// The route of a VPC to a prefix, and the pair that it is of. Looks only
    /// at pairs whose CIDRs overlap the prefix.
    pub(crate) fn route_of(&self, vpc: &Name, key: RouteKey) -> Option<(&Pair, &RouteTarget)> {
        let network = self.networks.get(vpc)?;
        let pairs = network.siblings.overlapping(key.prefix);
        pairs
            .filter_map(|(_, id)| self.pairs.get(id))
            .find_map(|pair| {
                let (_, target) = pair.routes.iter().find(|(at, _)| *at == key)?;
                Some((pair, target))
            })
    }

    /// The objects that state the accepted peerings of a VPC with those whose
    /// CIDRs overlap a prefix.
    pub(crate) fn halves_towards(&self, vpc: &Name, prefix: IpNet) -> Vec<ObjectName> {
        let network = self.networks.get(vpc);
        let claims = network
            .into_iter()
            .flat_map(|n| n.siblings.overlapping(prefix));
        let pairs = claims.filter_map(|(_, id)| self.pairs.get(id));
        pairs
            .filter(|pair| self.is_in_force(pair))
            .flat_map(|pair| self.halves(pair))
            .collect()
    }
}

/// The VPC of a pair that is not `vpc`.
pub(crate) fn other<'a>(pair: &'a Pair, vpc: &Name) -> &'a Name {
    &pair.vpcs[usize::from(pair.vpcs[0] == *vpc)]
}
