//! Gathers what there is to see of a cluster after a test has failed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;
use serde_json::Value;

use crate::cluster::output;
use crate::page::{self, Findings};
use crate::{Cluster, Kubectl};

/// How long any question may take, in seconds.
const PATIENCE: &str = "20";

/// Kinds of objects, as kubectl takes them.
const OBJECTS: [&str; 2] = [
    "nodes,pods,daemonsets,deployments,services,endpointslices,leases.coordination.k8s.io",
    "vpcs,vpcmembers,vpcpeerings,transitgateways,peeringslices,forwardingslices",
];

/// What a node is asked.
const NODE: [(&str, &str); 4] = [
    ("links", "ip -details -statistics address"),
    ("routes", "ip route; ip -6 route; ip neighbour"),
    ("mounts", "cat /proc/mounts"),
    ("journal", "journalctl --no-pager --lines=2000"),
];

/// Writes logs, objects, events and what gateways hold into a folder, with one
/// page that says where to look; the page. `suite` is what the tests printed.
///
/// What cannot be had is said in its file: the rest is worth having all the more.
///
/// # Errors
///
/// The folder cannot be written to.
pub fn collect(cluster: &Cluster, folder: &Path, suite: Option<&Path>) -> Result<PathBuf> {
    let collector = Collector {
        kubectl: cluster.kubectl()?,
        cluster,
        folder,
    };
    fs::create_dir_all(folder)?;
    collector.objects()?;
    collector.pods()?;
    collector.nodes()?;
    let suite = match suite {
        Some(file) => fs::read_to_string(file)?,
        None => String::new(),
    };
    let page = folder.join("WHERE-TO-LOOK.md");
    fs::write(&page, page::page(&collector.findings(), &suite))?;
    Ok(page)
}

struct Collector<'a> {
    kubectl: Kubectl,
    cluster: &'a Cluster,
    folder: &'a Path,
}

impl Collector<'_> {
    fn objects(&self) -> Result<()> {
        for kinds in OBJECTS {
            for kind in kinds.split(',') {
                let get = format!("get {kind} --all-namespaces --output=yaml");
                self.keep("objects", kind, "yaml", &self.kubectl.command(&get))?;
            }
        }
        for (name, arguments) in [
            ("events", "events --all-namespaces"),
            ("pods-described", "describe pods --all-namespaces"),
            ("wide", "get all,nodes --all-namespaces --output=wide"),
        ] {
            self.keep("objects", name, "txt", &self.kubectl.command(arguments))?;
        }
        Ok(())
    }

    fn pods(&self) -> Result<()> {
        let pods = self.items("pods --all-namespaces");
        for pod in &pods {
            let text = |place: &str| pod.pointer(place).and_then(Value::as_str).unwrap_or("");
            let (namespace, name) = (text("/metadata/namespace"), text("/metadata/name"));
            let of = format!("--namespace={namespace} {name}");
            let logs = format!("logs {of} --all-containers --prefix --tail=5000");
            self.keep("logs", name, "log", &self.kubectl.command(&logs))?;
            let previous = format!("{logs} --previous");
            let restarts = pod.pointer("/status/containerStatuses/0/restartCount");
            if restarts.and_then(Value::as_u64).unwrap_or(0) > 0 {
                let name = format!("{name}.previous");
                self.keep("logs", &name, "log", &self.kubectl.command(&previous))?;
            }
            if text("/metadata/labels/app.kubernetes.io~1component") == "agent" {
                let status =
                    format!("exec {of} --container=agent -- /usr/local/bin/router-agent status");
                let node = text("/spec/nodeName");
                self.keep("gateways", node, "txt", &self.kubectl.command(&status))?;
            }
        }
        Ok(())
    }

    fn nodes(&self) -> Result<()> {
        for node in self.items("nodes") {
            let name = node["metadata"]["name"].as_str().unwrap_or("");
            for (what, script) in NODE {
                let command = self.cluster.on_node(name, ["sh", "-c", script]);
                self.keep(&format!("nodes/{name}"), what, "txt", &command)?;
            }
        }
        Ok(())
    }

    fn findings(&self) -> Findings {
        Findings {
            pods: self.items("pods --all-namespaces"),
            gateways: self.items("transitgateways"),
            peerings: self.items("vpcpeerings --all-namespaces"),
            warnings: self.items("events --all-namespaces --field-selector=type=Warning"),
        }
    }

    /// None where they cannot be had; their file says why.
    fn items(&self, what: &str) -> Vec<Value> {
        match self
            .kubectl
            .get(&format!("{what} --request-timeout={PATIENCE}s"))
        {
            Ok(mut list) => match list["items"].take() {
                Value::Array(items) => items,
                _ => Vec::new(),
            },
            Err(_) => Vec::new(),
        }
    }

    fn keep(&self, below: &str, name: &str, ending: &str, what: &Command) -> Result<()> {
        let mut bounded = Command::new("timeout");
        bounded
            .arg(PATIENCE)
            .arg(what.get_program())
            .args(what.get_args());
        let text = output(bounded).unwrap_or_else(|error| format!("{error}\n"));
        let folder = self.folder.join(below);
        fs::create_dir_all(&folder)?;
        Ok(fs::write(folder.join(format!("{name}.{ending}")), text)?)
    }
}
