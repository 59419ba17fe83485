//! Transit gateway agent.

use std::io::{self, IsTerminal as _};
use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;
use isthmus_abi::MAX_PORTS;
use router_agent::agent::Agent;
use router_agent::check::check;
use router_agent::cli::{Cli, Command, LogFormat, RunArgs};
use router_agent::pins::access::{may_change, may_open};
use router_agent::pins::{bpffs, kernel, privileges};
use router_agent::shared::Shared;
use router_agent::{cluster, detach, http, status, uname};
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    match dispatch() {
        Ok(code) => code,
        // Whoever read the output has seen enough of it.
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", sentence(&error));
            ExitCode::FAILURE
        }
    }
}

/// An error and its causes, none said twice: most errors say their cause.
fn sentence(error: &anyhow::Error) -> String {
    let mut said = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !said.contains(&cause) {
            said = format!("{said}: {cause}");
        }
    }
    said
}

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    let io = |cause: &(dyn std::error::Error + 'static)| {
        cause.downcast_ref::<io::Error>().map(io::Error::kind)
    };
    error
        .chain()
        .any(|cause| io(cause) == Some(io::ErrorKind::BrokenPipe))
}

fn dispatch() -> anyhow::Result<ExitCode> {
    match Cli::parse().command {
        Command::Run(args) => run(*args)?,
        Command::Check { manifests } => {
            let well = check(
                &manifests,
                &mut io::stdout().lock(),
                &mut io::stderr().lock(),
            )?;
            return Ok(if well {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            });
        }
        Command::Status { output, pins } => {
            may_open(&pins.pin_dir)?;
            let status = runtime()?.block_on(status::read(&pins.pin_dir))?;
            status::write(&status, output, &mut io::stdout().lock())?;
        }
        Command::Mount { pins } => {
            bpffs::prepare(&pins.pin_dir)?;
            println!("{} is in a bpffs", pins.pin_dir.display());
        }
        Command::Detach { pins } => {
            may_change(&pins.pin_dir)?;
            let detached = detach::detach(&pins.pin_dir)?;
            if detached.removed.is_empty() && detached.failed.is_empty() {
                println!("nothing of Isthmus is in {}", pins.pin_dir.display());
            }
            for line in &detached.removed {
                println!("removed {line}");
            }
            for line in &detached.foreign {
                println!("left in place, for it is not ours: {line}");
            }
            for line in &detached.failed {
                eprintln!("error: not removed: {line}");
            }
            if !detached.failed.is_empty() {
                return Ok(ExitCode::FAILURE);
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn run(args: RunArgs) -> anyhow::Result<()> {
    let given = args.interfaces.len();
    anyhow::ensure!(
        given <= MAX_PORTS,
        "{given} interfaces were given; at most {MAX_PORTS} are ports"
    );
    log(args.log_format);
    let process = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    privileges::check(&process, &args.pins.pin_dir)?;
    kernel::check(&uname::release())?;
    runtime()?.block_on(async {
        let shared = Shared::default();
        let address = args.metrics_addr;
        let listener = tokio::net::TcpListener::bind(address)
            .await
            .with_context(|| format!("cannot listen on {address} (--metrics-addr)"))?;
        let client = match &args.manifests {
            Some(_) => None,
            None => Some(cluster::client(args.cluster.kubeconfig.as_deref()).await?),
        };
        let agent = Agent::start(args, shared.clone())?;
        tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, http::routes(shared)).await {
                tracing::error!("the HTTP server ended: {error}");
            }
        });
        Ok(agent.run(client).await?)
    })
}

fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?)
}

fn log(format: LogFormat) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(io::stderr().is_terminal())
        .with_writer(io::stderr);
    match format {
        LogFormat::Text => log.with_target(false).init(),
        LogFormat::Json => log.json().init(),
    }
}
