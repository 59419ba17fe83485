//! Manifests that tests apply.

use std::net::IpAddr;

use anyhow::Result;
use serde::Deserialize as _;
use serde_json::Value;

use crate::named;

/// The documents of a YAML text.
///
/// # Errors
///
/// It is not YAML.
pub fn documents(text: &str) -> Result<Vec<Value>> {
    let documents = serde_yaml::Deserializer::from_str(text);
    let documents = documents.map(|it| Ok(Value::deserialize(it)?));
    documents.collect()
}

/// The namespaces of these documents, each once.
///
/// # Errors
///
/// A document without name and namespace.
pub fn namespaces(documents: &[Value]) -> Result<Vec<String>> {
    let all = documents.iter().map(|it| Ok(named(it)?.1.to_owned()));
    let mut all = all.collect::<Result<Vec<_>>>()?;
    all.sort_unstable();
    all.dedup();
    Ok(all)
}

/// A VPC `N` of a namespace, of VNI 1000 + N and 10.N.0.0/24, and its member at
/// 10.N.0.2 behind a hypervisor.
#[must_use]
pub fn vpc(number: u8, namespace: &str, hypervisor: IpAddr) -> String {
    let vni = 1000 + u32::from(number);
    format!(
        "---
apiVersion: isthmus.dev/v1alpha1
kind: Vpc
metadata: {{name: vpc-{number}, namespace: {namespace}}}
spec: {{vni: {vni}, cidrs: [10.{number}.0.0/24]}}
---
apiVersion: isthmus.dev/v1alpha1
kind: VpcMember
metadata: {{name: member-{number}, namespace: {namespace}}}
spec: {{vpc: vpc-{number}, addresses: [10.{number}.0.2], mac: \"02:00:00:00:10:{number:02x}\", hypervisor: \"{hypervisor}\"}}
"
    )
}

/// One side's VpcPeering, named after the peer.
#[must_use]
pub fn peering(own: (u8, &str), peer: (u8, &str)) -> String {
    let ((own, namespace), (peer, peers)) = (own, peer);
    format!(
        "---
apiVersion: isthmus.dev/v1alpha1
kind: VpcPeering
metadata: {{name: to-{peer}, namespace: {namespace}}}
spec: {{vpc: vpc-{own}, peer: {{name: vpc-{peer}, namespace: {peers}}}}}
"
    )
}
