//! How objects are found and shown.

use anyhow::{Context, Result, ensure};
use kube::ResourceExt;
use kube::api::{ListParams, Patch, PatchParams};
use serde_json::{Value, json};

use crate::cases::{valid, with};
use crate::place::{Place, assert_accepted, condition};

#[tokio::test]
async fn objects_are_found_by_the_fields_that_are_selectable() -> Result<()> {
    let place = Place::make().await?;
    for (kind, field, value, selector) in [
        ("Vpc", "vni", json!(7), "spec.vni=7"),
        ("VpcMember", "vpc", json!("red"), "spec.vpc=red"),
        (
            "VpcMember",
            "hypervisor",
            json!("172.16.0.7"),
            "spec.hypervisor=172.16.0.7",
        ),
        ("VpcPeering", "vpc", json!("red"), "spec.vpc=red"),
        (
            "VpcPeering",
            "peer",
            json!({"name": "yellow"}),
            "spec.peer.name=yellow",
        ),
    ] {
        let mut others = valid(kind);
        others["metadata"] = json!({"generateName": "other-"});
        let mut object = with(kind, field, &value);
        object["metadata"] = json!({"generateName": "wanted-"});
        for object in [others, object] {
            assert_accepted(&place.create(kind, &object, false).await?, &object);
        }
        let found = place
            .objects(kind)
            .list(&ListParams::default().fields(selector))
            .await?;
        let names: Vec<_> = found.iter().map(ResourceExt::name_any).collect();
        assert!(
            names.len() == 1 && names[0].starts_with("wanted-"),
            "{kind} {selector}: {names:?}"
        );
    }
    Ok(())
}

/// What `kubectl get` shows of a kind: each column's name, whether only `-o
/// wide` shows it, and its cell in the first row.
async fn table(place: &Place, kind: &str) -> Result<Vec<(String, bool, Value)>> {
    let request = http::Request::get(place.objects(kind).resource_url())
        .header("Accept", "application/json;as=Table;v=v1;g=meta.k8s.io")
        .body(Vec::new())?;
    let table: Value = place.client.request(request).await?;
    let columns = table["columnDefinitions"].as_array().context("columns")?;
    let cells = table["rows"][0]["cells"].as_array().context("a row")?;
    ensure!(columns.len() == cells.len());
    let cell = |(column, cell): (&Value, &Value)| {
        let name = column["name"].as_str().unwrap_or_default().to_owned();
        (name, column["priority"] != 0, cell.clone())
    };
    Ok(columns.iter().zip(cells).map(cell).collect())
}

#[tokio::test]
async fn kubectl_get_shows_what_users_look_for() -> Result<()> {
    let place = Place::make().await?;
    for (kind, status, expected) in [
        (
            "Vpc",
            json!({"members": 3, "peers": 2, "conditions": [condition("Accepted", "True")]}),
            json!(["x", 1, ["10.0.0.0/24"], 3, 2, "True"]),
        ),
        (
            "VpcMember",
            json!({"conditions": [
                condition("Accepted", "True"), condition("Programmed", "False"),
            ]}),
            json!(["x", "blue", ["10.0.0.2"], "172.16.0.1", "True", "False"]),
        ),
        (
            "VpcPeering",
            json!({"conditions": [
                condition("Accepted", "True"),
                condition("PeerAccepted", "Unknown"),
                condition("Programmed", "False"),
            ]}),
            json!(["x", "blue", "green", null, "True", "Unknown", "False"]),
        ),
    ] {
        let object = valid(kind);
        assert_accepted(&place.create(kind, &object, false).await?, &object);
        place
            .objects(kind)
            .patch_status(
                "x",
                &PatchParams::default(),
                &Patch::Merge(json!({"status": status})),
            )
            .await?;
        let shown: Vec<_> = table(&place, kind)
            .await?
            .into_iter()
            .filter(|(name, wide, _)| !wide && name != "Age")
            .map(|(_, _, cell)| match cell {
                // The API server prints a list as Go does, or as JSON.
                Value::String(text) if text.starts_with('[') => {
                    serde_json::from_str(&text).unwrap_or(Value::String(text))
                }
                cell => cell,
            })
            .collect();
        assert_eq!(Value::Array(shown), expected, "{kind}");
    }
    Ok(())
}
