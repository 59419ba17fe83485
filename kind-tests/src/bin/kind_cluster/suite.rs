//! Runs the suite on a cluster.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use clap::ValueEnum;
use isthmus_kind_tests::world::CAPTURES;
use isthmus_kind_tests::{Cluster, collect};
use tokio::fs::{self, File};
use tokio::process::Command;

use crate::command::{show, tee};
use crate::places::{self, ROOT};

/// The parts of the suite, in order: a later one finds what an earlier one
/// installed.
const PARTS: [&str; 5] = ["refused", "install", "tour", "system", "traffic"];

/// How much of the suite.
#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
pub(crate) enum Profile {
    /// What takes minutes.
    Quick,
    /// Everything.
    Full,
}

/// Builds the suite.
///
/// # Errors
///
/// It does not compile.
pub(crate) async fn build() -> Result<()> {
    let mut build = cargo();
    build.arg("--no-run");
    for part in PARTS {
        build.args(["--test", part]);
    }
    show(build).await
}

/// Runs the suite; what is there to see is collected where it fails.
///
/// # Errors
///
/// A test failed; where to look.
pub(crate) async fn run(file: &Path, profile: Profile, filter: &[String]) -> Result<()> {
    let folder = places::failure()?;
    if folder.exists() {
        fs::remove_dir_all(&folder).await?;
    }
    fs::create_dir_all(&folder).await?;
    let path = folder.join("suite.log");
    let mut log = File::create(&path).await?;
    for part in PARTS {
        let mut command = command(part, file, profile, filter);
        // Deleted with the folder unless a test fails.
        command.env(CAPTURES, folder.join("captures"));
        if !tee(command, &mut log).await? {
            let page = gather(Cluster::read(file)?, folder, path).await?;
            bail!(
                "the suite failed in `{part}`; start with {}",
                page.display()
            );
        }
    }
    fs::remove_dir_all(&folder).await?;
    Ok(())
}

/// Measures, with the program beside us.
///
/// # Errors
///
/// It fails.
pub(crate) async fn bench(file: &Path) -> Result<()> {
    let program = std::env::current_exe()?.with_file_name("kind_bench");
    let mut bench = Command::new(program);
    bench.env("ISTHMUS_CLUSTER", file).current_dir(ROOT);
    show(bench).await
}

fn command(part: &str, file: &Path, profile: Profile, filter: &[String]) -> Command {
    let mut command = cargo();
    command
        .args(["--test", part, "--", "--show-output"])
        .args(filter)
        .env("ISTHMUS_CLUSTER", file);
    if profile == Profile::Full {
        command.arg("--include-ignored");
    }
    command
}

/// `cargo test` of this package.
fn cargo() -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .args(["test", "--locked", "--package", "isthmus-kind-tests"])
        .current_dir(ROOT);
    cargo
}

/// Collects, away from the threads that wait for signals.
async fn gather(cluster: Cluster, folder: PathBuf, log: PathBuf) -> Result<PathBuf> {
    tokio::task::spawn_blocking(move || collect(&cluster, &folder, Some(&log))).await?
}
