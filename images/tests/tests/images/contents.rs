//! What is in each component's image, and that it runs there alone.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use isthmus_image_tests::{Image, Root, built};

/// Component, its programs, the first of which is the entrypoint, and its user.
const COMPONENTS: [(&str, [&str; 2], &str); 2] = [
    (
        "operator",
        ["isthmus-operator", "isthmus-probe"],
        "65532:65532",
    ),
    ("agent", ["router-agent", "isthmus-probe"], "0:0"),
];

fn printed(command: &mut Command) -> Result<String> {
    let output = command.output().context("run it")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{command:?}: {said}");
    Ok(String::from_utf8(output.stdout)?)
}

/// Mode, owner and name of everything in an archive.
fn listed(archive: &Path) -> Result<Vec<String>> {
    let text = printed(
        Command::new("tar")
            .args(["--numeric-owner", "-tvf"])
            .arg(archive),
    )?;
    let line = |line: &str| {
        let words: Vec<_> = line.split_whitespace().collect();
        [words[0], words[1], words[words.len() - 1]].join(" ")
    };
    Ok(text.lines().map(line).collect())
}

#[test]
fn each_image_is_its_programs_and_they_run_in_it() -> Result<()> {
    for (component, programs, user) in COMPONENTS {
        let image = Image::open(&built(component)?)?;
        assert_eq!(image.config["config"]["User"], user, "{component}");
        let mut expected: Vec<_> = ["usr/", "usr/local/", "usr/local/bin/"]
            .map(|folder| format!("drwxr-xr-x 0/0 {folder}"))
            .into();
        let mut names = programs;
        names.sort_unstable();
        expected.extend(names.map(|name| format!("-rwxr-xr-x 0/0 usr/local/bin/{name}")));
        assert_eq!(listed(&image.layer()?)?, expected, "{component}");

        let root = Root::of(&image)?;
        for program in programs {
            let path = root.outside(&format!("/usr/local/bin/{program}"));
            let output = Command::new("ldd").arg(&path).output()?;
            let said = String::from_utf8_lossy(&output.stdout);
            assert!(said.contains("statically linked"), "{program}: {said}");
        }
        let version = printed(root.command().arg("--version"))?;
        let expected = format!("{} {}", programs[0], env!("CARGO_PKG_VERSION"));
        assert_eq!(version.trim(), expected);
        let help = printed(root.command().args(["run", "--help"]))?;
        assert!(help.contains("--metrics-addr"), "{help}");
        let usage = root.run("/usr/local/bin/isthmus-probe").output()?;
        assert_eq!(usage.status.code(), Some(2));
    }
    Ok(())
}

/// The chart's command lines, against the programs of the images.
#[test]
fn the_programs_know_every_flag_that_the_chart_gives_them() -> Result<()> {
    let manifests = isthmus_chart_tests::Helm::alone()?.template(
        "
        agent:
          gatewayMac: '02:00:5e:00:53:02'
          sizes: {members: 1, membersV6: 1, prefixes: 1, vpcs: 1, peerings: 1, routeLines: 1}
        gatewayPools: [{name: default, interfaces: [eth1], vteps: [192.0.2.1]}]",
    )?;
    for (component, kind, section) in [
        ("operator", "Deployment", "containers"),
        ("agent", "DaemonSet", "containers"),
        ("agent", "DaemonSet", "initContainers"),
    ] {
        let workload = manifests
            .iter()
            .find(|manifest| manifest.kind() == kind)
            .context(kind)?;
        let args = workload
            .0
            .pointer(&format!("/spec/template/spec/{section}/0/args"));
        let args: Vec<String> = serde_json::from_value(args.context("args")?.clone())?;
        let root = Root::of(&Image::open(&built(component)?)?)?;
        // Help is printed only if the flags before it are all right.
        let output = root.command().args(&args).arg("--help").output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{component} {args:?}: {said}");
        let nonsense = root
            .command()
            .args(&args)
            .args(["--nonsense", "--help"])
            .output()?;
        assert!(
            !nonsense.status.success(),
            "help is printed whatever was given"
        );
    }
    Ok(())
}
