//! Shows the main job in about a minute: two VPCs, peered by a router that
//! moves packets between them, on a network made of namespaces.

mod agent;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};
use std::{env, fs, process, thread};

use anyhow::{Context, Result, ensure};
use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use isthmus_lab::traffic::{Endpoint, Ping, Stream, StreamConfig, Transfer, ping, transfer};
use isthmus_lab::{Family, Lab, Member, Peering, Vpc};
use tokio::signal::unix::{SignalKind, signal};

use agent::Agent;

/// Shows what Isthmus does, on a network made of namespaces.
#[derive(Debug, Parser)]
#[command(max_term_width = 100)]
struct Arguments {
    /// The router-agent to show [default: the one beside this program].
    #[arg(long, value_name = "FILE")]
    router_agent: Option<PathBuf>,
}

fn main() -> ExitCode {
    match demo(&Arguments::parse()) {
        Ok(()) => {
            println!("\nAll of it held. Nothing of it is left on this machine.");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("\nThe demo failed: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Three VPCs, of which blue and green are peered.
struct World {
    lab: Lab,
    blue: Member,
    green: Member,
    red: Member,
    peering: Peering,
}

fn demo(arguments: &Arguments) -> Result<()> {
    let binary = router_agent(arguments)?;
    isthmus_lab::check_machine()?;
    let folder = tempfile::Builder::new().prefix("isthmus-demo-").tempdir()?;
    remove_on_interrupt(folder.path())?;
    let mut world = step("Building hypervisors, a gateway and three VPCs", build)?;
    let manifests = folder.path().join("manifests");
    step("Writing their manifests", || {
        fs::create_dir(&manifests)?;
        Ok(world.lab.manifests().write_to(&manifests)?)
    })?;
    let mut agent = Agent::new(binary, &world.lab, folder.path());
    step(
        "Starting the agent, which fills the router's tables",
        || agent.start(),
    )?;

    println!("\nBlue and green are peered:");
    for family in [Family::V4, Family::V6] {
        let (blue, green) = (at(&world.blue, family)?, at(&world.green, family)?);
        for (from, to) in [(&blue, &green), (&green, &blue)] {
            let name = format!(
                "ping and 4 MiB of TCP from {} to {}",
                from.address, to.address
            );
            step(&name, || crosses(from, to))?;
        }
    }
    println!("\nWhat the kernel holds now:\n{}", agent.status()?);

    println!("Red is peered with nobody:");
    let (red, blue) = (at(&world.red, Family::V4)?, at(&world.blue, Family::V4)?);
    step(
        &format!("no answer from {} to {}", blue.address, red.address),
        || {
            ensure!(!ping(&red, &blue, Ping::default())?, "red reached blue");
            Ok(())
        },
    )?;
    let status = agent.status()?;
    let reason = status.lines().find(|line| line.contains("NoRoute"));
    println!(
        "    {}",
        reason.context("status names no NoRoute drops")?.trim()
    );

    println!("\nThe agent dies while 20,000 packets a second cross the peering:");
    step(
        "SIGKILL, two seconds alone, restart: not one packet lost",
        || survives(&mut agent, &world),
    )?;

    println!("\nThe peering is deleted:");
    world.lab.unpeer(&world.peering);
    world.lab.manifests().write_to(&manifests)?;
    step("the traffic stops", || {
        stops(
            &at(&world.blue, Family::V4)?,
            &at(&world.green, Family::V4)?,
        )
    })
}

fn build() -> Result<World> {
    let mut lab = Lab::builder().build()?;
    let mut vpc = |vni: u32| -> Result<Vpc> {
        let part = 103 + vni;
        Ok(lab.vpc(
            vni,
            [
                format!("10.{part}.0.0/20").parse()?,
                format!("fd00:{part}::/64").parse()?,
            ],
        ))
    };
    let (blue, green, red) = (vpc(1)?, vpc(2)?, vpc(3)?);
    let mut member = |vpc: &Vpc, hypervisor: usize| -> Result<Member> {
        let part = 103 + vpc.vni();
        let addresses = [
            format!("10.{part}.0.2").parse()?,
            format!("fd00:{part}::2").parse()?,
        ];
        Ok(lab.member(vpc, hypervisor, addresses)?)
    };
    let members = (member(&blue, 0)?, member(&green, 1)?, member(&red, 1)?);
    let peering = lab.peer(Peering::between(&blue, &green));
    Ok(World {
        lab,
        blue: members.0,
        green: members.1,
        red: members.2,
        peering,
    })
}

fn crosses(from: &Endpoint, to: &Endpoint) -> Result<()> {
    ensure!(
        ping(
            from,
            to,
            Ping {
                attempts: 10,
                ..Ping::default()
            }
        )?,
        "no answer to ping"
    );
    Ok(transfer(from, to, Transfer::default())?)
}

fn survives(agent: &mut Agent, world: &World) -> Result<()> {
    let (from, to) = (at(&world.blue, Family::V4)?, at(&world.green, Family::V4)?);
    let stream = Stream::start(&from, &to, StreamConfig::default())?;
    let patience = Duration::from_secs(10);
    stream.wait_for(20_000, patience)?;
    agent.kill()?;
    stream.wait_for(40_000, patience)?;
    agent.start()?;
    stream.wait_for(20_000, patience)?;
    let report = stream.stop()?;
    ensure!(report.is_perfect(), "{report:?}");
    println!(
        "    {} packets sent, {} received",
        report.sent, report.received
    );
    Ok(())
}

fn stops(from: &Endpoint, to: &Endpoint) -> Result<()> {
    let until = Instant::now() + Duration::from_secs(5);
    let once = Ping {
        attempts: 1,
        ..Ping::default()
    };
    while ping(from, to, once)? {
        ensure!(Instant::now() < until, "traffic still passes");
    }
    Ok(())
}

fn at(member: &Member, family: Family) -> Result<Endpoint> {
    member
        .at(family)
        .with_context(|| format!("{} has no {family:?} address", member.name()))
}

/// Shows that something is being done, and then that it was.
fn step<T>(name: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let spinner = ProgressBar::new_spinner().with_message(name.to_owned());
    spinner.set_style(ProgressStyle::with_template(
        "  {spinner} {msg} ({elapsed})",
    )?);
    spinner.enable_steady_tick(Duration::from_millis(100));
    let start = Instant::now();
    let result = work();
    spinner.finish_and_clear();
    let sign = if result.is_ok() { "✓" } else { "✗" };
    println!("  {sign} {name} ({:.1} s)", start.elapsed().as_secs_f32());
    result.with_context(|| name.to_owned())
}

fn router_agent(arguments: &Arguments) -> Result<PathBuf> {
    let beside = || {
        env::current_exe()
            .ok()
            .map(|it| it.with_file_name("router-agent"))
    };
    let path = arguments
        .router_agent
        .clone()
        .or_else(beside)
        .unwrap_or_default();
    let path = fs::canonicalize(&path)
        .with_context(|| format!("no router-agent at {}: build it first", path.display()))?;
    Ok(path)
}

/// Namespaces, interfaces and the agent end with this process; the folder of
/// manifests is removed here when the process is told to end.
fn remove_on_interrupt(folder: &Path) -> Result<()> {
    let folder = folder.to_owned();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()?;
    let context = runtime.enter();
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    drop(context);
    thread::Builder::new()
        .name("interrupt".to_owned())
        .spawn(move || {
            let told = runtime.block_on(async {
                tokio::select! {
                    _ = interrupt.recv() => SignalKind::interrupt(),
                    _ = terminate.recv() => SignalKind::terminate(),
                }
            });
            // Again where something was being written into it at the same moment.
            let _ = (0..10).find(|_| fs::remove_dir_all(&folder).is_ok());
            process::exit(128 + told.as_raw_value());
        })?;
    Ok(())
}
