//! The operator of Isthmus.

use std::io::{self, IsTerminal as _, Write as _};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::Parser as _;
use isthmus_compiler::slices::SliceLimits;
use isthmus_operator::cli::{Cli, Command, LogFormat, RunArgs};
use isthmus_operator::cluster::lease::LeaseOptions;
use isthmus_operator::http::{self, Telling};
use isthmus_operator::run::{self, Options};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tracing_subscriber::EnvFilter;

/// What is logged unless RUST_LOG says otherwise: of connections that end the
/// operator tells itself.
const LOGGED: &str = "info,kube_client=error,kube_runtime=error";

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Run(args) => run_operator(&args),
        Command::Crds => print_crds(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn print_crds() -> Result<()> {
    let mut out = io::stdout().lock();
    for definition in isthmus_crds::definitions() {
        match write!(out, "---\n{}", definition.yaml()?) {
            // Whoever read the output has seen enough of it.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
            done => done?,
        }
    }
    Ok(())
}

fn run_operator(args: &RunArgs) -> Result<()> {
    log(args.log_format);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let address = args.metrics_addr;
        let listener = tokio::net::TcpListener::bind(address)
            .await
            .with_context(|| format!("cannot listen on {address} (--metrics-addr)"))?;
        let config = config(args).await?;
        let options = options(args, &config);
        let client = Client::try_from(config).context("cannot make a client")?;
        let telling = Telling::new();
        let routes = http::routes(telling.clone());
        tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, routes).await {
                tracing::error!("the HTTP server ended: {error}");
            }
        });
        let stop = stop()?;
        run::run(client, options, telling, stop).await;
        Ok(())
    })
}

async fn config(args: &RunArgs) -> Result<Config> {
    let mut config = match &args.kubeconfig {
        Some(path) => {
            let kubeconfig = Kubeconfig::read_from(path)
                .with_context(|| format!("cannot read {} (--kubeconfig)", path.display()))?;
            Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default())
                .await
                .with_context(|| format!("cannot use {} (--kubeconfig)", path.display()))?
        }
        None => Config::infer()
            .await
            .context("neither a service account nor a kubeconfig; give --kubeconfig")?,
    };
    // The operator's own queue decides what is tried again when.
    config.default_retry = false;
    Ok(config)
}

fn options(args: &RunArgs, config: &Config) -> Options {
    let name = args.identity.clone().unwrap_or_else(host_name);
    let namespace = args.lease_namespace.as_ref();
    Options {
        lease: LeaseOptions {
            namespace: namespace.unwrap_or(&config.default_namespace).clone(),
            name: args.lease_name.clone(),
            // One that comes again is another one.
            identity: format!("{name}_{:016x}", fastrand::u64(..)),
            duration: Duration::from_secs(args.lease_seconds.into()),
        },
        limits: SliceLimits {
            members: args.slice_members,
            ..SliceLimits::default()
        },
    }
}

fn host_name() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name = name.trim();
    let name = if name.is_empty() { "operator" } else { name };
    name.to_owned()
}

/// Turns true when the process is to end.
fn stop() -> Result<watch::Receiver<bool>> {
    let (sender, receiver) = watch::channel(false);
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stops");
        sender.send_replace(true);
        // A receiver must not see the sender gone.
        std::future::pending::<()>().await;
    });
    Ok(receiver)
}

fn log(format: LogFormat) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(LOGGED));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(io::stderr().is_terminal())
        .with_writer(io::stderr);
    match format {
        LogFormat::Text => log.with_target(false).init(),
        LogFormat::Json => log.json().init(),
    }
}
