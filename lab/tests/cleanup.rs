//! Nothing of a lab outlives its process.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::MetadataExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use anyhow::{Context, Result, ensure};
use isthmus_lab::Lab;

/// Set in the process that holds a lab for the other to kill.
const HOLD: &str = "ISTHMUS_LAB_HOLD";

/// Inode numbers of the network namespaces that some process is in.
fn namespaces_in_use() -> BTreeSet<u64> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    processes
        .filter_map(|it| fs::metadata(it.path().join("ns/net")).ok())
        .map(|it| it.ino())
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
    let until = Instant::now() + Duration::from_secs(5);
    let gone = || {
        let state = fs::read_to_string(format!("/proc/{child}/stat")).unwrap_or_default();
        (state.is_empty() || state.contains(") Z ")) && !namespaces_in_use().contains(&inode)
    };
    while !gone() {
        ensure!(
            Instant::now() < until,
            "process {child} or its namespace is still there"
        );
        thread::yield_now();
    }
    assert_eq!(interfaces()?, before);
    ensure!(!fs::exists("/sys/fs/bpf/lab-cleanup-test")?);
    Ok(())
}
