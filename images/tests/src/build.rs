//! Runs the scripts.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use anyhow::{Context, Result, bail, ensure};

const SCRIPTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// The architecture that images are built for here, as OCI calls it.
pub const ARCHITECTURE: &str = if cfg!(target_arch = "aarch64") {
    "arm64"
} else {
    "amd64"
};

/// What this process has built.
static BUILT: Mutex<BTreeMap<String, PathBuf>> = Mutex::new(BTreeMap::new());

/// Builds a component, `operator` or `agent`, of the sources as they are, once;
/// its archive. Quick when nothing has changed since the last time.
///
/// # Errors
///
/// It does not compile, for one.
pub fn built(component: &str) -> Result<PathBuf> {
    let mut built = BUILT
        .lock()
        .map_err(|_| anyhow::anyhow!("another build panicked"))?;
    if let Some(archive) = built.get(component) {
        return Ok(archive.clone());
    }
    let said = run(&["build.sh", component], &[])?;
    // Its last line is ARCHIVE REFERENCE DIGEST.
    let archive = said.lines().last().and_then(|line| line.split(' ').next());
    let archive = PathBuf::from(archive.context("the name of an archive")?);
    built.insert(component.to_owned(), archive.clone());
    Ok(archive)
}

/// Writes an archive of programs.
///
/// # Errors
///
/// A program that is not there, for one.
pub fn archive(name: &str, out: &Path, programs: &[&Path]) -> Result<()> {
    let mut args = vec!["archive.sh", name, ARCHITECTURE];
    args.push(out.to_str().context("a path in UTF-8")?);
    for program in programs {
        args.push(program.to_str().context("a path in UTF-8")?);
    }
    let variables = [
        ("USER_ID", "7"),
        ("TITLE", "A title"),
        ("DESCRIPTION", "Two words"),
    ];
    run(&args, &variables).map(drop)
}

fn run(args: &[&str], variables: &[(&str, &str)]) -> Result<String> {
    let [script, args @ ..] = args else {
        bail!("no script");
    };
    let mut command = Command::new(Path::new(SCRIPTS).join(script));
    command.args(args).envs(variables.iter().copied());
    // What cargo tells a test, a cargo that the script starts must not hear.
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        if name.starts_with("CARGO_") && !matches!(&*name, "CARGO_HOME" | "CARGO_TARGET_DIR") {
            command.env_remove(&*name);
        }
    }
    let output = command
        .env_remove("LD_LIBRARY_PATH")
        .output()
        .with_context(|| format!("run {script}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{script}: {}", said.trim());
    Ok(String::from_utf8(output.stdout)?)
}
