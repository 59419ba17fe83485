//! The manifests in the README are accepted as they stand there.

use std::process::Command;

use anyhow::{Result, ensure};

const README: &str = include_str!("../../README.md");

/// Name and text of each manifest; the first line names it.
fn manifests() -> Vec<(&'static str, &'static str)> {
    let blocks = README.split("```yaml\n").skip(1);
    let blocks = blocks.filter_map(|rest| rest.split("```").next());
    let named = blocks.filter_map(|block| block.strip_prefix("# ")?.split_once('\n'));
    named.collect()
}

#[test]
fn the_examples_are_the_manifests_of_the_readme() -> Result<()> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples");
    let manifests = manifests();
    for (name, text) in &manifests {
        let file = std::fs::read_to_string(format!("{folder}/{name}"))?;
        assert_eq!(file, *text, "{name}");
    }
    assert_eq!(std::fs::read_dir(folder)?.count(), manifests.len());
    Ok(())
}

#[test]
fn every_manifest_of_the_readme_is_accepted() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut objects = 0;
    for (name, text) in manifests() {
        objects += text.matches("kind: ").count();
        std::fs::write(folder.path().join(name), text)?;
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
