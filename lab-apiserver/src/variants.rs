//! Definitions as other versions of Isthmus might have them.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinition, JSONSchemaProps,
};

/// The definition as a careless older version might have had it: any spec and any
/// status is taken.
#[must_use]
pub fn careless(crd: &CustomResourceDefinition) -> CustomResourceDefinition {
    let mut crd = crd.clone();
    for_each_part(&mut crd, |part| {
        *part = JSONSchemaProps {
            type_: Some("object".to_owned()),
            x_kubernetes_preserve_unknown_fields: Some(true),
            ..JSONSchemaProps::default()
        };
    });
    // A field that no schema names can select nothing.
    for version in &mut crd.spec.versions {
        version.selectable_fields = None;
    }
    crd
}

/// The definition as a newer version might have it: fields that this version does not
/// know are taken beside those that it does.
#[must_use]
pub fn newer(crd: &CustomResourceDefinition) -> CustomResourceDefinition {
    let mut crd = crd.clone();
    for_each_part(&mut crd, |part| {
        part.x_kubernetes_preserve_unknown_fields = Some(true);
    });
    crd
}

/// Spec and status of every version.
fn for_each_part(crd: &mut CustomResourceDefinition, change: fn(&mut JSONSchemaProps)) {
    let versions = crd.spec.versions.iter_mut();
    let schemas =
        versions.filter_map(|version| version.schema.as_mut()?.open_api_v3_schema.as_mut());
    for fields in schemas.filter_map(|schema| schema.properties.as_mut()) {
        for part in ["spec", "status"] {
            if let Some(part) = fields.get_mut(part) {
                change(part);
            }
        }
    }
}
