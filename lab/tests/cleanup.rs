//! Nothing of a lab outlives its process.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use std::{env, fs};

use anyhow::{Context, Result, ensure};
use isthmus_lab::{Lab, wait_until};

/// Set in the process that holds a lab for the other to kill.
const HOLD: &str = "ISTHMUS_LAB_HOLD";
/// How long anything may take to be gone.
const PATIENCE: Duration = Duration::from_secs(5);

/// Inode numbers of the network namespaces that some process is in.
fn namespaces_in_use() -> BTreeSet<u64> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    processes
        .filter_map(|it| fs::metadata(it.path().join("ns/net")).ok())
        .map(|it| it.ino())
        .collect()
}

/// Inode numbers of the network namespaces that a process holds open.
fn namespaces_held(process: u32) -> BTreeSet<u64> {
    let descriptors = fs::read_dir(format!("/proc/{process}/fd"));
    let targets = descriptors
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|it| fs::read_link(it.path()).ok());
    targets
        .filter_map(|target| {
            let inode = target.to_str()?.strip_prefix("net:[")?.strip_suffix(']')?;
            inode.parse().ok()
        })
        .collect()
}

/// Processes that a process has started and that are still there.
fn children(process: u32) -> Vec<u32> {
    let parent = |id: u32| -> Option<u32> {
        let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
        // State and parent follow the name, which is in parentheses (proc(5)).
        stat.rsplit_once(") ")?.1.split(' ').nth(1)?.parse().ok()
    };
    let all = fs::read_dir("/proc").into_iter().flatten().flatten();
    all.filter_map(|it| it.file_name().to_str()?.parse().ok())
        .filter(|id| parent(*id) == Some(process))
        .collect()
}

/// Names of the interfaces in the test's own namespace.
fn interfaces() -> Result<BTreeSet<String>> {
    let entries = fs::read_dir("/sys/class/net")?;
    Ok(entries
        .flatten()
        .map(|it| it.file_name().to_string_lossy().into_owned())
        .collect())
}

/// Waits until `condition` holds.
fn eventually(what: &str, condition: impl FnMut() -> Result<bool>) -> Result<()> {
    wait_until(what, PATIENCE, condition)
}

/// Not a test of its own: what the test below kills.
#[test]
fn holder_of_a_lab_waits_to_be_killed() -> Result<()> {
    if env::var_os(HOLD).is_none() {
        return Ok(());
    }
    let mut lab = Lab::builder().build()?;
    let vpc = lab.vpc(1, ["10.104.0.0/20".parse()?]);
    let member = lab.member(&vpc, 0, ["10.104.0.2".parse::<std::net::IpAddr>()?])?;
    let inode = |namespace: &isthmus_lab::Namespace| {
        namespace.run(|| fs::metadata("/proc/thread-self/ns/net").map(|it| it.ino()))
    };
    let mut child = member.namespace().command("sleep").arg("300").spawn()?;
    let pinned = lab.gateway().namespace().mounts().context("no mounts")?;
    pinned.run(|| fs::create_dir("/sys/fs/bpf/lab-cleanup-test"))??;
    println!(
        "\nholding {} {} {}",
        child.id(),
        inode(member.namespace())??,
        std::process::id()
    );
    child.wait()?;
    Ok(())
}

#[test]
fn a_killed_process_leaves_no_namespace_interface_process_or_pin() -> Result<()> {
    isthmus_lab::check_machine()?;
    let before = interfaces()?;
    let mut holder = Command::new(env::current_exe()?)
        .args([
            "--exact",
            "holder_of_a_lab_waits_to_be_killed",
            "--nocapture",
        ])
        .env(HOLD, "1")
        .stdout(Stdio::piped())
        .spawn()?;
    let output = BufReader::new(holder.stdout.take().context("no output")?);
    let line = output
        .lines()
        .map_while(std::result::Result::ok)
        .find(|line| line.starts_with("holding"))
        .context("the holder built no lab")?;
    let mut words = line.split_whitespace().skip(1);
    let child: u32 = words.next().context("no child")?.parse()?;
    let inode: u64 = words.next().context("no inode")?.parse()?;
    ensure!(
        namespaces_in_use().contains(&inode),
        "the child is not in the member's namespace"
    );
    assert_eq!(
        interfaces()?,
        before,
        "a lab shows in the namespace of its process"
    );
    ensure!(
        !fs::exists("/sys/fs/bpf/lab-cleanup-test")?,
        "a lab's pins show outside"
    );

    holder.kill()?;
    holder.wait()?;
    eventually("the child and its namespace are gone", || {
        let state = fs::read_to_string(format!("/proc/{child}/stat")).unwrap_or_default();
        let ended = state.is_empty() || state.contains(") Z ");
        Ok(ended && !namespaces_in_use().contains(&inode))
    })?;
    assert_eq!(interfaces()?, before);
    ensure!(!fs::exists("/sys/fs/bpf/lab-cleanup-test")?);
    Ok(())
}

/// The agent beside the demo: there after a build of the workspace, built here
/// otherwise.
fn router_agent() -> Result<PathBuf> {
    let path = Path::new(env!("CARGO_BIN_EXE_demo")).with_file_name("router-agent");
    if !path.exists() {
        let target = path.ancestors().nth(2).context("no target folder")?;
        let mut build = Command::new(env!("CARGO"));
        build.args(["build", "--quiet", "-p", "router-agent", "--target-dir"]);
        if path.parent().is_some_and(|it| it.ends_with("release")) {
            build.arg("--release");
        }
        ensure!(build.arg(target).status()?.success(), "no router-agent");
    }
    Ok(path)
}

/// A demo that is killed when the test does not see its end.
struct Demo(Child);

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Tells a demo to end while its traffic crosses the peering.
fn is_told_to_end(signal: libc::c_int) -> Result<()> {
    isthmus_lab::check_machine()?;
    let before = interfaces()?;
    let temporary = tempfile::tempdir()?;
    let mut command = Command::new(env!("CARGO_BIN_EXE_demo"));
    command.arg("--router-agent").arg(router_agent()?);
    command.env("TMPDIR", temporary.path());
    let mut demo = Demo(command.stdout(Stdio::piped()).spawn()?);
    let process = demo.0.id();
    let mut output = BufReader::new(demo.0.stdout.take().context("no output")?);
    let mut line = String::new();
    while !line.contains("packets a second cross the peering") {
        line.clear();
        ensure!(output.read_line(&mut line)? > 0, "the demo ended early");
    }
    eventually("packets are sent", || {
        let threads = fs::read_dir(format!("/proc/{process}/task"))?.flatten();
        let mut names = threads.flat_map(|it| fs::read_to_string(it.path().join("comm")));
        Ok(names.any(|name| name.trim() == "lab-stream-tx"))
    })?;
    let (started, namespaces) = (children(process), namespaces_held(process));
    ensure!(!started.is_empty(), "no agent");
    ensure!(namespaces.len() > 5, "only {namespaces:?}");
    ensure!(fs::read_dir(temporary.path())?.count() == 1);

    // SAFETY: takes no pointer; the demo was not waited for, so that the number is its own.
    let sent = unsafe { libc::kill(libc::pid_t::try_from(process)?, signal) };
    ensure!(sent == 0, "no signal");
    let mut ended = None;
    eventually("the demo ends", || {
        ended = demo.0.try_wait()?;
        Ok(ended.is_some())
    })?;
    let code = ended.and_then(|it| it.code());
    ensure!(code == Some(128 + signal), "{ended:?}");
    eventually("its processes and namespaces are gone", || {
        let running = started
            .iter()
            .any(|id| Path::new(&format!("/proc/{id}")).exists());
        Ok(!running && namespaces_in_use().is_disjoint(&namespaces))
    })?;
    ensure!(fs::read_dir(temporary.path())?.count() == 0, "its folder");
    assert_eq!(interfaces()?, before);
    Ok(())
}

#[test]
fn a_demo_that_is_interrupted_leaves_nothing_behind() -> Result<()> {
    is_told_to_end(libc::SIGINT)
}

#[test]
fn a_demo_that_is_terminated_leaves_nothing_behind() -> Result<()> {
    is_told_to_end(libc::SIGTERM)
}
