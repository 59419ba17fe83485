//! What to do with a cluster that stands.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use isthmus_kind_tests::Cluster;

/// A tour in a terminal's lines; `programs` has kubectl and helm.
pub(crate) fn tour(cluster: &Cluster, file: &Path, programs: &[PathBuf]) -> String {
    let folders = programs.iter().filter_map(|program| program.parent());
    let folders: String = folders
        .map(|folder| format!("{}:", folder.display()))
        .collect();
    let mut tour = format!(
        "\n\
         A cluster stands: one control plane, three gateways, two hypervisors. Isthmus' images\n\
         are on its nodes.\n\
         \n\
         export PATH={folders}$PATH KUBECONFIG={kubeconfig}\n\
         helm install isthmus charts/isthmus --namespace isthmus-system --create-namespace \\\n  \
           --set 'gatewayPools[0].name=default' --set 'gatewayPools[0].interfaces={{eth1}}'\n\
         kubectl get transitgateways --watch\n\
         \n\
         A shell on a node:\n",
        kubeconfig = cluster.kubeconfig.display(),
    );
    // Writing to a string cannot fail.
    let _written = writeln!(
        tour,
        "  {} sh\n\nThe suite on it:\n  ISTHMUS_CLUSTER={} make kind-test\n\nThe end of it:\n  make kind-down",
        cluster.run_on_node.join(" "),
        file.display(),
    );
    tour
}
