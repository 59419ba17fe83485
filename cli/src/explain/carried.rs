//! Which slices carry a peering, and how new they are. Pure.

use std::collections::BTreeSet;

use isthmus_compiler::slices::SliceKind;
use isthmus_crds::labels::POOL_LABEL_PREFIX;
use isthmus_crds::{PeeringName, PeeringSliceSpec};
use kube::api::{DynamicObject, ObjectMeta};
use serde_json::Value;

/// A slice: who needs it, and how new it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carrier {
    /// Its kind.
    pub kind: SliceKind,
    /// Pools whose gateways hold it.
    pub pools: BTreeSet<String>,
    /// Its resourceVersion.
    pub version: u64,
}

/// The slices that carry a peering.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Carried(Vec<Carrier>);

/// A PeeringSlice with what is needed of it.
#[derive(Clone, Debug)]
pub struct RouteSlice {
    metadata: ObjectMeta,
    peerings: BTreeSet<PeeringName>,
}

impl Carried {
    /// Of all PeeringSlices of both Vpcs, those with routes of `halves`, and,
    /// where there are such, all ForwardingSlices, of which `members` are the
    /// metadata.
    pub(super) fn of(
        routes: &[RouteSlice],
        members: &[ObjectMeta],
        halves: &[PeeringName],
    ) -> Self {
        let routes = routes
            .iter()
            .filter(|slice| halves.iter().any(|half| slice.peerings.contains(half)));
        let mut carriers: Vec<_> = routes
            .map(|slice| Carrier::of(SliceKind::Peering, &slice.metadata))
            .collect();
        if !carriers.is_empty() {
            let members = members.iter();
            carriers.extend(members.map(|meta| Carrier::of(SliceKind::Forwarding, meta)));
        }
        Self(carriers)
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The newest version of a kind that gateways of these pools hold; 0 where
    /// they hold none.
    #[must_use]
    pub fn newest(&self, kind: SliceKind, pools: &[String]) -> u64 {
        let held = self.0.iter().filter(|slice| {
            slice.kind == kind && pools.iter().any(|pool| slice.pools.contains(pool))
        });
        held.map(|slice| slice.version).max().unwrap_or(0)
    }
}

impl Carrier {
    fn of(kind: SliceKind, meta: &ObjectMeta) -> Self {
        let labels = meta.labels.iter().flatten();
        let pools = labels.filter_map(|(key, _)| key.strip_prefix(POOL_LABEL_PREFIX));
        let version = meta.resource_version.as_deref();
        Self {
            kind,
            pools: pools.map(str::to_owned).collect(),
            version: version.and_then(|text| text.parse().ok()).unwrap_or(0),
        }
    }
}

impl From<DynamicObject> for RouteSlice {
    fn from(object: DynamicObject) -> Self {
        let (metadata, mut data) = (object.metadata, object.data);
        let spec = data.get_mut("spec").map(Value::take).unwrap_or_default();
        // One that was edited by hand carries nothing until it is repaired.
        let spec: Option<PeeringSliceSpec> = serde_json::from_value(spec).ok();
        let routes = spec.into_iter().flat_map(|spec| spec.routes);
        Self {
            metadata,
            peerings: routes.map(|route| route.peering).collect(),
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::*;

    pub(in crate::explain) fn name(namespace: &str, name: &str) -> PeeringName {
        PeeringName {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        }
    }

    pub(in crate::explain) fn routes(pools: &[&str], version: &str, peering: &str) -> RouteSlice {
        let slice = json!({
            "metadata": {"name": "vni-100-u-0", "resourceVersion": version},
            "spec": {
                "vni": 100, "vpc": {"namespace": "team-a", "name": "blue", "uid": "u"},
                "routes": [{
                    "prefix": "10.105.0.0/20", "peerVni": 200, "peerUid": "v",
                    "peering": {"namespace": "team-a", "name": peering},
                }],
            },
        });
        let mut slice: DynamicObject = serde_json::from_value(slice).unwrap();
        slice.metadata.labels = Some(labels(pools));
        slice.into()
    }

    pub(in crate::explain) fn members(pools: &[&str], version: &str) -> ObjectMeta {
        ObjectMeta {
            resource_version: Some(version.to_owned()),
            labels: Some(labels(pools)),
            ..ObjectMeta::default()
        }
    }

    fn labels(pools: &[&str]) -> std::collections::BTreeMap<String, String> {
        let label = |pool: &&str| (isthmus_crds::labels::pool_label(pool), String::new());
        pools.iter().map(label).collect()
    }

    #[test]
    fn only_slices_of_the_gateways_pools_and_of_the_peering_count() {
        let routes = [
            routes(&["default"], "10", "blue-green"),
            routes(&["edge"], "12", "blue-green"),
            routes(&["default"], "50", "blue-red"),
        ];
        let members = [members(&["default", "edge"], "9")];
        let carried = Carried::of(&routes, &members, &[name("team-a", "blue-green")]);
        let newest = |kind, pool: &str| carried.newest(kind, &[pool.to_owned()]);
        assert_eq!(newest(SliceKind::Peering, "default"), 10);
        assert_eq!(newest(SliceKind::Peering, "edge"), 12);
        assert_eq!(newest(SliceKind::Forwarding, "edge"), 9);
        assert_eq!(newest(SliceKind::Forwarding, "other"), 0);
        let none = Carried::of(&routes, &members, &[name("team-b", "blue-green")]);
        assert!(none.is_empty(), "another namespace's peering of that name");
    }
}
