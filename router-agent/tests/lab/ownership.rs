//! What is whose: one agent a pin directory, and nobody else's things touched.

use anyhow::{Context, Result, ensure};
use isthmus_lab::Lab;

use crate::agent::{Agent, Running};
use crate::world::{World, eventually};

/// Identifier of the link on the only port.
fn link_id(agent: &Agent) -> Result<u64> {
    agent.status()?["ports"][0]["linkId"]
        .as_u64()
        .context("no link")
}

#[test]
fn a_second_agent_on_the_same_pins_is_refused_in_one_sentence() -> Result<()> {
    let world = World::build(Lab::builder())?;
    let agent = Agent::start(&world.lab)?;
    let folder = agent.folder().display().to_string();
    let arguments = ["run", "--manifests", &folder, "--interface", "eth0"];
    let said = tempfile::NamedTempFile::new()?;
    let mut second = Running::start(
        agent
            .command(&arguments)
            .args(["--metrics-addr", "127.0.0.1:9465"])
            .stderr(said.reopen()?),
    )?;
    eventually("the second agent ends", || {
        Ok(second.ended()?.is_some_and(|status| !status.success()))
    })?;
    let text = std::fs::read_to_string(said.path())?;
    ensure!(
        text.trim().lines().count() == 1 && text.contains("/sys/fs/bpf/isthmus"),
        "{text}"
    );
    Ok(())
}

#[test]
fn a_restart_keeps_link_and_program_and_a_changed_setting_keeps_the_link() -> Result<()> {
    let world = World::build(Lab::builder())?;
    let mut agent = Agent::start(&world.lab)?;
    let program = |agent: &Agent| -> Result<u64> {
        agent.status()?["ports"][0]["programId"]
            .as_u64()
            .context("no program")
    };
    let before = (link_id(&agent)?, program(&agent)?);
    agent.kill()?;
    agent.restart()?;
    ensure!(
        (link_id(&agent)?, program(&agent)?) == before,
        "a restart replaced something"
    );
    agent.kill()?;
    agent.restart_with(&["--vxlan-port", "8472"])?;
    ensure!(link_id(&agent)? == before.0, "another link");
    ensure!(program(&agent)? != before.1, "the same program");
    Ok(())
}

#[test]
fn another_xdp_program_on_the_interface_is_left_alone() -> Result<()> {
    let world = World::build(Lab::builder())?;
    // A router of another pin directory stands for anybody's program.
    let first = Agent::start(&world.lab)?;
    let before = link_id(&first)?;
    let ports = world
        .lab
        .gateway()
        .ports()
        .iter()
        .map(|port| port.interface.clone());
    let more = [
        "--pin-dir",
        "/sys/fs/bpf/other",
        "--metrics-addr",
        "127.0.0.1:9465",
    ];
    let said = tempfile::NamedTempFile::new()?;
    let folder = first.folder().display().to_string();
    let state = first.folder().join(".other").display().to_string();
    let _second = Running::start(
        first
            .command(&["run", "--manifests", &folder, "--state-dir", &state])
            .args(ports.flat_map(|port| ["--interface".to_owned(), port]))
            .args(more)
            .stderr(said.reopen()?),
    )?;
    eventually("the second agent says why it has no port", || {
        Ok(std::fs::read_to_string(said.path())?.contains("another XDP program"))
    })?;
    ensure!(link_id(&first)? == before, "the first router was taken off");
    Ok(())
}

#[test]
fn detach_leaves_what_is_not_ours_in_the_pin_directory() -> Result<()> {
    let world = World::build(Lab::builder())?;
    let mut agent = Agent::start(&world.lab)?;
    agent.terminate()?;
    let mounts = world
        .lab
        .gateway()
        .namespace()
        .mounts()
        .context("no mounts")?
        .clone();
    mounts.run(|| std::fs::create_dir("/sys/fs/bpf/isthmus/somebody"))??;
    let output = agent.command(&["detach"]).output()?;
    ensure!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let left = mounts.run(|| -> std::io::Result<Vec<_>> {
        std::fs::read_dir("/sys/fs/bpf/isthmus")?
            .map(|entry| Ok(entry?.file_name()))
            .collect()
    })??;
    ensure!(left == ["somebody"], "{left:?}");
    agent.restart()?;
    eventually("the port is back", || Ok(link_id(&agent).is_ok()))
}
