//! The pods' network where kind's own cannot be had: a bridge on each node, and
//! routes between nodes.

use serde_json::json;

/// A node as its pods' network sees it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PodNode {
    pub(crate) name: String,
    /// Addresses of its pods.
    pub(crate) pods: String,
    /// Its own address.
    pub(crate) address: String,
}

impl PodNode {
    /// Reads lines of `NAME POD-CIDR ADDRESS`; `None` while a node has no pod
    /// CIDR yet.
    pub(crate) fn read_all(text: &str) -> Option<Vec<Self>> {
        let read = |line: &str| match line.split_whitespace().collect::<Vec<_>>()[..] {
            [name, pods, address] => Some(Self {
                name: name.to_owned(),
                pods: pods.to_owned(),
                address: address.to_owned(),
            }),
            _ => None,
        };
        text.lines().map(read).collect()
    }

    /// Script that sets the pods' network up on this node, and again whenever it
    /// is started.
    pub(crate) fn script(&self, all: &[Self]) -> String {
        let network = json!({
            "cniVersion": "0.4.0",
            "name": "pods",
            "plugins": [
                {
                    "type": "bridge",
                    "bridge": "cni0",
                    "isGateway": true,
                    "hairpinMode": true,
                    "ipam": {
                        "type": "host-local",
                        "ranges": [[{"subnet": self.pods}]],
                        "routes": [{"dst": "0.0.0.0/0"}],
                    },
                },
                {"type": "portmap", "capabilities": {"portMappings": true}},
            ],
        });
        let routes = all
            .iter()
            .filter(|other| other.name != self.name)
            .map(|other| {
                let Self { pods, address, .. } = other;
                format!("ExecStart=/sbin/ip route replace {pods} via {address}\n")
            });
        let routes: String = routes.collect();
        format!(
            "cat >/etc/systemd/system/pod-routes.service <<'END'\n\
             [Unit]\nBefore=kubelet.service\n\
             [Service]\nType=oneshot\nRemainAfterExit=yes\n{routes}\
             [Install]\nWantedBy=multi-user.target\nEND\n\
             systemctl enable --now --quiet pod-routes.service\n\
             cat >/etc/cni/net.d/10-pods.conflist <<'END'\n{network}\nEND\n"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_without_a_pod_cidr_is_waited_for() {
        assert_eq!(
            PodNode::read_all("a 10.244.0.0/24 1.2.3.4\nb  1.2.3.5\n"),
            None
        );
        assert_eq!(PodNode::read_all("").map(|all| all.len()), Some(0));
    }

    #[test]
    fn a_node_routes_to_the_pods_of_the_others() {
        let all = PodNode::read_all("a 10.244.0.0/24 1.2.3.4\nb 10.244.1.0/24 1.2.3.5\n").unwrap();
        let script = all[0].script(&all);
        assert!(script.contains("ip route replace 10.244.1.0/24 via 1.2.3.5\n"));
        assert!(!script.contains("replace 10.244.0.0/24"));
        assert!(script.contains(r#""subnet":"10.244.0.0/24""#));
    }
}
