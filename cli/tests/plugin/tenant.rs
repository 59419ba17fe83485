//! What somebody gets who may see one namespace only.

use std::fs;

use anyhow::Result;
use k8s_openapi::api::rbac::v1::{Role, RoleBinding};
use kube::Api;
use kube::api::PostParams;
use serde_json::{from_value, json};

use crate::world::{World, gateway, in_force, peering, vpc};

/// Two namespaces with a half of a peering each; `jane` may see the first.
async fn stocked(own: &str, other: &str, vni: u32) -> Result<World> {
    let world = World::make().await?;
    world.namespace(own).await?;
    world.namespace(other).await?;
    let status = in_force("10.104.0.0/20", "10.105.0.0/20", "3/3", true);
    let documents = [
        vpc(own, "blue", vni, "10.104.0.0/20", own),
        vpc(other, "green", vni + 1, "10.105.0.0/20", own),
        peering(own, "mine", "blue", &format!("{other}/green"), &status),
        peering(other, "theirs", "green", &format!("{own}/blue"), &status),
        gateway(&format!("gw-{own}"), own, "1", "1"),
    ];
    world.put(&documents.join("\n---\n")).await?;
    let role: Role = from_value(json!({
        "metadata": {"name": "tenant"},
        "rules": [{
            "apiGroups": ["isthmus.dev"], "resources": ["vpcs", "vpcmembers", "vpcpeerings"],
            "verbs": ["get", "list"],
        }],
    }))?;
    let binding: RoleBinding = from_value(json!({
        "metadata": {"name": "tenant"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "tenant"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": own}],
    }))?;
    let (client, create) = (world.client.clone(), PostParams::default());
    Api::namespaced(client.clone(), own)
        .create(&create, &role)
        .await?;
    Api::namespaced(client, own)
        .create(&create, &binding)
        .await?;
    Ok(world)
}

const fn jane(namespace: &str) -> [&str; 6] {
    ["-n", namespace, "--as", "jane", "--as-group", namespace]
}

#[tokio::test]
async fn an_overview_has_what_may_be_seen_and_says_what_may_not() -> Result<()> {
    let own = "tenant-get";
    let world = stocked(own, "tenant-get-b", 5_401).await?;
    let get = |what: &[&str]| world.isthmus(&[&["get"], what, &jane(own)[..]].concat());
    let said = get(&[])?;
    said.assert_code(0)
        .assert_told("Note: you may not list gateways: ");
    assert_eq!(said.line("mine")[3..5], ["3/3", "Programmed"]);
    assert!(!said.out.contains("gw-"), "{said:?}");
    assert_eq!(
        get(&["-o", "json"])?.json()["hidden"][0]["kind"],
        "gateways"
    );
    get(&["gateways"])?
        .assert_code(2)
        .assert_told("error: you may not list gateways: ");
    let stranger = world.isthmus(&["get", "-n", own, "--as", "nobody"])?;
    stranger
        .assert_code(2)
        .assert_told("you may not list peerings: ");
    Ok(())
}

#[tokio::test]
async fn a_status_has_what_may_be_seen_and_a_line_for_what_may_not() -> Result<()> {
    let (own, other) = ("tenant-status", "tenant-status-b");
    let world = stocked(own, other, 5_411).await?;
    let said = world.isthmus(&[&["status", "mine"], &jane(own)[..]].concat())?;
    said.assert_code(0).assert_told("3/3 gateways");
    assert_eq!(*said.line("peer").last().unwrap(), "10.105.0.0/20");
    for note in [
        "Note: you may not read Vpc tenant-status-b/green",
        "Note: you may not list peerings in namespace tenant-status-b",
        "Note: you may not list gateways: how many have the peering",
    ] {
        said.assert_told(note);
    }
    assert!(
        !said.out.contains("theirs") && !said.out.contains("gw-tenant"),
        "{said:?}"
    );
    let forbidden = world.isthmus(&["status", "theirs", "-n", other, "--as", "jane"])?;
    forbidden
        .assert_code(2)
        .assert_told("you may not read the peering");
    Ok(())
}

#[tokio::test]
async fn a_check_does_not_guess_at_what_may_not_be_seen() -> Result<()> {
    let (own, other) = ("tenant-check", "tenant-check-b");
    let world = stocked(own, other, 5_421).await?;
    let folder = tempfile::tempdir()?;
    let red = "{apiVersion: isthmus.dev/v1alpha1, kind: Vpc, metadata: {name: red}, \
               spec: {vni: 5429, cidrs: [10.9.0.0/24]}}\n";
    let half = format!(
        "{{apiVersion: isthmus.dev/v1alpha1, kind: VpcPeering, metadata: {{name: new}}, \
         spec: {{vpc: red, peer: {{name: green, namespace: {other}}}}}}}\n"
    );
    fs::write(folder.path().join("a.yaml"), format!("{red}---\n{half}"))?;
    let folder = folder.path().display().to_string();
    let check = ["check", "-f", &folder, "--against-cluster"];
    let said = world.isthmus(&[&check[..], &jane(own)[..]].concat())?;
    said.assert_code(0)
        .assert_told("VpcPeering tenant-check/new: Unseen: it depends on namespace");
    said.assert_told(
        "you may not list Vpcs and VpcPeerings of all namespaces; seen: tenant-check.",
    );
    // Who may see everything knows that the other half is missing.
    let said = world.isthmus(&[&check[..], &["-n", own]].concat())?;
    said.assert_code(0).assert_told("Waiting (WaitingForPeer)");
    Ok(())
}
