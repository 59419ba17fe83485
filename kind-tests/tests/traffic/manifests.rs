//! Manifests that tests apply, and what they say.

use std::net::IpAddr;

use anyhow::{Context as _, Result};
use ipnet::IpNet;
use isthmus_lab::Mac;
use serde::Deserialize;
use serde_json::Value;

/// A member as its manifests describe it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Described {
    /// `NAMESPACE/NAME`.
    pub(crate) name: String,
    pub(crate) vni: u32,
    pub(crate) cidrs: Vec<IpNet>,
    pub(crate) addresses: Vec<IpAddr>,
    pub(crate) mac: Mac,
    pub(crate) hypervisor: IpAddr,
}

#[derive(Deserialize)]
struct VpcSpec {
    vni: u32,
    cidrs: Vec<IpNet>,
}

#[derive(Deserialize)]
struct MemberSpec {
    vpc: String,
    addresses: Vec<IpAddr>,
    mac: Mac,
    hypervisor: IpAddr,
}

/// The documents of a YAML text.
pub(crate) fn documents(text: &str) -> Result<Vec<Value>> {
    let documents = serde_yaml::Deserializer::from_str(text);
    let documents = documents.map(|it| Ok(Value::deserialize(it)?));
    documents.collect()
}

/// The members in these documents.
pub(crate) fn members(documents: &[Value]) -> Result<Vec<Described>> {
    let of = |kind: &'static str| documents.iter().filter(move |it| it["kind"] == kind);
    let described = |member: &Value| {
        let (name, namespace) = named(member)?;
        let spec: MemberSpec = serde_json::from_value(member["spec"].clone())?;
        let vpc = of("Vpc").find(|it| named(it).is_ok_and(|it| it == (&spec.vpc, namespace)));
        let vpc = vpc.with_context(|| format!("no Vpc {namespace}/{}", spec.vpc))?;
        let vpc: VpcSpec = serde_json::from_value(vpc["spec"].clone())?;
        Ok(Described {
            name: format!("{namespace}/{name}"),
            vni: vpc.vni,
            cidrs: vpc.cidrs,
            addresses: spec.addresses,
            mac: spec.mac,
            hypervisor: spec.hypervisor,
        })
    };
    of("VpcMember").map(described).collect()
}

/// The namespaces of these documents, each once.
pub(crate) fn namespaces(documents: &[Value]) -> Result<Vec<String>> {
    let all = documents.iter().map(|it| Ok(named(it)?.1.to_owned()));
    let mut all = all.collect::<Result<Vec<_>>>()?;
    all.sort_unstable();
    all.dedup();
    Ok(all)
}

fn named(object: &Value) -> Result<(&str, &str)> {
    let field = |name: &str| {
        let value = object["metadata"][name].as_str();
        value.with_context(|| format!("an object without a {name}: {object}"))
    };
    Ok((field("name")?, field("namespace")?))
}

/// A VPC `N` of a namespace, of VNI 1000 + N and 10.N.0.0/24, and its member at
/// 10.N.0.2 behind a hypervisor.
pub(crate) fn vpc(number: u8, namespace: &str, hypervisor: IpAddr) -> String {
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
pub(crate) fn peering(own: (u8, &str), peer: (u8, &str)) -> String {
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

#[test]
fn a_member_is_what_its_manifests_say() -> Result<()> {
    let text = vpc(7, "team", IpAddr::from([172, 16, 0, 11])) + &peering((7, "team"), (8, "other"));
    let documents = documents(&text)?;
    let expected = Described {
        name: "team/member-7".to_owned(),
        vni: 1007,
        cidrs: vec!["10.7.0.0/24".parse()?],
        addresses: vec!["10.7.0.2".parse()?],
        mac: "02:00:00:00:10:07".parse()?,
        hypervisor: "172.16.0.11".parse()?,
    };
    assert_eq!(members(&documents)?, [expected]);
    assert_eq!(namespaces(&documents)?, ["team"]);
    Ok(())
}
