//! The gateways of each pool, and how far each is.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use isthmus_crds::TransitGateway;

use crate::status::Reach;

/// Versions of slices, for each kind the newest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Versions {
    pub(crate) peering: u64,
    pub(crate) forwarding: u64,
}

impl Versions {
    const fn reaches(self, needed: Self) -> bool {
        self.peering >= needed.peering && self.forwarding >= needed.forwarding
    }
}

/// What news of gateways changes.
#[derive(Debug, Default)]
pub(crate) struct Moved {
    /// Pools that have other gateways now.
    pub(crate) regrouped: BTreeSet<Arc<str>>,
    /// Pools of gateways that are further now.
    pub(crate) advanced: BTreeSet<Arc<str>>,
}

#[derive(Debug, PartialEq, Eq)]
struct Gateway {
    pools: BTreeSet<Arc<str>>,
    /// By pool; none before its first report.
    synced: BTreeMap<Arc<str>, Versions>,
}

impl Gateway {
    /// How far it is with what all of these pools need: each of its watches tells
    /// of that, so that the furthest counts.
    fn reached(&self, pools: &[&str]) -> Option<Versions> {
        let synced = pools.iter().filter_map(|pool| self.synced.get(*pool));
        synced.copied().reduce(|a, b| Versions {
            peering: a.peering.max(b.peering),
            forwarding: a.forwarding.max(b.forwarding),
        })
    }

    fn forwarding(&self, pool: &str) -> u64 {
        let synced = self.synced.get(pool).copied();
        synced.unwrap_or_default().forwarding
    }
}

/// Gateways by name and by pool.
#[derive(Debug, Default)]
pub(crate) struct Pools {
    gateways: BTreeMap<String, Gateway>,
    by_pool: BTreeMap<Arc<str>, BTreeSet<String>>,
    moved: Moved,
}

impl Pools {
    /// Takes in a gateway, or that it is gone.
    pub(crate) fn put(&mut self, name: &str, gateway: Option<&TransitGateway>) {
        let new = gateway.map(|gateway| Gateway {
            pools: gateway
                .spec
                .pools
                .iter()
                .map(|pool| pool.as_str().into())
                .collect(),
            synced: synced(gateway),
        });
        let old = self.gateways.remove(name);
        if old == new {
            self.gateways.extend(new.map(|new| (name.to_owned(), new)));
            return;
        }
        let none = BTreeSet::new();
        let pools_of = |gateway: &Option<Gateway>| gateway.as_ref().map(|g| g.pools.clone());
        let before = pools_of(&old).unwrap_or_else(|| none.clone());
        let after = pools_of(&new).unwrap_or(none);
        for pool in before.difference(&after) {
            if let Some(gateways) = self.by_pool.get_mut(pool) {
                gateways.remove(name);
            }
        }
        self.by_pool.retain(|_, gateways| !gateways.is_empty());
        for pool in &after {
            self.by_pool
                .entry(pool.clone())
                .or_default()
                .insert(name.to_owned());
        }
        let regrouped = before.symmetric_difference(&after).cloned();
        self.moved.regrouped.extend(regrouped);
        let synced = |gateway: &Option<Gateway>, pool| {
            let gateway = gateway.as_ref();
            gateway.and_then(|gateway| gateway.synced.get(pool).copied())
        };
        let stayed = before.intersection(&after);
        let advanced = stayed.filter(|pool| synced(&old, *pool) != synced(&new, *pool));
        self.moved.advanced.extend(advanced.cloned());
        self.gateways.extend(new.map(|new| (name.to_owned(), new)));
    }

    /// What has changed since the last call.
    pub(crate) fn take_moved(&mut self) -> Moved {
        std::mem::take(&mut self.moved)
    }

    /// The version of ForwardingSlices that every gateway of a pool has reached;
    /// `None` where there is none.
    pub(crate) fn low(&self, pool: &str) -> Option<u64> {
        let gateways = self.by_pool.get(pool)?.iter();
        let synced = gateways.filter_map(|name| self.gateways.get(name));
        synced.map(|gateway| gateway.forwarding(pool)).min()
    }

    /// How many gateways of these pools have reached what is needed, which each of
    /// the pools needs.
    pub(crate) fn reach(&self, pools: &[&str], needed: Option<Versions>) -> Reach {
        let names: BTreeSet<&String> = pools
            .iter()
            .filter_map(|pool| self.by_pool.get(*pool))
            .flatten()
            .collect();
        let is_ready = |name: &&&String| {
            let gateway = self.gateways.get(**name);
            let reached = gateway.and_then(|gateway| gateway.reached(pools));
            reached
                .zip(needed)
                .is_some_and(|(synced, needed)| synced.reaches(needed))
        };
        Reach {
            ready: names.iter().filter(is_ready).count(),
            of: names.len(),
        }
    }
}

fn synced(gateway: &TransitGateway) -> BTreeMap<Arc<str>, Versions> {
    let status = gateway.status.as_ref();
    let pools = status.into_iter().flat_map(|status| &status.synced);
    let versions = pools.filter_map(|synced| {
        let versions = Versions {
            peering: synced.peering_slices.parse().ok()?,
            forwarding: synced.forwarding_slices.parse().ok()?,
        };
        Some((synced.pool.as_str().into(), versions))
    });
    versions.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of pools, each as far as this.
    fn gateway(pools: &[&str], synced: Option<[u64; 2]>) -> TransitGateway {
        let all: Vec<_> = pools.iter().map(|pool| (*pool, synced)).collect();
        gateway_of(&all)
    }

    fn gateway_of(pools: &[(&str, Option<[u64; 2]>)]) -> TransitGateway {
        let synced = pools.iter().filter_map(|(pool, synced)| {
            let [peering, forwarding] = (*synced)?;
            Some(serde_json::json!({
                "pool": pool,
                "peeringSlices": peering.to_string(),
                "forwardingSlices": forwarding.to_string(),
            }))
        });
        let status = serde_json::json!({"synced": synced.collect::<Vec<_>>()});
        let pools: Vec<_> = pools.iter().map(|(pool, _)| pool).collect();
        serde_json::from_value(serde_json::json!({
            "apiVersion": isthmus_crds::API_VERSION, "kind": "TransitGateway",
            "metadata": {"name": "any"},
            "spec": {"vteps": ["172.16.0.1"], "pools": pools},
            "status": status,
        }))
        .unwrap()
    }

    #[test]
    fn a_pool_is_as_far_as_its_last_gateway() {
        let mut pools = Pools::default();
        assert_eq!(pools.low("default"), None);
        pools.put("a", Some(&gateway(&["default"], Some([9, 7]))));
        pools.put("b", Some(&gateway(&["default", "big"], Some([9, 5]))));
        assert_eq!((pools.low("default"), pools.low("big")), (Some(5), Some(5)));
        pools.put("c", Some(&gateway(&["default"], None)));
        assert_eq!(pools.low("default"), Some(0));
        pools.put("c", None);
        pools.put("b", None);
        assert_eq!((pools.low("default"), pools.low("big")), (Some(7), None));
    }

    #[test]
    fn a_gateway_of_two_pools_counts_once() {
        let mut pools = Pools::default();
        pools.put("a", Some(&gateway(&["default", "big"], Some([9, 9]))));
        pools.put("b", Some(&gateway(&["big"], Some([9, 3]))));
        let needed = |peering, forwarding| {
            Some(Versions {
                peering,
                forwarding,
            })
        };
        let reach = |needed| {
            let reach = pools.reach(&["default", "big"], needed);
            (reach.ready, reach.of)
        };
        assert_eq!(reach(needed(9, 3)), (2, 2));
        assert_eq!(reach(needed(9, 4)), (1, 2));
        assert_eq!(reach(needed(10, 0)), (0, 2));
        assert_eq!(reach(None), (0, 2));
    }

    #[test]
    fn a_watch_that_lags_is_seen_in_its_own_pool_and_no_other() {
        let mut pools = Pools::default();
        let gateway = gateway_of(&[("big", Some([9, 9])), ("default", Some([9, 3]))]);
        pools.put("a", Some(&gateway));
        assert_eq!((pools.low("default"), pools.low("big")), (Some(3), Some(9)));
        let needed = Some(Versions {
            peering: 4,
            forwarding: 4,
        });
        let ready = |of: &[&str]| pools.reach(of, needed).ready;
        assert_eq!(ready(&["default", "default"]), 0);
        assert_eq!(ready(&["big", "big"]), 1);
        // What both need came with the watch that is ahead.
        assert_eq!(ready(&["default", "big"]), 1);
    }

    #[test]
    fn a_report_moves_the_gateways_pools_and_a_repeated_one_nothing() {
        let mut pools = Pools::default();
        pools.put("a", Some(&gateway(&["default"], None)));
        let moved = pools.take_moved();
        assert_eq!((moved.regrouped.len(), moved.advanced.len()), (1, 0));
        pools.put("a", Some(&gateway(&["default"], Some([1, 1]))));
        let moved = pools.take_moved();
        assert_eq!((moved.regrouped.len(), moved.advanced.len()), (0, 1));
        pools.put("a", Some(&gateway(&["default"], Some([1, 1]))));
        let moved = pools.take_moved();
        assert_eq!((moved.regrouped.len(), moved.advanced.len()), (0, 0));
    }
}
