//! README's tour of a cluster at hand, word by word.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use isthmus_kind_tests::Cluster;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
const README: &str = include_str!("../../../README.md");

/// The commands of README's chapter, each with the lines that it goes on in.
fn commands() -> Result<Vec<String>> {
    let chapter = README.split("### A cluster at hand\n").nth(1);
    let chapter = chapter.and_then(|rest| rest.split("\n## ").next());
    let chapter = chapter.context("the chapter")?.replace("\\\n", " ");
    let lines = chapter.lines().filter_map(|line| line.strip_prefix("    "));
    Ok(lines.map(str::to_owned).collect())
}

/// What the suite has done itself by now.
fn is_done(command: &str) -> bool {
    let done = ["make kind-up", "source ", "helm install isthmus "];
    done.iter().any(|done| command.starts_with(done))
}

/// Takes away what the tour applied.
struct Applied(Cluster);

impl Drop for Applied {
    fn drop(&mut self) {
        let kubectl = self.0.kubectl();
        let gone = kubectl.and_then(|kubectl| {
            kubectl.run(&format!("delete --ignore-not-found -f {ROOT}/examples"))?;
            kubectl.run("delete namespace --ignore-not-found team-a team-b")
        });
        if let Err(error) = gone {
            eprintln!("{error:#}");
        }
    }
}

#[test]
fn the_tour_of_the_readme_leads_where_it_says() -> Result<()> {
    let cluster = Cluster::of_environment()?;
    let file = std::env::var("ISTHMUS_CLUSTER")?;
    let environment = Path::new(&file).with_file_name("env");
    let commands = commands()?;
    let (done, left): (Vec<_>, Vec<_>) = commands.into_iter().partition(|it| is_done(it));
    ensure!(done.len() == 3 && left.len() >= 8, "{done:?}, {left:?}");
    let _applied = Applied(cluster);

    // One shell, in which each has to succeed.
    let mut script = format!("set -e\nsource {}\n", environment.display());
    for command in &left {
        script += &format!("echo '$' {}\n{command}\n", quoted(command));
    }
    let output = Command::new("bash")
        .args(["-c", &script])
        .current_dir(ROOT)
        .output()?;
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    println!("{said}");
    ensure!(output.status.success(), "the tour ends early");
    for wanted in [
        "team-a/green-1 (10.2.0.2) answers team-a/blue-1 through gateway",
        "team-b/red-1 does not answer; packets at gateway",
        "3 dropped as NoRoute",
        "3/3",
        " packets sent, 0 lost",
    ] {
        ensure!(said.contains(wanted), "no {wanted:?}");
    }
    Ok(())
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}
