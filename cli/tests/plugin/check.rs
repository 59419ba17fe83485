//! `kubectl isthmus check` without a cluster.

use std::fs;

use anyhow::Result;

use crate::world::{Said, plugin, run};

const VPC: &str = "apiVersion: isthmus.dev/v1alpha1
kind: Vpc
metadata: {name: blue, namespace: team-a}
spec: {vni: 1, cidrs: [10.104.0.0/20]}
";

fn check(files: &[(&str, &str)], arguments: &[&str]) -> Result<Said> {
    let folder = tempfile::tempdir()?;
    for (name, text) in files {
        fs::write(folder.path().join(name), text)?;
    }
    run(plugin()?
        .args(["check", "-f"])
        .arg(folder.path())
        .args(arguments))
}

#[test]
fn sound_manifests_are_accepted_without_a_cluster() -> Result<()> {
    let said = check(&[("a.yaml", VPC)], &[])?;
    said.assert_code(0)
        .assert_told("Vpc team-a/blue")
        .assert_told("Accepted");
    assert_eq!(said.err, "");
    Ok(())
}

#[test]
fn what_is_rejected_is_named_with_file_document_field_and_reason() -> Result<()> {
    let said = check(
        &[("a.yaml", VPC), ("b.yaml", &VPC.replace("blue", "red"))],
        &[],
    )?;
    said.assert_code(1).assert_told(
        "b.yaml, document 1: Vpc team-a/red: Rejected (VniTaken): spec.vni 1 is held by \
         Vpc team-a/blue, which is older",
    );
    let json = check(
        &[("a.yaml", VPC), ("b.yaml", &VPC.replace("blue", "red"))],
        &["-o", "json"],
    )?;
    let report = json.assert_code(1).json();
    assert_eq!(report["well"], false);
    assert_eq!(report["objects"][1]["after"]["reason"], "VniTaken");
    assert_eq!(report["objects"][1]["document"], 1);
    Ok(())
}

#[test]
fn a_malformed_manifest_is_named_with_its_field_and_spares_the_others() -> Result<()> {
    let files = [
        ("a.yaml", VPC),
        ("b.yaml", &VPC.replace("vni: 1", "vni: 0")),
    ];
    let said = check(&files, &[])?;
    said.assert_code(1)
        .assert_told("b.yaml, document 1: Vpc team-a/blue: spec.vni:");
    said.assert_told("Accepted");
    let report = check(&files, &["-o", "yaml"])?;
    let report: serde_json::Value = serde_yaml::from_str(&report.assert_code(1).out)?;
    assert_eq!(report["problems"][0]["field"], "spec.vni");
    Ok(())
}

#[test]
fn manifests_of_other_kinds_are_told_to_be_left_out_but_lists_and_own_typos_are_errors()
-> Result<()> {
    let foreign = "apiVersion: v1\nkind: Namespace\nmetadata: {name: team-a}\n";
    let said = check(&[("a.yaml", VPC), ("b.yaml", foreign)], &[])?;
    said.assert_code(0).assert_told("Note: not looked at: ");
    for wrong in [
        "apiVersion: v1\nkind: List\n",
        "apiVersion: isthmus.dev/v1\nkind: Vpc\n",
    ] {
        check(&[("a.yaml", VPC), ("b.yaml", wrong)], &[])?.assert_code(1);
    }
    Ok(())
}

#[test]
fn a_manifest_without_namespace_is_of_the_one_that_is_given() -> Result<()> {
    let files = [("a.yaml", VPC.replace(", namespace: team-a", ""))];
    let files = files.each_ref().map(|(name, text)| (*name, text.as_str()));
    check(&files, &["-n", "team-x"])?
        .assert_code(0)
        .assert_told("Vpc team-x/blue");
    check(&files, &[])?
        .assert_code(0)
        .assert_told("Vpc default/blue");
    Ok(())
}

#[test]
fn a_folder_that_is_not_there_is_no_answer() -> Result<()> {
    let said = run(plugin()?.args(["check", "-f", "/nonexistent"]))?;
    said.assert_code(2)
        .assert_told("/nonexistent cannot be read");
    Ok(())
}
