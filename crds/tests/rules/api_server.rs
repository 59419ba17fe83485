//! The rules as a real API server answers them.

use anyhow::{Context, Result};
use kube::api::{DeleteParams, DynamicObject, Patch, PatchParams, PostParams};
use kube::{Resource, ResourceExt};
use serde_json::{Value, json};

use crate::cases::{Case, KINDS, creation, transition, valid, with};
use crate::place::{Answer, Place, answer, assert_accepted, assert_refused, definition, parse};
use crate::schema_cases::schema_cases;

#[tokio::test]
async fn a_valid_object_of_every_kind_is_taken_as_it_was_written() -> Result<()> {
    let place = Place::make().await?;
    for kind in KINDS {
        let object = valid(kind);
        let stored = place.create(kind, &object, true).await?;
        let stored = serde_json::to_value(accepted(stored)?)?;
        for (field, value) in object["spec"].as_object().context("a spec")? {
            assert_eq!(&stored["spec"][field], value, "{kind} {field}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn every_rule_is_answered_with_its_sentence_at_its_place() -> Result<()> {
    let place = Place::make().await?;
    for case in creation() {
        if case.field.starts_with("status.") {
            continue; // the next test's
        }
        for value in &case.accepted {
            let object = with(case.kind, case.field, value);
            assert_accepted(&place.create(case.kind, &object, true).await?, &object);
        }
        for value in &case.refused {
            let object = with(case.kind, case.field, value);
            let found = place.create(case.kind, &object, true).await?;
            assert_refused(&found, &case.complaint(), &object);
        }
    }
    Ok(())
}

#[tokio::test]
async fn every_rule_of_a_status_is_answered_when_the_status_is_written() -> Result<()> {
    let place = Place::make().await?;
    let cases: Vec<_> = creation()
        .into_iter()
        .filter(|case| case.field.starts_with("status."))
        .collect();
    assert!(!cases.is_empty());
    for case in cases {
        let mut object = valid(case.kind);
        object["metadata"] = json!({"generateName": "x-"});
        let stored = place.create(case.kind, &object, false).await?;
        let stored = accepted(stored)?;
        for value in case.accepted.iter().chain(&case.refused) {
            let mut changed = with(case.kind, case.field, value);
            changed["metadata"] = serde_json::to_value(&stored.metadata)?;
            let params = PostParams {
                dry_run: true,
                ..PostParams::default()
            };
            let found = place
                .objects(case.kind)
                .replace_status(&stored.name_any(), &params, &parse(&changed)?)
                .await;
            assert_answer(&case, value, &answer(found)?, &changed);
        }
    }
    Ok(())
}

#[tokio::test]
async fn what_is_immutable_cannot_be_changed() -> Result<()> {
    let place = Place::make().await?;
    for case in transition() {
        let mut object = valid(case.kind);
        object["metadata"] = json!({"generateName": "x-"});
        let stored = place.create(case.kind, &object, false).await?;
        let stored = accepted(stored)?;
        for value in case.accepted.iter().chain(&case.refused) {
            let mut changed = with(case.kind, case.field, value);
            changed["metadata"] = serde_json::to_value(&stored.metadata)?;
            let found = place
                .objects(case.kind)
                .replace(
                    &stored.name_any(),
                    &PostParams::default(),
                    &parse(&changed)?,
                )
                .await;
            assert_answer(&case, value, &answer(found)?, &changed);
        }
    }
    Ok(())
}

#[tokio::test]
async fn sizes_forms_and_presence_are_answered_by_the_schema() -> Result<()> {
    let place = Place::make().await?;
    for case in schema_cases() {
        let object = case.object();
        let found = place.create(case.kind, &object, true).await?;
        assert_refused(&found, case.complaint, &object);
    }
    Ok(())
}

#[tokio::test]
async fn a_misspelt_field_is_refused_where_validation_is_strict() -> Result<()> {
    let place = Place::make().await?;
    for kind in KINDS {
        let object = parse(&with(kind, "vnii", &json!(1)))?;
        let params = PatchParams::apply("test").dry_run().validation_strict();
        let refused = place
            .objects(kind)
            .patch("x", &params, &Patch::Apply(&typed(&place, kind, object)))
            .await
            .expect_err("a field that does not exist");
        assert!(
            refused
                .to_string()
                .contains("spec.vnii: field not declared in schema")
                || refused.to_string().contains("unknown field \"spec.vnii\""),
            "{refused}"
        );
    }
    Ok(())
}

/// Server-side apply wants the type in the body.
fn typed(place: &Place, kind: &str, mut object: DynamicObject) -> DynamicObject {
    if definition(kind).spec.scope == "Namespaced" {
        object.meta_mut().namespace = Some(place.namespace.clone());
    }
    object
}

#[tokio::test]
async fn the_largest_objects_are_within_what_rules_and_storage_may_cost() -> Result<()> {
    let place = Place::make().await?;
    for (kind, object) in crate::largest::objects() {
        let stored = place.create(kind, &object, false).await?;
        let stored = accepted(stored).context(kind)?;
        // Written again, every rule is evaluated with the old object beside it.
        let again = place
            .objects(kind)
            .replace(&stored.name_any(), &PostParams::default(), &stored)
            .await;
        again.with_context(|| kind.to_owned())?;
        if definition(kind).spec.scope == "Cluster" {
            place
                .objects(kind)
                .delete(&stored.name_any(), &DeleteParams::default())
                .await?;
        }
    }
    Ok(())
}

/// The object that was accepted.
fn accepted(answer: Answer) -> Result<DynamicObject> {
    answer.map_err(|complaints| anyhow::anyhow!("{complaints:#?}"))
}

/// Asserts what a case says of one of its values.
fn assert_answer(case: &Case, value: &Value, found: &Answer, object: &Value) {
    if case.accepted.contains(value) {
        assert_accepted(found, object);
    } else {
        assert_refused(found, &case.complaint(), object);
    }
}
