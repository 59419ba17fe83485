//! `router-agent check` as a user calls it.

use std::fs;
use std::process::{Command, Output};

const VPC: &str = "apiVersion: isthmus.dev/v1alpha1
kind: Vpc
metadata: {name: blue, namespace: team-a}
spec: {vni: 1, cidrs: [10.104.0.0/20]}
";

fn check(files: &[(&str, &str)]) -> Output {
    let dir = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        fs::write(dir.path().join(name), text).expect("a file");
    }
    Command::new(env!("CARGO_BIN_EXE_router-agent"))
        .args(["check", "--manifests"])
        .arg(dir.path())
        .output()
        .expect("the binary runs")
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("text")
}

#[test]
fn sound_manifests_are_accepted() {
    let output = check(&[("a.yaml", VPC)]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let verdicts = String::from_utf8(output.stdout).unwrap();
    assert!(
        verdicts.contains("Vpc team-a/blue") && verdicts.contains("Accepted"),
        "{verdicts}"
    );
}

#[test]
fn a_rejected_object_is_named_with_its_reason_and_the_exit_code_is_1() {
    let output = check(&[("a.yaml", VPC), ("b.yaml", &VPC.replace("blue", "red"))]);
    assert_eq!(output.status.code(), Some(1));
    let problems = stderr(&output);
    assert!(
        problems.contains("b.yaml, document 1: Vpc team-a/red: Rejected (VniTaken)"),
        "{problems}"
    );
}

#[test]
fn a_malformed_manifest_is_named_and_the_exit_code_is_1() {
    let output = check(&[("a.yaml", &VPC.replace("vni: 1", "vni: 0"))]);
    assert_eq!(output.status.code(), Some(1));
    let problems = stderr(&output);
    assert!(
        problems.contains("a.yaml, document 1: Vpc team-a/blue: spec.vni:"),
        "{problems}"
    );
}

#[test]
fn a_folder_that_is_not_there_is_an_error() {
    let output = Command::new(env!("CARGO_BIN_EXE_router-agent"))
        .args(["check", "--manifests", "/nonexistent"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("/nonexistent cannot be read"),
        "{}",
        stderr(&output)
    );
}
