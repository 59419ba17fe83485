//! What the API server refuses of a change: fields that never change. Pure; the
//! rules are those of the CustomResourceDefinitions.

use std::collections::BTreeMap;

use isthmus_compiler::{Kind, Object};
use kube::core::cel::Validator;
use serde_json::Value;

/// The rules of every kind.
#[derive(Clone, Debug)]
pub struct Rules(BTreeMap<String, Value>);

impl Default for Rules {
    /// Of the definitions that this version installs.
    fn default() -> Self {
        let schemas = isthmus_crds::definitions()
            .into_iter()
            .filter_map(|definition| {
                let spec = definition.crd.spec;
                let version = spec.versions.into_iter().next()?;
                let schema = serde_json::to_value(version.schema?.open_api_v3_schema?).ok()?;
                Some((spec.names.kind, schema))
            });
        Self(schemas.collect())
    }
}

impl Rules {
    /// What speaks against changing one object to another of the same kind and
    /// name, and would not speak against making that other one anew: `field:
    /// sentence`.
    #[must_use]
    pub fn refusals(&self, old: &Object, new: &Object) -> Vec<String> {
        let Some(schema) = self.0.get(kind(new).as_str()) else {
            return Vec::new();
        };
        let (Ok(old), Ok(new)) = (json(old), json(new)) else {
            return Vec::new();
        };
        let complaints = |old| match Validator::new().validate(schema, &new, old) {
            Ok(()) => Vec::new(),
            Err(errors) => errors.iter().map(ToString::to_string).collect::<Vec<_>>(),
        };
        let anew = complaints(None);
        let mut refusals = complaints(Some(&old));
        refusals.retain(|complaint| !anew.contains(complaint));
        refusals
    }
}

fn kind(object: &Object) -> Kind {
    match object {
        Object::Vpc(_) => Kind::Vpc,
        Object::VpcMember(_) => Kind::VpcMember,
        Object::VpcPeering(_) => Kind::VpcPeering,
        Object::TransitGateway(_) => Kind::TransitGateway,
    }
}

fn json(object: &Object) -> serde_json::Result<Value> {
    match object {
        Object::Vpc(object) => serde_json::to_value(object),
        Object::VpcMember(object) => serde_json::to_value(object),
        Object::VpcPeering(object) => serde_json::to_value(object),
        Object::TransitGateway(object) => serde_json::to_value(object),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vpc(spec: &str) -> Object {
        let text = format!(
            "{{apiVersion: isthmus.dev/v1alpha1, kind: Vpc, metadata: {{name: blue}}, spec: {spec}}}"
        );
        serde_yaml::from_str::<isthmus_crds::Vpc>(&text)
            .unwrap()
            .into()
    }

    #[test]
    fn only_what_never_changes_is_refused() {
        let rules = Rules::default();
        let old = vpc("{vni: 1, cidrs: [10.0.0.0/24]}");
        assert_eq!(
            rules.refusals(&old, &vpc("{vni: 2, cidrs: [10.0.0.0/24]}")),
            ["spec.vni: is immutable; make a new Vpc instead"]
        );
        assert_eq!(
            rules.refusals(&old, &vpc("{vni: 1, cidrs: [10.0.0.0/23]}")),
            [""; 0]
        );
        // What a new object would be refused for is the compiler's to say.
        assert_eq!(
            rules.refusals(&old, &vpc("{vni: 1, cidrs: [10.0.0.0/31]}")),
            [""; 0]
        );
    }
}
