//! Definitions of a version that the chart does not know.

use anyhow::{Result, ensure};
use isthmus_kind_tests::{Cluster, Release};
use serde_json::json;

const DEFINITION: &str = "customresourcedefinition/vpcs.isthmus.dev";
const RELEASE: Release<'static> = Release {
    name: "refused",
    namespace: "refused",
};

/// A definition of Vpcs as a release of another time might bring it.
fn foreign() -> String {
    let schema = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
    json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "vpcs.isthmus.dev"},
        "spec": {
            "group": "isthmus.dev",
            "scope": "Namespaced",
            "names": {"plural": "vpcs", "singular": "vpc", "kind": "Vpc"},
            "versions": [{
                "name": "v7",
                "served": true,
                "storage": true,
                "schema": {"openAPIV3Schema": schema},
            }],
        },
    })
    .to_string()
}

/// Takes the definition away again, however the test ends.
struct Foreign<'a>(&'a Cluster);

impl Drop for Foreign<'_> {
    fn drop(&mut self) {
        let deleted = self
            .0
            .kubectl()
            .and_then(|kubectl| kubectl.run(&format!("delete --ignore-not-found {DEFINITION}")));
        if let Err(error) = deleted {
            eprintln!("{error:#}");
        }
    }
}

#[test]
fn definitions_of_a_foreign_version_are_named_and_nothing_is_installed() -> Result<()> {
    let cluster = Cluster::of_environment()?;
    let kubectl = cluster.kubectl()?;
    let there = kubectl.run(&format!(
        "get --ignore-not-found --output=name {DEFINITION}"
    ))?;
    ensure!(
        there.is_empty(),
        "definitions of Isthmus are on the cluster already: `refused` wants one without"
    );
    let _foreign = Foreign(&cluster);
    kubectl.apply(&foreign())?;
    kubectl.run(&format!("wait --for=condition=Established {DEFINITION}"))?;

    let refusal = RELEASE.install(&cluster, "", &[]).unwrap_err().to_string();
    let sentence = "the cluster has a CustomResourceDefinition vpcs.isthmus.dev with objects of \
                    version v7, and this chart knows v1alpha1 alone: upgrade with the chart that \
                    brought it, or delete it with all its objects first";
    assert!(refusal.contains(sentence), "{refusal}");
    let installed = kubectl.names("clusterroles --selector=app.kubernetes.io/part-of=isthmus")?;
    assert!(installed.is_empty(), "{installed:?}");
    Ok(())
}
