//! What helm, or a pod's events, say of what cannot work.

use anyhow::Result;
use isthmus_kind_tests::{Cluster, Release};

use crate::world::{Gateway, other_node, own_name};

#[test]
fn a_pool_without_a_node_is_said_by_helm() -> Result<()> {
    let cluster = Cluster::of_environment()?;
    let gateway = Gateway::install(&cluster, ("nowhere", "none"), ("interfaces: [eth1]", ""))?;
    let sentence =
        "No node has this label yet: the pool nowhere has no gateway until you label one.";
    assert!(gateway.notes.contains(sentence), "{}", gateway.notes);
    Ok(())
}

#[test]
fn values_that_make_no_sense_are_refused_before_anything_is_made() -> Result<()> {
    let cluster = Cluster::of_environment()?;
    let kubectl = cluster.kubectl()?;
    let name = own_name("senseless");
    let release = Release {
        name: &name,
        namespace: &name,
    };
    let values = "gatewayPools: [{name: edge, interfaces: [eth1], xdpMode: native}]";
    let refusal = release
        .install(&cluster, values, &[])
        .unwrap_err()
        .to_string();
    for part in ["/gatewayPools/0/xdpMode", "'auto', 'driver', 'generic'"] {
        assert!(refusal.contains(part), "{refusal}");
    }
    let made = kubectl.run(&format!("get namespace --ignore-not-found {name}"))?;
    assert_eq!(made, "");
    Ok(())
}

#[test]
fn a_second_operator_is_refused_by_name_of_the_first() -> Result<()> {
    let cluster = Cluster::of_environment()?;
    let name = own_name("second");
    let release = Release {
        name: &name,
        namespace: &name,
    };
    let refusal = release.install(&cluster, "crds: {install: false}", &[]);
    let refusal = refusal.unwrap_err().to_string();
    let sentence = "the release isthmus-system/isthmus already runs this cluster's operator";
    assert!(refusal.contains(sentence), "{refusal}");
    Ok(())
}

#[test]
fn an_interface_that_is_missing_is_said_by_the_pod() -> Result<()> {
    let cluster = Cluster::of_environment()?;
    let kubectl = cluster.kubectl()?;
    let node = other_node(&kubectl, 0)?;
    let gateway = Gateway::install(&cluster, ("missing", &node), ("interfaces: [nothere0]", ""))?;
    gateway.says(
        &kubectl,
        &["no port is attached: there is no interface nothere0; it is attached when it appears"],
    )
}

#[test]
fn an_image_that_cannot_be_had_is_said_by_the_pod() -> Result<()> {
    let cluster = Cluster::of_environment()?;
    let kubectl = cluster.kubectl()?;
    let node = other_node(&kubectl, 0)?;
    let image = "image: {registry: registry.invalid, tag: none}";
    let gateway = Gateway::install(&cluster, ("unpulled", &node), ("interfaces: [eth1]", image))?;
    gateway.says(
        &kubectl,
        &["Failed to pull image \"registry.invalid/isthmus-router-agent:none\""],
    )
}

/// A device whose driver has no native XDP, taken away with the test.
struct Plain<'a>(&'a Cluster, String);

impl<'a> Plain<'a> {
    fn make(cluster: &'a Cluster, node: String) -> Result<Self> {
        let script = "ip link add link eth1 name plain0 type macvlan mode bridge \
                      && ip address add 192.0.2.1/24 dev plain0 && ip link set plain0 up";
        let plain = Self(cluster, node);
        cluster.run_on_node(&plain.1, ["sh", "-c", script])?;
        Ok(plain)
    }
}

impl Drop for Plain<'_> {
    fn drop(&mut self) {
        if let Err(error) = self
            .0
            .run_on_node(&self.1, ["ip", "link", "delete", "plain0"])
        {
            eprintln!("{error}");
        }
    }
}

#[test]
fn an_interface_that_refuses_xdp_is_said_by_the_pod() -> Result<()> {
    let cluster = Cluster::of_environment()?;
    let kubectl = cluster.kubectl()?;
    let node = other_node(&kubectl, 1)?;
    let _plain = Plain::make(&cluster, node.clone())?;
    let pool = "interfaces: [plain0], xdpMode: driver";
    // Nothing stays on the node: a folder of its own, which nothing is pinned in but maps.
    let values = "agent: {pinDir: /sys/fs/bpf/refusing}";
    let gateway = Gateway::install(&cluster, ("refusing", &node), (pool, values))?;
    gateway.says(
        &kubectl,
        &[
            "no port is attached: plain0 takes no XDP program in Driver mode",
            "in generic mode every interface does",
        ],
    )
}
