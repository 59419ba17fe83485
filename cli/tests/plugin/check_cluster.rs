//! `kubectl isthmus check --against-cluster`.

use std::fs;

use anyhow::Result;

use crate::world::{Said, World, in_force, peering, vpc};

fn check(world: &World, namespace: &str, text: &str, arguments: &[&str]) -> Result<Said> {
    let folder = tempfile::tempdir()?;
    fs::write(folder.path().join("a.yaml"), text)?;
    let folder = folder.path().display().to_string();
    let fixed = ["check", "-f", &folder, "--against-cluster", "-n", namespace];
    world.isthmus(&[&fixed[..], arguments].concat())
}

/// Manifest of a Vpc, without what the API server adds.
fn manifest(name: &str, vni: u32, cidr: &str) -> String {
    format!(
        "{{apiVersion: isthmus.dev/v1alpha1, kind: Vpc, metadata: {{name: {name}}}, \
         spec: {{vni: {vni}, cidrs: [{cidr}]}}}}\n"
    )
}

async fn stocked(namespace: &str, vni: u32) -> Result<World> {
    let world = World::make().await?;
    world.namespace(namespace).await?;
    let peer = format!("{namespace}/green");
    let documents = [
        vpc(namespace, "blue", vni, "10.104.0.0/20", "default"),
        vpc(namespace, "green", vni + 1, "10.105.0.0/20", "default"),
        peering(
            namespace,
            "blue-green",
            "blue",
            &peer,
            &in_force("10.104.0.0/20", "10.105.0.0/20", "1/1", true),
        ),
    ];
    world.put(&documents.join("\n---\n")).await?;
    Ok(world)
}

#[tokio::test]
async fn what_is_new_same_or_changed_is_told() -> Result<()> {
    let namespace = "against-changes";
    let world = stocked(namespace, 5_301).await?;
    let text = [
        manifest("blue", 5_301, "10.104.0.0/20"),
        manifest("green", 5_302, "10.105.0.0/19").replace("10.105.0.0/19", "10.106.0.0/20"),
        manifest("red", 5_303, "10.107.0.0/20"),
    ];
    let said = check(&world, namespace, &text.join("---\n"), &[])?;
    said.assert_code(0);
    let change = |name: &str| {
        let line = said
            .out
            .lines()
            .find(|line| line.contains(name))
            .unwrap_or_default();
        line.split_whitespace()
            .skip(2)
            .take(2)
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(change("/blue"), ["same", "Accepted"], "{said:?}");
    assert_eq!(change("/green"), ["update", "Accepted"], "{said:?}");
    assert_eq!(change("/red"), ["create", "Accepted"], "{said:?}");
    Ok(())
}

#[tokio::test]
async fn an_object_of_the_cluster_that_would_lose_is_told_and_the_exit_code_is_1() -> Result<()> {
    let namespace = "against-loses";
    let world = stocked(namespace, 5_311).await?;
    // Alone it is sound; in the cluster it would end a peering.
    let text = manifest("green", 5_312, "10.104.0.0/16");
    let said = check(&world, namespace, &text, &[])?;
    said.assert_code(1)
        .assert_told("Accepted -> Rejected")
        .assert_told("in the cluster: VpcPeering against-loses/blue-green: Rejected (CidrOverlap)");
    let report = check(&world, namespace, &text, &["-o", "json"])?.json();
    assert_eq!(report["objects"][1]["change"], "elsewhere");
    assert_eq!(report["objects"][1]["before"]["state"], "Accepted");
    assert_eq!(report["objects"][1]["bad"], true);
    Ok(())
}

#[tokio::test]
async fn the_older_object_of_the_cluster_keeps_its_place() -> Result<()> {
    let namespace = "against-older";
    let world = stocked(namespace, 5_321).await?;
    // By name it would come first; it does not exist yet.
    let said = check(
        &world,
        namespace,
        &manifest("aaa", 5_321, "10.9.0.0/24"),
        &[],
    )?;
    said.assert_code(1).assert_told(
        "a.yaml, document 1: Vpc against-older/aaa: Rejected (VniTaken): spec.vni 5321 is held \
         by Vpc against-older/blue, which is older",
    );
    assert!(
        !said.out.contains("blue"),
        "nothing becomes of it: {said:?}"
    );
    Ok(())
}

#[tokio::test]
async fn what_the_api_server_refuses_is_told_and_changes_nothing() -> Result<()> {
    let namespace = "against-refused";
    let world = stocked(namespace, 5_331).await?;
    let said = check(
        &world,
        namespace,
        &manifest("blue", 5_339, "10.104.0.0/20"),
        &[],
    )?;
    said.assert_code(1).assert_told(
        "Vpc against-refused/blue: Refused by the API server: spec.vni: is immutable; make a new \
         Vpc instead",
    );
    assert!(
        !said.out.contains("blue-green"),
        "the old one stays: {said:?}"
    );
    Ok(())
}
