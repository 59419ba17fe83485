//! `kubectl isthmus status`.

use anyhow::Result;
use serde_json::json;

use crate::world::{World, condition, gateway, in_force, peering, slices, vpc};

async fn stocked(namespace: &str, vni: u32) -> Result<(World, Vec<String>)> {
    let world = World::make().await?;
    world.namespace(namespace).await?;
    let pool = namespace;
    let peer = format!("{namespace}/green");
    let documents = [
        vpc(namespace, "blue", vni, "10.104.0.0/20", pool),
        vpc(namespace, "green", vni + 1, "10.105.0.0/20", pool),
        peering(
            namespace,
            "blue-green",
            "blue",
            &peer,
            &in_force("10.104.0.0/20", "10.105.0.0/20", "1/2", false),
        ),
    ];
    world.put(&documents.join("\n---\n")).await?;
    let versions = world.put(&slices(namespace, pool, vni, "uuuuuuuu")).await?;
    Ok((world, versions))
}

#[tokio::test]
async fn each_gateway_of_the_pools_is_held_against_the_slices() -> Result<()> {
    let namespace = "status-gateways";
    let (world, versions) = stocked(namespace, 5_201).await?;
    let [routes, members] = versions.as_slice() else {
        panic!("{versions:?}")
    };
    let old = (routes.parse::<u64>()? - 1).to_string();
    world
        .put(&gateway("gw-status-1", namespace, routes, members))
        .await?;
    world
        .put(&gateway("gw-status-2", namespace, &old, members))
        .await?;
    world
        .put(&gateway("gw-status-other", "status-other-pool", "1", "1"))
        .await?;

    let said = world.isthmus(&["status", "blue-green", "-n", namespace])?;
    said.assert_code(1)
        .assert_told("1/2 gateways")
        .assert_told("the peer is in force");
    assert_eq!(
        said.line("gw-status-1")[1..8],
        [
            namespace,
            "yes",
            "True",
            "True",
            "False",
            "eth1:driver",
            "-"
        ]
    );
    assert_eq!(said.line("gw-status-2")[2], "no");
    said.assert_told(&format!("PeeringSlices: has {old}, needs {routes}"));
    assert!(!said.out.contains("gw-status-other"), "{said:?}");
    let own = said.line("own");
    assert_eq!(
        (own[1], *own.last().unwrap()),
        ("status-gateways/blue", "10.104.0.0/20")
    );
    assert_eq!(*said.line("peer").last().unwrap(), "10.105.0.0/20");

    let account = world.isthmus(&["status", "blue-green", "-n", namespace, "-o", "json"])?;
    let account = account.assert_code(1).json();
    let behind = json!([{
        "kind": "PeeringSlice", "reached": old.parse::<u64>()?, "needed": routes.parse::<u64>()?,
    }]);
    assert_eq!(account["gateways"][1]["behind"], behind);
    assert_eq!(account["gateways"][0]["programmed"], true);
    assert_eq!(account["conditions"][2]["type"], "Programmed");

    let peer = format!("{namespace}/green");
    let done = in_force("10.104.0.0/20", "10.105.0.0/20", "2/2", true);
    world
        .put(&peering(namespace, "blue-green", "blue", &peer, &done))
        .await?;
    // What the operator has seen on both is there; the version is of something later.
    let said = world.isthmus(&["status", "blue-green", "-n", namespace])?;
    assert_eq!(said.assert_code(0).line("gw-status-2")[2], "yes");
    said.assert_told(&format!("PeeringSlices: has {old}, newest is {routes}"));
    Ok(())
}

#[tokio::test]
async fn a_peering_that_waits_says_for_what() -> Result<()> {
    let world = World::make().await?;
    world.namespace("status-waits").await?;
    world.namespace("status-waits-b").await?;
    let sentence = "spec.peer: namespace status-waits-b has no VpcPeering";
    let waits = condition("Accepted", "False", "WaitingForPeer", sentence);
    let documents = [
        vpc(
            "status-waits",
            "blue",
            5_211,
            "10.104.0.0/20",
            "status-waits",
        ),
        peering(
            "status-waits",
            "half",
            "blue",
            "status-waits-b/green",
            &format!("{{observedGeneration: 1, conditions: [{waits}]}}"),
        ),
    ];
    world.put(&documents.join("\n---\n")).await?;
    let said = world.isthmus(&["status", "half", "-n", "status-waits"])?;
    said.assert_code(1)
        .assert_told(sentence)
        .assert_told("WaitingForPeer");
    said.assert_told("there is no Vpc status-waits-b/green");
    said.assert_told("namespace status-waits-b has no VpcPeering of Vpc green with Vpc");
    said.assert_told("No gateway serves the pools of these VPCs.");

    // The other half, once it is there, is shown with its state.
    let other = condition(
        "Accepted",
        "False",
        "VpcNotFound",
        "spec.vpc green: there is no Vpc",
    );
    let half = peering(
        "status-waits-b",
        "other",
        "green",
        "status-waits/blue",
        &format!("{{observedGeneration: 1, conditions: [{other}]}}"),
    );
    world.put(&half).await?;
    let said = world.isthmus(&["status", "half", "-n", "status-waits"])?;
    said.assert_code(1)
        .assert_told("status-waits-b/other (Rejected)");
    Ok(())
}

#[tokio::test]
async fn a_peering_that_is_not_there_is_no_answer() -> Result<()> {
    let world = World::make().await?;
    let said = world.isthmus(&["status", "nothing", "-n", "status-none"])?;
    said.assert_code(2)
        .assert_told("there is no VpcPeering status-none/nothing");
    assert_eq!(said.out, "");
    Ok(())
}
