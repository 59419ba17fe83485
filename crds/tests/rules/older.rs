//! Objects that are older than a rule.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinition, JSONSchemaProps, JSONSchemaPropsOrArray,
};
use kube::api::{DeleteParams, DynamicObject, Patch, PatchParams, PostParams};
use kube::core::{ApiResource, GroupVersionKind};
use kube::{Api, ResourceExt};
use serde_json::json;
use tokio::time::{Instant, sleep};

use crate::cases::with;
use crate::place::{Place, answer, assert_refused, condition, definition, parse};

const BOUND: Duration = Duration::from_secs(30);

#[tokio::test]
async fn an_object_older_than_a_rule_still_gets_its_status() -> Result<()> {
    let place = Place::make().await?;
    // The same definition in a group of its own, first without rules.
    let mut strict = definition("Vpc");
    strict.spec.group = "older.isthmus.dev".into();
    strict.metadata.name = Some("vpcs.older.isthmus.dev".into());
    let mut lax = strict.clone();
    for version in &mut lax.spec.versions {
        let schema = version
            .schema
            .as_mut()
            .and_then(|s| s.open_api_v3_schema.as_mut());
        forget_rules(schema.context("a schema")?);
    }
    let definitions: Api<CustomResourceDefinition> = Api::all(place.client.clone());
    let apply = PatchParams::apply("test").force();
    let name = strict.name_any();
    definitions
        .patch(&name, &apply, &Patch::Apply(&lax))
        .await?;

    let kind = GroupVersionKind::gvk("older.isthmus.dev", isthmus_crds::VERSION, "Vpc");
    let resource = ApiResource::from_gvk_with_plural(&kind, "vpcs");
    let vpcs: Api<DynamicObject> =
        Api::namespaced_with(place.client.clone(), &place.namespace, &resource);
    let overlapping = |name: &str| {
        let mut object = with("Vpc", "cidrs", &json!(["10.0.0.0/24", "10.0.0.0/25"]));
        object["apiVersion"] = json!("older.isthmus.dev/v1alpha1");
        object["metadata"]["name"] = json!(name);
        parse(&object)
    };
    let old = eventually("the lax definition is served", async || {
        vpcs.create(&PostParams::default(), &overlapping("old")?)
            .await
            .map_err(Into::into)
    })
    .await?;

    definitions
        .patch(&name, &apply, &Patch::Apply(&strict))
        .await?;
    eventually("the rules are in force", async || {
        let params = PostParams {
            dry_run: true,
            ..PostParams::default()
        };
        let found = vpcs.create(&params, &overlapping("new")?).await;
        ensure!(answer(found)?.is_err(), "still lax");
        Ok(())
    })
    .await?;

    let status = json!({"status": {"members": 1, "conditions": [condition("Accepted", "False")]}});
    let updated = vpcs
        .patch_status("old", &PatchParams::default(), &Patch::Merge(status))
        .await?;
    assert_eq!(updated.data["status"]["members"], 1);
    assert_eq!(updated.data["spec"], old.data["spec"]);

    let label = json!({"metadata": {"labels": {"team": "a"}}});
    vpcs.patch("old", &PatchParams::default(), &Patch::Merge(label))
        .await?;

    let worse = json!({"spec": {"cidrs": ["10.0.0.0/24", "10.0.0.0/26"]}});
    let found = vpcs
        .patch("old", &PatchParams::default(), &Patch::Merge(&worse))
        .await;
    assert_refused(
        &answer(found)?,
        "spec.cidrs: ranges must not overlap each other",
        &worse,
    );
    definitions.delete(&name, &DeleteParams::default()).await?;
    Ok(())
}

fn forget_rules(schema: &mut JSONSchemaProps) {
    schema.x_kubernetes_validations = None;
    for field in schema
        .properties
        .iter_mut()
        .flat_map(|fields| fields.values_mut())
    {
        forget_rules(field);
    }
    if let Some(JSONSchemaPropsOrArray::Schema(items)) = &mut schema.items {
        forget_rules(items);
    }
}

/// Tries until it succeeds, with a bound.
async fn eventually<T>(what: &str, mut attempt: impl AsyncFnMut() -> Result<T>) -> Result<T> {
    let deadline = Instant::now() + BOUND;
    loop {
        match attempt().await {
            Ok(value) => return Ok(value),
            Err(error) if Instant::now() >= deadline => {
                return Err(error.context(format!("not in {BOUND:?}: {what}")));
            }
            Err(_) => sleep(Duration::from_millis(50)).await,
        }
    }
}
