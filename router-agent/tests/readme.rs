//! The manifests in the README are accepted as they stand there.

use std::process::Command;

use anyhow::{Result, ensure};

const README: &str = include_str!("../../README.md");

#[test]
fn every_manifest_of_the_readme_is_accepted() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let blocks = README
        .split("```yaml\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next());
    let mut objects = 0;
    for (number, block) in blocks.enumerate() {
        objects += block.matches("kind: ").count();
        std::fs::write(folder.path().join(format!("{number}.yaml")), block)?;
    }
    let output = Command::new(env!("CARGO_BIN_EXE_router-agent"))
        .args(["check", "--manifests"])
        .arg(folder.path())
        .output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    ensure!(
        output.status.success(),
        "{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let accepted = text
        .lines()
        .filter(|line| line.to_lowercase().contains("accepted"))
        .count();
    ensure!(
        objects > 0 && accepted == objects,
        "{accepted} of {objects} accepted:\n{text}"
    );
    Ok(())
}
