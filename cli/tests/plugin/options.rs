//! What every command has: access to a cluster, colours, completion, version.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use isthmus_lab_apiserver::{ApiServer, Binaries, Part};

use crate::world::{World, folder, peering, plugin, run, vpc};

#[tokio::test]
async fn kubeconfig_context_and_namespace_are_kubectls() -> Result<()> {
    let world = World::make().await?;
    world.namespace("options-a").await?;
    world
        .put(&vpc("options-a", "blue", 5_101, "10.0.0.0/24", "options"))
        .await?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("config");
    let mut config: serde_json::Value =
        serde_yaml::from_str(&fs::read_to_string(world.kubeconfig())?)?;
    let contexts = config["contexts"].as_array_mut().context("contexts")?;
    contexts.push(serde_json::json!({
        "name": "a", "context": {"cluster": "lab", "user": "lab", "namespace": "options-a"},
    }));
    fs::write(&file, config.to_string())?;
    let file = file.to_str().context("a path")?;

    let with = |arguments: &[&str]| {
        run(plugin()?
            .args(["get", "vpcs", "--kubeconfig", file])
            .args(arguments))
    };
    with(&["--context", "a"])?
        .assert_code(0)
        .assert_told("10.0.0.0/24");
    with(&[])?
        .assert_code(0)
        .assert_told("No VPCs in namespace default.");
    with(&["-n", "options-a"])?
        .assert_code(0)
        .assert_told("10.0.0.0/24");
    // As kubectl, of several files those that are there.
    let several = std::env::join_paths([Path::new("/nonexistent/config"), Path::new(file)])?;
    let said = run(plugin()?
        .env("KUBECONFIG", several)
        .args(["get", "vpcs", "--context", "a"]))?;
    said.assert_code(0).assert_told("10.0.0.0/24");
    with(&["--context", "b"])?.assert_code(2).assert_told("b");
    with(&["--as-group", "g"])?
        .assert_code(2)
        .assert_told("--as-group needs --as");
    Ok(())
}

#[tokio::test]
async fn without_a_cluster_there_is_no_answer() -> Result<()> {
    run(plugin()?.arg("get"))?
        .assert_code(2)
        .assert_told("no cluster to talk to");
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("config");
    fs::write(
        &file,
        "{clusters: [{name: c, cluster: {server: 'https://127.0.0.1:1'}}],
          contexts: [{name: c, context: {cluster: c}}], current-context: c}",
    )?;
    let said = run(plugin()?.args(["get", "--kubeconfig"]).arg(&file))?;
    let told = "error: cannot read vpcs: ServiceError: client error (Connect): tcp connect error: \
                Connection refused (os error 111)\n";
    assert_eq!(said.assert_code(2).err, told);
    Ok(())
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_given_up() -> Result<()> {
    let server = ApiServer::start().await?;
    server.pause(Part::ApiServer)?;
    let start = Instant::now();
    let said = run(plugin()?.env("KUBECONFIG", server.kubeconfig()).args([
        "get",
        "--request-timeout",
        "1s",
    ]))?;
    said.assert_code(2).assert_told("cannot read vpcs");
    let waited = start.elapsed();
    assert!(waited < Duration::from_secs(20), "{waited:?}");
    Ok(())
}

#[tokio::test]
async fn a_cluster_without_isthmus_is_told_to_be_so() -> Result<()> {
    let server = ApiServer::start().await?;
    let said = run(plugin()?.env("KUBECONFIG", server.kubeconfig()).arg("get"))?;
    said.assert_code(2)
        .assert_told("Isthmus is not installed in this cluster");
    Ok(())
}

#[tokio::test]
async fn colours_are_only_on_a_terminal_and_never_with_no_color() -> Result<()> {
    let world = World::make().await?;
    world.namespace("options-colours").await?;
    world
        .put(&vpc(
            "options-colours",
            "blue",
            5_111,
            "10.0.0.0/24",
            "options",
        ))
        .await?;
    // script(1) gives its command a terminal.
    let on_terminal = |no_color: Option<&str>| {
        let plugin = folder().join("kubectl-isthmus");
        let line = format!("{} get vpcs -n options-colours", plugin.display());
        let mut command = Command::new("script");
        command.args(["-q", "-e", "-c", &line, "/dev/null"]);
        command
            .env("KUBECONFIG", world.kubeconfig())
            .env("TERM", "xterm");
        command
            .env_remove("NO_COLOR")
            .envs(no_color.map(|value| ("NO_COLOR", value)));
        run(&mut command)
    };
    let green = on_terminal(None)?;
    assert!(green.assert_code(0).out.contains("\u{1b}["), "{green:?}");
    let plain = on_terminal(Some("1"))?;
    plain.assert_code(0).assert_told("Accepted");
    assert!(!plain.out.contains('\u{1b}'), "{plain:?}");
    Ok(())
}

#[test]
fn bash_completes_by_the_script() -> Result<()> {
    let script = run(plugin()?.args(["completion", "bash"]))?;
    let complete = |words: &str| {
        // As bash calls it, for an empty last word.
        let line = format!(
            "{}\nCOMP_WORDS=(kubectl-isthmus {words} ''); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))\n\
             _kubectl_isthmus kubectl-isthmus '' x; echo \"${{COMPREPLY[@]}}\"",
            script.out
        );
        run(Command::new("bash").args(["-c", &line]))
    };
    complete("")?
        .assert_code(0)
        .assert_told("get status check completion");
    complete("get")?
        .assert_code(0)
        .assert_told("vpcs peerings members gateways all");
    Ok(())
}

#[test]
fn completion_and_version_need_no_cluster() -> Result<()> {
    for shell in ["bash", "zsh", "fish"] {
        let said = run(plugin()?.args(["completion", shell]))?;
        said.assert_code(0)
            .assert_told("kubectl-isthmus")
            .assert_told("against-cluster");
    }
    let said = run(plugin()?.arg("--version"))?;
    assert!(
        said.assert_code(0).out.contains(env!("CARGO_PKG_VERSION")),
        "{said:?}"
    );
    Ok(())
}

#[tokio::test]
async fn kubectl_completes_the_plugin() -> Result<()> {
    let world = World::make().await?;
    world.namespace("options-complete").await?;
    world
        .put(&peering(
            "options-complete",
            "blue-green",
            "blue",
            "x/green",
            "{}",
        ))
        .await?;
    let scripts = tempfile::tempdir()?;
    let script = scripts.path().join("kubectl_complete-isthmus");
    // As docs/cli.md has it.
    fs::write(
        &script,
        "#!/bin/sh\nexec kubectl-isthmus __complete \"$@\"\n",
    )?;
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755))?;
    let path = std::env::join_paths([&folder(), scripts.path(), Path::new("/bin")])?;
    let complete = |words: &[&str]| {
        let mut command = Command::new(Binaries::find()?.kubectl()?);
        command.args(["__complete", "isthmus"]).args(words);
        run(command
            .env("PATH", &path)
            .env("KUBECONFIG", world.kubeconfig()))
    };
    let said = complete(&["get", ""])?;
    let words: Vec<_> = said.assert_code(0).out.lines().collect();
    assert_eq!(
        words,
        ["vpcs", "peerings", "members", "gateways", "all", ":4"]
    );
    let said = complete(&["status", "-n", "options-complete", "bl"])?;
    assert_eq!(
        said.assert_code(0).out.lines().next(),
        Some("blue-green"),
        "{said:?}"
    );
    Ok(())
}
