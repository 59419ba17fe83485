//! Namespaces, releases and nodes that are a test's own.

use std::process::id;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context as _, Result};
use isthmus_kind_tests::{Cluster, Kubectl, Release};

/// How long kubectl waits for anything.
pub(crate) const BOUND: &str = "--timeout=180s";

/// A name that no other test has.
pub(crate) fn own_name(stem: &str) -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    format!("{stem}-{}-{number}", id())
}

/// Namespaces of a test, deleted with it and with all that is in them.
pub(crate) struct Namespaces<'a> {
    kubectl: &'a Kubectl,
    names: Vec<String>,
}

impl<'a> Namespaces<'a> {
    pub(crate) fn new(kubectl: &'a Kubectl) -> Self {
        let names = Vec::new();
        Self { kubectl, names }
    }

    /// Makes one.
    pub(crate) fn make(&mut self, name: &str) -> Result<()> {
        self.names.push(name.to_owned());
        self.kubectl
            .run(&format!("create namespace {name}"))
            .map(drop)
    }
}

impl Drop for Namespaces<'_> {
    fn drop(&mut self) {
        let names = self.names.join(" ");
        let deletion = format!("delete namespace --ignore-not-found {names}");
        if let Err(error) = self.kubectl.run(&deletion) {
            eprintln!("{error:#}");
        }
    }
}

/// A release with gateways alone on one of the nodes that are none, uninstalled
/// with the test.
pub(crate) struct Gateway<'a> {
    cluster: &'a Cluster,
    /// Of the release, its namespace and its pool.
    pub(crate) name: String,
    /// What helm said.
    pub(crate) notes: String,
}

impl<'a> Gateway<'a> {
    /// With what is to be said of the pool besides its name and nodes, and of
    /// other values.
    pub(crate) fn install(
        cluster: &'a Cluster,
        (stem, node): (&str, &str),
        (pool, values): (&str, &str),
    ) -> Result<Self> {
        let name = own_name(stem);
        let values = format!(
            "operator: {{enabled: false}}\ncrds: {{install: false}}\n{values}\n\
             gatewayPools: [{{name: {stem}, nodeSelector: {{kubernetes.io/hostname: {node}}}, {pool}}}]\n"
        );
        let mut gateway = Self {
            cluster,
            name,
            notes: String::new(),
        };
        gateway.notes = gateway.release().install(cluster, &values, &[])?;
        Ok(gateway)
    }

    fn release(&self) -> Release<'_> {
        Release {
            name: &self.name,
            namespace: &self.name,
        }
    }

    /// Waits for an event of its pods that says all of this.
    pub(crate) fn says(&self, kubectl: &Kubectl, parts: &[&str]) -> Result<()> {
        let namespace = &self.name;
        let mut last = String::new();
        isthmus_lab::wait_until(&format!("an event with {parts:?}"), PATIENCE, || {
            let path = "--output=jsonpath={.items[*].message}";
            last = kubectl.run(&format!("get events --namespace={namespace} {path}"))?;
            anyhow::Ok(parts.iter().all(|part| last.contains(part)))
        })
        .with_context(|| last)
    }
}

/// How long a pod may take to say what is wrong with it.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(90);

impl Drop for Gateway<'_> {
    fn drop(&mut self) {
        let gone = self.release().uninstall(self.cluster);
        let kubectl = self.cluster.kubectl();
        let gone = gone.and_then(|_| kubectl?.run(&format!("delete namespace {}", self.name)));
        if let Err(error) = gone {
            eprintln!("{error:#}");
        }
    }
}

/// A node that is no gateway: one of the hypervisors'.
pub(crate) fn other_node(kubectl: &Kubectl, ordinal: usize) -> Result<String> {
    let nodes = kubectl.names("nodes --selector=isthmus.dev/hypervisor")?;
    let node = nodes.get(ordinal);
    Ok(node
        .context("a node labelled isthmus.dev/hypervisor")?
        .clone())
}
