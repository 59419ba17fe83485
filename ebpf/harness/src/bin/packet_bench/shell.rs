//! Tools of the machine.

use std::process::Command;

use anyhow::{Context as _, Result, ensure};

/// Runs a tool with arguments that have no spaces in them.
pub(crate) fn run(tool: &str, arguments: &str) -> Result<()> {
    let output = Command::new(tool)
        .args(arguments.split(' '))
        .output()
        .with_context(|| format!("{tool} cannot be run"))?;
    ensure!(
        output.status.success(),
        "{tool} {arguments}: {}",
        String::from_utf8_lossy(&output.stderr).trim()
    );
    Ok(())
}
