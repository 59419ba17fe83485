//! An agent that follows a cluster's slices.

use anyhow::{Context as _, Result, ensure};
use isthmus_crds::TransitGatewayStatus;
use isthmus_lab::traffic::{Stream, StreamConfig};
use isthmus_lab::{Family, Lab, Peering};

use crate::agent::Agent;
use crate::control_plane::{ControlPlane, NODE};
use crate::world::{PATIENCE, World, eventually, member, reaches, talk};

fn launch(world: &World, cluster: &ControlPlane) -> Result<Agent> {
    Agent::launch_in_cluster(&world.lab, cluster.kubeconfig(), &["--node-name", NODE])
}

/// A control plane with the lab's slices, and an agent that has them.
fn follow(world: &World) -> Result<(ControlPlane, Agent)> {
    let mut cluster = ControlPlane::start(&world.lab)?;
    cluster.publish(&world.lab)?;
    let mut agent = launch(world, &cluster)?;
    agent.wait_until_ready()?;
    Ok((cluster, agent))
}

/// Status of a condition of the gateway's own object.
fn condition(cluster: &ControlPlane, kind: &str) -> Result<Option<String>> {
    let status = cluster.gateway()?.and_then(|gateway| gateway.status);
    let conditions = status.map(|status| status.conditions).unwrap_or_default();
    let found = conditions.into_iter().find(|it| it.type_ == kind);
    Ok(found.map(|condition| condition.status))
}

#[test]
fn slices_become_traffic_and_the_gateway_says_how_it_stands() -> Result<()> {
    let mut world = World::build(Lab::builder())?;
    let (mut cluster, agent) = follow(&world)?;
    talk(&world.lab, &world.blue, &world.green)?;
    ensure!(!reaches(&world.blue, &world.red, Family::V4)?);

    eventually("the gateway is ready and synced", || {
        Ok(condition(&cluster, "Ready")?.as_deref() == Some("True")
            && condition(&cluster, "Synced")?.as_deref() == Some("True"))
    })?;
    let gateway = cluster.gateway()?.context("registered")?;
    let vtep = world.lab.gateway().port().address(Family::V4);
    let vtep = vtep.context("no address")?;
    ensure!(gateway.spec.vteps.contains(&vtep), "{:?}", gateway.spec);
    ensure!(gateway.spec.pools == ["default"]);
    let status = gateway.status.context("a status")?;
    ensure!(status.interfaces.iter().any(|it| it.xdp_mode == "driver"));
    ensure!(status.entries.is_some_and(|entries| entries.members == 6));
    let synced = status.synced.first().cloned().context("watermarks")?;

    // Unpeering is one write, and the watermark passes it.
    let peering = Peering::between(world.blue.vpc(), world.green.vpc());
    world.lab.unpeer(&peering);
    cluster.publish(&world.lab)?;
    eventually("the routes are gone", || Ok(agent.entries("VPCS")? == 0))?;
    ensure!(!reaches(&world.blue, &world.green, Family::V4)?);
    eventually("the watermark passes", || {
        let status = cluster.gateway()?.and_then(|gateway| gateway.status);
        let now = status.context("a status")?.synced;
        let now = now.first().context("synced")?;
        let number = |text: &str| text.parse::<u64>().unwrap_or(0);
        Ok(number(&now.peering_slices) > number(&synced.peering_slices))
    })
}

#[test]
fn an_api_server_that_is_away_costs_no_packet_and_what_changed_comes_later() -> Result<()> {
    let mut world = World::build(Lab::builder())?;
    let (mut cluster, mut agent) = follow(&world)?;
    let [blue, green] = [&world.blue, &world.green].map(|it| it.at(Family::V4));
    let (blue, green) = (blue.context("no address")?, green.context("no address")?);
    let stream = Stream::start(&blue, &green, StreamConfig::default())?;
    stream.wait_for(5_000, PATIENCE)?;

    cluster.kill()?;
    agent.kill()?;
    stream.wait_for(5_000, PATIENCE)?;
    // Without anybody to ask it keeps what the maps hold.
    let mut agent = launch(&world, &cluster)?;
    agent.says(&["what the tables hold from before is forwarded"])?;
    eventually("it says that it waits", || {
        let answer = agent.get("/readyz");
        Ok(answer.is_ok_and(|(status, body)| status == 503 && body.contains("slices")))
    })?;
    stream.wait_for(20_000, PATIENCE)?;

    cluster.restart()?;
    agent.wait_until_ready()?;
    let vpc = world.blue.vpc().clone();
    let late = member(&mut world.lab, &vpc, 0, 9)?;
    cluster.publish(&world.lab)?;
    eventually("the new member is reached", || {
        reaches(&world.green, &late, Family::V4)
    })?;
    stream.wait_for(5_000, PATIENCE)?;
    let report = stream.stop()?;
    ensure!(report.is_perfect(), "{report:?}");
    Ok(())
}

#[test]
fn tables_of_another_size_take_over_only_once_they_are_filled() -> Result<()> {
    let world = World::build(Lab::builder())?;
    let (cluster, mut agent) = follow(&world)?;
    let [blue, green] = [&world.blue, &world.green].map(|it| it.at(Family::V4));
    let (blue, green) = (blue.context("no address")?, green.context("no address")?);
    let stream = Stream::start(&blue, &green, StreamConfig::default())?;
    stream.wait_for(5_000, PATIENCE)?;

    cluster.kill()?;
    let sizes = ["--node-name", NODE, "--max-members", "5000"];
    // The second finds the tables that the first made and could not fill.
    for _ in 0..2 {
        agent.kill()?;
        agent = Agent::launch_in_cluster(&world.lab, cluster.kubeconfig(), &sizes)?;
        agent.says(&["started"])?;
        stream.wait_for(20_000, PATIENCE)?;
    }
    cluster.restart()?;
    agent.wait_until_ready()?;
    ensure!(agent.metric("isthmus_map_capacity{map=\"MEMBERS_V4\"}")? < 10_000);
    stream.wait_for(5_000, PATIENCE)?;
    let report = stream.stop()?;
    ensure!(report.is_perfect(), "{report:?}");
    Ok(())
}

#[test]
fn a_gateway_object_is_made_anew_and_tells_of_a_drain() -> Result<()> {
    let world = World::build(Lab::builder())?;
    let (cluster, mut agent) = follow(&world)?;
    eventually("it is registered", || {
        Ok(condition(&cluster, "Draining")?.as_deref() == Some("False"))
    })?;
    cluster.patch_gateway(&serde_json::json!({"spec": {"drain": true}}))?;
    eventually("it says that it drains", || {
        Ok(condition(&cluster, "Draining")?.as_deref() == Some("True"))
    })?;
    let drains = "isthmus_liveness{state=\"Draining\"}";
    eventually("hypervisors are told", || Ok(agent.metric(drains)? == 1))?;
    // The agent's registration leaves the administrator's field alone.
    agent.kill()?;
    agent.restart()?;
    eventually("the drain stays", || {
        let gateway = cluster.gateway()?.context("registered")?;
        Ok(gateway.spec.drain && condition(&cluster, "Ready")?.as_deref() == Some("True"))
    })?;
    ensure!(agent.metric(drains)? == 1);
    let said = agent.said()?;
    let since = said.rsplit("maps adopted").next().context("restarted")?;
    ensure!(!since.contains("what hypervisors are told"), "{said}");
    Ok(())
}

#[test]
fn a_status_that_somebody_made_of_it_is_put_right() -> Result<()> {
    let world = World::build(Lab::builder())?;
    let (cluster, _agent) = follow(&world)?;
    let good = || Ok(condition(&cluster, "Ready")?.as_deref() == Some("True"));
    eventually("it is ready", good)?;
    let right = cluster.gateway()?.context("registered")?.status;

    // What fits and is not so; and nothing.
    let condition = serde_json::json!({
        "type": "Ready", "status": "False", "reason": "Wrong", "message": "",
        "lastTransitionTime": "2020-01-01T00:00:00Z",
    });
    let wrong = serde_json::json!({"conditions": [condition], "synced": null});
    for status in [wrong, serde_json::Value::Null] {
        cluster.patch_gateway_status(&serde_json::json!({"status": status}))?;
        eventually("the status is what it was", || {
            let now = cluster.gateway()?.context("registered")?.status;
            let synced = |it: &Option<TransitGatewayStatus>| it.clone().map(|it| it.synced);
            Ok(good()? && synced(&now) == synced(&right))
        })?;
    }
    // What fits nothing, stored while the definition took it.
    cluster.take_any_status(true)?;
    let status = serde_json::json!({"synced": 3, "conditions": {"Ready": true}});
    cluster.patch_gateway_status(&serde_json::json!({"status": status}))?;
    cluster.take_any_status(false)?;
    eventually("it can be read again", || {
        Ok(cluster.gateway().is_ok() && good()?)
    })?;
    ensure!(reaches(&world.blue, &world.green, Family::V4)?);
    Ok(())
}

#[test]
fn slices_that_are_deleted_end_the_traffic() -> Result<()> {
    let world = World::build(Lab::builder())?;
    let (cluster, agent) = follow(&world)?;
    ensure!(reaches(&world.blue, &world.green, Family::V4)?);
    cluster.delete_peering_slices()?;
    eventually("the routes are gone", || Ok(agent.entries("VPCS")? == 0))?;
    ensure!(!reaches(&world.blue, &world.green, Family::V4)?);
    Ok(())
}
