//! Whether two slices say the same, in eight bytes each.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};

use isthmus_crds::labels::{MANAGED_BY_LABEL, POOL_LABEL_PREFIX, VNI_LABEL};
use isthmus_crds::{ForwardingSlice, PeeringSlice};

/// Hashes under a key of this process's own, so that nobody can choose contents
/// that only seem the same.
#[derive(Debug, Default)]
pub(super) struct Fingerprints(RandomState);

impl Fingerprints {
    pub(super) fn of_forwarding(&self, slice: &ForwardingSlice) -> u64 {
        let (labels, spec) = (own(slice.metadata.labels.as_ref()), &slice.spec);
        self.0
            .hash_one((labels, spec.vni, &spec.vpc, &spec.members))
    }

    pub(super) fn of_peering(&self, slice: &PeeringSlice) -> u64 {
        let (labels, spec) = (own(slice.metadata.labels.as_ref()), &slice.spec);
        self.0.hash_one((labels, spec.vni, &spec.vpc, &spec.routes))
    }
}

/// The labels that are for the operator to say.
fn own(labels: Option<&BTreeMap<String, String>>) -> Vec<(&String, &String)> {
    let is_own = |key: &str| {
        key == VNI_LABEL || key == MANAGED_BY_LABEL || key.starts_with(POOL_LABEL_PREFIX)
    };
    let labels = labels.into_iter().flatten();
    labels.filter(|(key, _)| is_own(key)).collect()
}
