//! Objects as they are read: whatever one holds, it comes to something. Pure.

use isthmus_crds::{TransitGateway, Vpc, VpcMember, VpcPeering};
use kube::api::{DynamicObject, ObjectMeta};
use kube::core::object::{HasSpec, HasStatus};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// An object whose spec and status are read apart, so that one of a newer
/// version or with a broken status does not hide itself or others.
#[derive(Clone, Debug)]
pub struct Item<S, T> {
    /// Its metadata.
    pub metadata: ObjectMeta,
    /// Its spec, or why it cannot be read.
    pub spec: Result<S, String>,
    /// Its status, where there is one that can be read.
    pub status: Option<T>,
}

/// An object of a kind.
pub type Of<K> = Item<<K as HasSpec>::Spec, <K as HasStatus>::Status>;
/// A Vpc.
pub type VpcItem = Of<Vpc>;
/// A VpcMember.
pub type MemberItem = Of<VpcMember>;
/// A VpcPeering.
pub type PeeringItem = Of<VpcPeering>;
/// A TransitGateway.
pub type GatewayItem = Of<TransitGateway>;

impl<S: DeserializeOwned, T: DeserializeOwned> From<DynamicObject> for Item<S, T> {
    fn from(object: DynamicObject) -> Self {
        let (metadata, mut data) = (object.metadata, object.data);
        let spec = data.get_mut("spec").map(Value::take).unwrap_or_default();
        let status = data.get_mut("status").map(Value::take).unwrap_or_default();
        Self {
            metadata,
            spec: serde_json::from_value(spec).map_err(|error| error.to_string()),
            status: serde_json::from_value(status).ok(),
        }
    }
}

impl<S, T> Item<S, T> {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.metadata.name.as_deref().unwrap_or_default()
    }

    /// Its namespace; empty of what has none.
    #[must_use]
    pub fn namespace(&self) -> &str {
        self.metadata.namespace.as_deref().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn vpc(spec: &Value, status: &Value) -> VpcItem {
        let object = json!({
            "metadata": {"name": "blue", "namespace": "team-a"}, "spec": spec, "status": status,
        });
        serde_json::from_value::<DynamicObject>(object)
            .unwrap()
            .into()
    }

    #[test]
    fn a_broken_status_leaves_the_spec_and_a_newer_spec_the_status() {
        let spec = json!({"vni": 1, "cidrs": ["10.0.0.0/24"]});
        let item = vpc(&spec, &json!({"members": "many"}));
        assert!(item.spec.is_ok() && item.status.is_none());

        let newer = json!({"vni": 1, "cidrs": ["10.0.0.0/24"], "encryption": "on"});
        let item = vpc(&newer, &json!({"members": 3}));
        assert!(
            item.spec
                .unwrap_err()
                .contains("unknown field `encryption`")
        );
        assert_eq!(item.status.unwrap().members, Some(3));
    }
}
