//! How long it takes from a file that is renamed into the folder to a kernel
//! table that holds what it says, with the agent's binary running on a lab's
//! gateway. Needs root; rows go to `target/bench/apply.json`.
//!
//! ```text
//! cargo run --release -p router-agent --example apply -- --router-agent FILE
//! ```

use std::fmt::Write as _;
use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use clap::Parser;
use isthmus_abi::MemberWord;
use isthmus_benchmark::Row;
use isthmus_lab::{Hypervisor, Lab, Namespace, wait_until};
use isthmus_tables::{Reader, Tables};

/// Members of a VPC, all in one file with it.
const PER_VPC: u32 = 100;
/// Changes that are timed in each cell.
const CHANGES: u32 = 300;
const PINS: &str = "/sys/fs/bpf/isthmus";
const METRICS: &str = "127.0.0.1:9464";
const PATIENCE: Duration = Duration::from_secs(300);

#[derive(Debug, Parser)]
struct Args {
    /// The agent's binary.
    #[arg(long)]
    router_agent: PathBuf,
}

/// Members, and seconds between two audits of the tables.
const CELLS: [(u32, u32); 4] = [(1_000, 60), (10_000, 60), (100_000, 60), (100_000, 1)];

fn main() -> Result<()> {
    let args = Args::parse();
    isthmus_lab::check_machine()?;
    let mut rows = Vec::new();
    for (members, observe_every) in CELLS {
        let ms = measure(&args.router_agent, members, observe_every)?;
        let cell = format!("{members} members");
        let subject = format!("audit every {observe_every} s");
        let row = Row::with_p99(&cell, &subject, "ms", &ms);
        println!(
            "{cell:>15}, {subject:<18} median {:6.1} ms, p99 {:6.1} ms, maximum {:6.1} ms",
            row.median,
            row.p99.unwrap_or_default(),
            row.max
        );
        rows.push(row);
    }
    let file = isthmus_benchmark::write("apply", &rows)?;
    println!("written to {}", file.display());
    Ok(())
}

fn measure(agent: &Path, members: u32, observe_every: u32) -> Result<Vec<f64>> {
    let lab = Lab::builder().build()?;
    let vteps: Vec<_> = (lab.hypervisors().iter()).map(Hypervisor::vtep).collect();
    let folder = tempfile::tempdir()?;
    let vpcs = members / PER_VPC;
    for vpc in 1..=vpcs {
        put(folder.path(), vpc, &vteps, 0)?;
    }
    let gateway = lab.gateway();
    let _agent = Agent::start(
        agent,
        gateway.namespace(),
        &gateway.port().address_interface,
        folder.path(),
        observe_every,
    )?;
    let mounts = gateway.namespace().mounts().context("no mounts")?;
    let tables = mounts.run(|| Tables::open(&Path::new(PINS).join("maps-1")))??;
    let reader = Reader::new(&tables);

    let mut ms = Vec::new();
    for change in 1..=CHANGES {
        // Somewhere else each time; the second change of a VPC is another one.
        let vpc = change.wrapping_mul(0x9e37_79b1) % vpcs + 1;
        let mac = put(folder.path(), vpc, &vteps, change)?;
        let since = Instant::now();
        let address = IpAddr::from(address(vpc, 0));
        while reader.member(vpc, address).map(MemberWord::mac) != Some(mac) {
            ensure!(since.elapsed() < PATIENCE, "a change is not applied");
            std::thread::sleep(Duration::from_micros(50));
        }
        ms.push(since.elapsed().as_secs_f64() * 1e3);
        // Changes do not come at the agent's own pace.
        std::thread::sleep(Duration::from_millis(u64::from(change % 17)));
    }
    Ok(ms)
}

/// Replaces the file of a VPC; its first member's MAC tells the version. VPCs
/// are peered two by two.
fn put(folder: &Path, vpc: u32, vteps: &[IpAddr], version: u32) -> Result<u64> {
    let mac = 0x0200_0000_0000 | u64::from(version);
    let mut text = String::new();
    let object = |text: &mut String, kind: &str, name: &str, spec: &str| {
        writeln!(
            text,
            "---\napiVersion: isthmus.dev/v1alpha1\nkind: {kind}\nmetadata: {{name: {name}}}\n\
             spec: {spec}"
        )
    };
    let network = address(vpc, 0).to_bits() & !0xff;
    let cidr = Ipv4Addr::from_bits(network);
    object(
        &mut text,
        "Vpc",
        &format!("v{vpc}"),
        &format!("{{vni: {vpc}, cidrs: [{cidr}/24]}}"),
    )?;
    for member in 0..PER_VPC {
        let mac = if member == 0 { mac } else { 0x0200_0000_0000 };
        let digits: Vec<_> = mac.to_be_bytes()[2..]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let spec = format!(
            "{{vpc: v{vpc}, addresses: [{}], mac: \"{}\", hypervisor: \"{}\"}}",
            address(vpc, member),
            digits.join(":"),
            vteps[member as usize % vteps.len()],
        );
        object(&mut text, "VpcMember", &format!("m{vpc}-{member}"), &spec)?;
    }
    if vpc.is_multiple_of(2) {
        let spec = format!("{{vpc: v{vpc}, peer: {{name: v{}}}}}", vpc - 1);
        object(&mut text, "VpcPeering", &format!("p{vpc}"), &spec)?;
    }
    let fresh = folder.join(".new");
    fs::write(&fresh, text)?;
    fs::rename(&fresh, folder.join(format!("{vpc}.yaml")))?;
    Ok(mac)
}

/// A VPC has 256 addresses; the first two are the network's and the gateway's.
fn address(vpc: u32, member: u32) -> Ipv4Addr {
    Ipv4Addr::from_bits(0x0a00_0000 | (vpc << 8) | (member + 2))
}

/// A running agent, killed when dropped.
struct Agent(Child);

impl Agent {
    fn start(
        binary: &Path,
        gateway: &Namespace,
        interface: &str,
        folder: &Path,
        observe_every: u32,
    ) -> Result<Self> {
        let binary = fs::canonicalize(binary).context("--router-agent")?;
        let mut command: Command = gateway.command(binary);
        command
            .args(["run", "--interface", interface, "--metrics-addr", METRICS])
            .arg("--manifests")
            .arg(folder)
            .arg("--state-dir")
            .arg(folder.join(".state"))
            .args(["--observe-every", &observe_every.to_string()])
            .env("RUST_LOG", "error")
            .stdin(Stdio::null());
        let mut agent = Self(command.spawn()?);
        let metrics = METRICS.parse()?;
        wait_until("the readiness of the agent", PATIENCE, || {
            if let Some(status) = agent.0.try_wait()? {
                bail!("the agent ended: {status}");
            }
            let answer = gateway.http_get(metrics, "/readyz");
            Ok(answer.is_ok_and(|(status, _)| status == 200))
        })?;
        Ok(agent)
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
