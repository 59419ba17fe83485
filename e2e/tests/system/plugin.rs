//! `kubectl isthmus` beside an operator and a gateway that work.

use std::fs;
use std::process::{Command, Output};

use anyhow::{Context as _, Result, ensure};
use isthmus_e2e::{eventually, program};
use isthmus_lab::NAMESPACE;
use serde_json::Value;

use crate::world::World;

impl World {
    fn plugin(&self, arguments: &[&str]) -> Result<Output> {
        let plugin = program("kubectl-isthmus", "kubectl-isthmus")?;
        let mut command = Command::new(plugin);
        command.args(arguments).arg("--kubeconfig");
        Ok(command.arg(self.cluster.kubeconfig()).output()?)
    }

    /// What it prints as JSON, and its exit code.
    fn asked(&self, arguments: &[&str]) -> Result<(Value, Option<i32>)> {
        let output = self.plugin(&[arguments, &["-o", "json"]].concat())?;
        let answer = serde_json::from_slice(&output.stdout);
        Ok((
            answer.with_context(|| format!("{output:?}"))?,
            output.status.code(),
        ))
    }
}

#[test]
fn the_plugin_tells_what_operator_and_gateway_made_of_the_objects() -> Result<()> {
    let mut world = World::build()?;
    let manifest = world.peering();

    // What would become of it, before it is applied.
    let folder = tempfile::tempdir()?;
    fs::write(folder.path().join("peering.yaml"), &manifest)?;
    let path = folder.path().display().to_string();
    let checked = world.plugin(&["check", "-f", &path, "--against-cluster"])?;
    ensure!(checked.status.code() == Some(0), "{checked:?}");
    let alone = world.plugin(&["check", "-f", &path])?;
    ensure!(
        alone.status.code() == Some(1),
        "without its Vpcs it is rejected: {alone:?}"
    );

    world.cluster.apply(&manifest)?;
    let get = ["get", "all", "-n", NAMESPACE];
    eventually("the peering is programmed", || {
        let (all, _) = world.asked(&get)?;
        Ok(all["peerings"][0]["state"] == "Programmed")
    })?;
    let (all, code) = world.asked(&get)?;
    ensure!(code == Some(0));
    let states = |kind: &str| -> Vec<Value> {
        let rows = all[kind].as_array().into_iter().flatten();
        rows.map(|row| row["state"].clone()).collect()
    };
    ensure!(states("vpcs") == ["Accepted", "Accepted"], "{all}");
    eventually("members and gateway say so, too", || {
        let (all, _) = world.asked(&get)?;
        let is = |kind: &str, state: &str| {
            let rows = all[kind].as_array().filter(|rows| !rows.is_empty());
            rows.is_some_and(|rows| rows.iter().all(|row| row["state"] == state))
        };
        Ok(is("members", "Programmed") && is("gateways", "Ready"))
    })?;

    let name = all["peerings"][0]["name"].as_str().context("a name")?;
    let name = name.to_owned();
    let status = world.plugin(&["status", &name, "-n", NAMESPACE])?;
    let said = String::from_utf8_lossy(&status.stdout);
    ensure!(status.status.code() == Some(0), "{status:?}");
    ensure!(
        said.contains("gateway-0") && said.contains("1/1"),
        "every gateway by name: {said}"
    );

    // A gateway that does not answer any more is behind what comes then.
    world.gateway.process().kill()?;
    let vpc = world.blue.vpc().name().to_owned();
    let narrower = format!("vpcpeering/{name}");
    let patch = r#"{"spec":{"exportPrefixes":["10.1.0.0/28"]}}"#;
    world.cluster.kubectl(
        &[
            "patch",
            &narrower,
            "-n",
            NAMESPACE,
            "--type=merge",
            "-p",
            patch,
        ],
        "",
    )?;
    eventually("it says that the gateway is behind", || {
        let status = world.plugin(&["status", &name, "-n", NAMESPACE])?;
        let said = String::from_utf8_lossy(&status.stdout).into_owned();
        Ok(status.status.code() == Some(1) && said.contains("0/1") && said.contains(&vpc))
    })
}
