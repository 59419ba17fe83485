//! Makes a Kubernetes cluster with kind, keeps it or tests Isthmus on it, and
//! deletes it with everything that it needed.

mod command;
mod docker;
mod down;
mod host;
mod ping;
mod places;
mod pod_network;
mod recipe;
mod restart;
mod rules;
mod suite;
mod tour;
mod up;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use clap::{Parser, Subcommand};
use isthmus_kind_tests::Cluster;
use tokio::signal::unix::{SignalKind, signal};

use places::Places;
use suite::Profile;

#[derive(Debug, Parser)]
#[command(about, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Make a cluster, and leave it standing.
    Up {
        /// Its name
        #[arg(long, default_value = "isthmus")]
        name: String,
        /// The network between gateways and hypervisors, a /24
        #[arg(long, default_value = recipe::UNDERLAY)]
        underlay: String,
    },
    /// Delete a cluster, or every one that this program made.
    Down {
        /// Its name
        #[arg(long)]
        name: Option<String>,
    },
    /// Bring two members of the cluster to life, and have one ping the other.
    Ping {
        /// The cluster's name
        #[arg(long, default_value = "isthmus")]
        name: String,
        /// The file that describes the cluster, instead
        #[arg(long, env = "ISTHMUS_CLUSTER")]
        cluster: Option<PathBuf>,
        #[command(flatten)]
        ping: ping::Question,
    },
    /// Boot a node anew.
    Restart {
        /// The cluster's name
        #[arg(long, default_value = "isthmus")]
        name: String,
        /// The node
        node: String,
    },
    /// Make a cluster, measure Isthmus on it, and delete it.
    Bench {
        /// Its name
        #[arg(long, default_value = "isthmus-bench")]
        name: String,
        /// The network between gateways and hypervisors, a /24
        #[arg(long, default_value = recipe::UNDERLAY)]
        underlay: String,
    },
    /// Make a cluster, run the suite on it, and delete it.
    Test {
        /// How much of it
        #[arg(long, default_value = "quick")]
        profile: Profile,
        /// Its name
        #[arg(long, default_value = "isthmus-test")]
        name: String,
        /// The network between gateways and hypervisors, a /24
        #[arg(long, default_value = recipe::UNDERLAY)]
        underlay: String,
        /// Test on the cluster that this file describes, and make none
        #[arg(long, env = "ISTHMUS_CLUSTER")]
        cluster: Option<PathBuf>,
        /// Leave the cluster standing where a test fails
        #[arg(long)]
        keep: bool,
        /// Only tests whose names hold one of these; further flags of the harness
        #[arg(last = true)]
        filter: Vec<String>,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    match act(Arguments::parse().verb).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("kind_cluster: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn act(verb: Verb) -> Result<()> {
    match verb {
        Verb::Up { name, underlay } => {
            let places = Places::of(&name)?;
            if places.cluster().exists() {
                bail!(
                    "there is a cluster {name} already: {}",
                    places.cluster().display()
                );
            }
            let made = unless_interrupted(up::up(&places, &underlay)).await;
            if made.is_err() {
                down::down(std::slice::from_ref(&places)).await?;
            }
            print!("{}", tour::tour(&made?, &places));
            Ok(())
        }
        Verb::Down { name } => match name {
            Some(name) => down::down(&[Places::of(&name)?]).await,
            None => down::down(&Places::all()?).await,
        },
        Verb::Ping {
            name,
            cluster,
            ping,
        } => {
            let file = cluster.map_or_else(|| Ok(Places::of(&name)?.cluster()), anyhow::Ok)?;
            let cluster = Cluster::read(&file)?;
            // A signal ends this process, and with it what it has on the nodes.
            tokio::task::spawn_blocking(move || ping.run(&cluster)).await?
        }
        Verb::Bench { name, underlay } => {
            let places = Places::of(&name)?;
            down::down(std::slice::from_ref(&places)).await?;
            let measured = unless_interrupted(async {
                up::up(&places, &underlay).await?;
                suite::bench(&places.cluster()).await
            })
            .await;
            let deleted = down::down(&[places]).await;
            measured.and(deleted)
        }
        Verb::Restart { name, node } => {
            unless_interrupted(restart::restart(&Places::of(&name)?, &node)).await
        }
        Verb::Test {
            cluster: Some(file),
            profile,
            filter,
            ..
        } => unless_interrupted(suite::run(&file, profile, &filter)).await,
        Verb::Test {
            profile,
            name,
            underlay,
            keep,
            filter,
            cluster: None,
        } => {
            let places = Places::of(&name)?;
            // What a killed run left.
            down::down(std::slice::from_ref(&places)).await?;
            let tested = unless_interrupted(async {
                suite::build().await?;
                up::up(&places, &underlay).await?;
                suite::run(&places.cluster(), profile, &filter).await
            })
            .await;
            if tested.is_err() && keep {
                eprintln!("kind: the cluster stands: {}", places.cluster().display());
                return tested;
            }
            let deleted = down::down(&[places]).await;
            tested.and(deleted)
        }
    }
}

/// Does something until it is done or a signal asks us to end.
async fn unless_interrupted<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let mut terminate = signal(SignalKind::terminate()).context("wait for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("wait for SIGINT")?;
    tokio::select! {
        done = work => done,
        _ = terminate.recv() => bail!("terminated"),
        _ = interrupt.recv() => bail!("interrupted"),
    }
}
