//! What a cluster of ours consists of.

use serde_json::{Value, json};

/// Image of a node, and whether it is ours.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum NodeImage {
    /// kind's own, from a registry.
    Stock,
    /// Built here, under this name.
    Built(String),
}

/// Nodes that are gateways.
pub(crate) const GATEWAYS: usize = 3;
/// Nodes that stand for hypervisors.
pub(crate) const HYPERVISORS: usize = 2;

/// Label of the hypervisors, without a value.
pub(crate) const HYPERVISOR: &str = "isthmus.dev/hypervisor";
/// Label of the gateways, and its value.
pub(crate) const GATEWAY: (&str, &str) = ("isthmus.dev/gateway-pool", "default");

/// Addresses of the underlay's nodes: hypervisors from .11, as in the
/// documentation, gateways from .21.
pub(crate) const UNDERLAY: &str = "172.16.0.0/24";

/// Last byte of the address of a gateway or hypervisor.
pub(crate) fn host_number(is_gateway: bool, ordinal: usize) -> usize {
    if is_gateway {
        21 + ordinal
    } else {
        11 + ordinal
    }
}

/// An address of the underlay.
///
/// `subnet` is a /24.
pub(crate) fn address(subnet: &str, number: usize) -> String {
    let (network, _) = subnet.rsplit_once('.').unwrap_or((subnet, ""));
    format!("{network}.{number}")
}

/// A shell script that has a node's name mean its address outside a subnet, a /24:
/// with two, a node that boots anew takes the first for the one that Kubernetes knows
/// it by (gai.conf(5)).
pub(crate) fn prefer_others(subnet: &str) -> String {
    let network = address(subnet, 0);
    format!(
        "printf 'precedence %s\\n' '::ffff:0:0/96 100' '::ffff:{network}/120 1' >/etc/gai.conf\n"
    )
}

/// kind's configuration, in JSON, which is YAML.
pub(crate) fn configuration(image: &NodeImage) -> Value {
    let gateway = json!({"role": "worker", "labels": {GATEWAY.0: GATEWAY.1}});
    let hypervisor = json!({"role": "worker", "labels": {HYPERVISOR: ""}});
    let mut nodes = vec![json!({"role": "control-plane"})];
    nodes.extend(vec![gateway; GATEWAYS]);
    nodes.extend(vec![hypervisor; HYPERVISORS]);
    let kubelet = json!({
        "kind": "KubeletConfiguration",
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        // Machines with control groups of version 1 do, too.
        "failCgroupV1": false,
    });
    json!({
        "kind": "Cluster",
        "apiVersion": "kind.x-k8s.io/v1alpha4",
        "networking": {
            // The image that is built here has no CNI of kind's.
            "disableDefaultCNI": *image != NodeImage::Stock,
            "kubeProxyMode": "nftables",
        },
        "nodes": nodes,
        "kubeadmConfigPatches": [kubelet.to_string()],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cluster_has_the_nodes_that_the_documentation_names() {
        let made = configuration(&NodeImage::Stock);
        let nodes = made["nodes"].as_array().unwrap();
        let labelled = |label: &str| {
            let has = |node: &&Value| node["labels"].get(label).is_some();
            nodes.iter().filter(has).count()
        };
        assert_eq!(labelled("isthmus.dev/gateway-pool"), 3);
        assert_eq!(labelled("isthmus.dev/hypervisor"), 2);
        assert_eq!(nodes.len(), 6);
    }

    #[test]
    fn hypervisors_have_the_addresses_of_the_readme() {
        assert_eq!(address(UNDERLAY, host_number(false, 0)), "172.16.0.11");
        assert_eq!(address(UNDERLAY, host_number(false, 1)), "172.16.0.12");
        assert_eq!(address(UNDERLAY, host_number(true, 2)), "172.16.0.23");
    }
}
