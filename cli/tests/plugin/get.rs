//! `kubectl isthmus get`.

use anyhow::Result;
use serde_json::json;

use crate::world::{World, condition, gateway, in_force, peering, vpc};

async fn stocked(namespace: &str, pool: &str, vni: u32) -> Result<World> {
    let world = World::make().await?;
    world.namespace(namespace).await?;
    let rejected = condition("Accepted", "False", "CidrOverlap", "spec.peer: overlaps");
    let (own, peer) = (format!("{namespace}/green"), format!("{namespace}/red"));
    let documents = [
        vpc(namespace, "blue", vni, "10.104.0.0/20", pool),
        vpc(namespace, "green", vni + 1, "10.105.0.0/20", pool),
        peering(
            namespace,
            "blue-green",
            "blue",
            &own,
            &in_force("10.104.0.0/20", "10.105.0.0/20", "1/2", false),
        ),
        peering(
            namespace,
            "blue-red",
            "blue",
            &peer,
            &format!("{{observedGeneration: 1, conditions: [{rejected}]}}"),
        ),
        format!(
            "apiVersion: isthmus.dev/v1alpha1
kind: VpcMember
metadata: {{name: web-1, namespace: {namespace}}}
spec: {{vpc: blue, addresses: [10.104.0.2], mac: '02:00:00:00:00:02', hypervisor: 172.16.0.11}}"
        ),
        gateway(&format!("gw-{pool}"), pool, "5", "6"),
    ];
    world.put(&documents.join("\n---\n")).await?;
    Ok(world)
}

#[tokio::test]
async fn every_object_is_shown_with_its_state_and_reason() -> Result<()> {
    let world = stocked("get-tables", "get-tables", 5_001).await?;
    let said = world.isthmus(&["get", "-n", "get-tables"])?;
    said.assert_code(0);
    assert_eq!(
        said.line("blue")[..6],
        ["blue", "5001", "10.104.0.0/20", "2", "1", "Accepted"]
    );
    assert_eq!(
        said.line("blue-green")[..6],
        [
            "blue-green",
            "blue",
            "get-tables/green",
            "1/2",
            "Programming",
            "Pending"
        ]
    );
    assert_eq!(
        said.line("blue-red")[..6],
        [
            "blue-red",
            "blue",
            "get-tables/red",
            "-",
            "Rejected",
            "CidrOverlap"
        ]
    );
    assert_eq!(
        said.line("web-1")[..5],
        ["web-1", "blue", "10.104.0.2", "172.16.0.11", "Pending"]
    );
    assert_eq!(
        said.line("gw-get-tables")[..7],
        [
            "gw-get-tables",
            "get-tables",
            "172.16.0.1",
            "eth1:driver",
            "7/200",
            "4/100",
            "Ready"
        ]
    );
    assert!(!said.out.contains('\u{1b}'), "colours in a pipe: {said:?}");

    let wide = world.isthmus(&["get", "vpcp", "-n", "get-tables", "-o", "wide"])?;
    wide.assert_code(0).assert_told("spec.peer: overlaps");
    assert!(!wide.out.contains("gw-get-tables"), "{wide:?}");
    let all = world.isthmus(&["get", "vpcs", "-A"])?;
    assert_eq!(all.line("get-tables")[1], "blue");
    Ok(())
}

#[tokio::test]
async fn scripts_get_the_same_as_json_and_yaml() -> Result<()> {
    let world = stocked("get-json", "get-json", 5_011).await?;
    let said = world.isthmus(&["get", "peerings", "-n", "get-json", "-o", "json"])?;
    let overview = said.assert_code(0).json();
    let row = &overview["peerings"][0];
    assert_eq!(row["state"], "Programming");
    assert_eq!(row["reason"], "Pending");
    assert_eq!(row["message"], "1/2 gateways");
    assert_eq!(row["gateways"], json!({"programmed": 1, "of": 2}));
    assert_eq!(row["exported"], json!(["10.104.0.0/20"]));
    assert_eq!(
        overview.as_object().map(serde_json::Map::len),
        Some(1),
        "{overview}"
    );

    let said = world.isthmus(&["get", "peerings", "-n", "get-json", "-o", "yaml"])?;
    let yaml: serde_json::Value = serde_yaml::from_str(&said.assert_code(0).out)?;
    assert_eq!(yaml, overview);
    Ok(())
}

#[tokio::test]
async fn a_namespace_without_objects_says_so() -> Result<()> {
    let world = World::make().await?;
    let said = world.isthmus(&["get", "peerings", "-n", "get-nothing"])?;
    said.assert_code(0)
        .assert_told("No peerings in namespace get-nothing.");
    assert_eq!(said.out, "");
    Ok(())
}

#[tokio::test]
async fn a_list_of_several_pages_is_whole() -> Result<()> {
    let world = World::make().await?;
    world.namespace("get-pages").await?;
    let member = |number: u16| {
        let [high, low] = number.to_be_bytes();
        format!(
            "apiVersion: isthmus.dev/v1alpha1
kind: VpcMember
metadata: {{name: m-{number}, namespace: get-pages}}
spec: {{vpc: blue, addresses: [10.104.{high}.{low}], mac: '02:00:00:00:00:02',
       hypervisor: 172.16.0.11}}"
        )
    };
    let documents: Vec<_> = (1..=501).map(member).collect();
    world.put(&documents.join("\n---\n")).await?;
    let said = world.isthmus(&["get", "members", "-n", "get-pages", "-o", "json"])?;
    let rows = said.assert_code(0).json()["members"]
        .as_array()
        .map(Vec::len);
    assert_eq!(rows, Some(501));
    Ok(())
}
