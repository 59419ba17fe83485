//! Labels by which slices are found and known.

use crate::Vni;

/// Key of the label that holds a slice's VNI in decimal.
pub const VNI_LABEL: &str = "isthmus.dev/vni";

/// What the key of a slice's label has before the name of a pool that needs
/// the slice; the label's value is empty.
pub const POOL_LABEL_PREFIX: &str = "pool.isthmus.dev/";

/// Key of the label that names what writes an object.
pub const MANAGED_BY_LABEL: &str = "app.kubernetes.io/managed-by";

/// What a slice has in [`MANAGED_BY_LABEL`]; also the operator's field manager.
pub const OPERATOR: &str = "isthmus-operator";

/// Key of the label that a slice has for a pool that needs it.
#[must_use]
pub fn pool_label(pool: &str) -> String {
    format!("{POOL_LABEL_PREFIX}{pool}")
}

/// Value of [`VNI_LABEL`].
#[must_use]
pub fn vni_label_value(vni: Vni) -> String {
    vni.to_string()
}
