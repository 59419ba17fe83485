//! A peering as README writes it.

use anyhow::{Context as _, Result};
use isthmus_kind_tests::Cluster;

use crate::world::{BOUND, Namespaces, own_name};

const README: &str = include_str!("../../../README.md");

/// README's manifests with its namespaces, VNIs and members' hypervisors as they
/// stand, in namespaces of a test's own.
fn manifests(team_a: &str, team_b: &str) -> Result<String> {
    let blocks = README.split("```yaml\n").skip(1);
    let blocks = blocks.map(|rest| rest.split("```").next().context("a block's end"));
    let blocks = blocks.collect::<Result<Vec<_>>>()?.join("---\n");
    Ok(blocks.replace("team-a", team_a).replace("team-b", team_b))
}

#[test]
fn the_peerings_of_the_readme_are_programmed_on_every_gateway() -> Result<()> {
    let cluster = Cluster::of_environment()?;
    let kubectl = cluster.kubectl()?;
    let mut namespaces = Namespaces::new(&kubectl);
    let (team_a, team_b) = (own_name("team-a"), own_name("team-b"));
    namespaces.make(&team_a)?;
    namespaces.make(&team_b)?;
    kubectl.apply(&manifests(&team_a, &team_b)?)?;

    let gateways = kubectl
        .names("nodes --selector=isthmus.dev/gateway-pool=default")?
        .len();
    for (namespace, peering) in [
        (&team_a, "blue-green"),
        (&team_a, "blue-red"),
        (&team_b, "red-blue"),
    ] {
        let of = format!("--namespace={namespace} vpcpeering/{peering}");
        kubectl.run(&format!("wait --for=condition=Programmed {of} {BOUND}"))?;
        let path = "--output=jsonpath={.status.conditions[?(@.type==\"Programmed\")].message}";
        let said = kubectl.run(&format!("get {of} {path}"))?;
        let counted = format!("{gateways}/{gateways} gateways");
        assert!(said.contains(&counted), "{peering}: {said}");
    }
    Ok(())
}
