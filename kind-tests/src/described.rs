//! Members as manifests describe them.

use std::net::IpAddr;

use anyhow::{Context as _, Result};
use ipnet::IpNet;
use isthmus_lab::Mac;
use isthmus_lab::protocol::NewMember;
use serde::Deserialize;
use serde_json::Value;

/// A member, with what its Vpc says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Described {
    /// `NAMESPACE/NAME`.
    pub name: String,
    /// Of its Vpc.
    pub vni: u32,
    /// Of its Vpc.
    pub cidrs: Vec<IpNet>,
    /// Its own, in order.
    pub addresses: Vec<IpAddr>,
    /// Its own.
    pub mac: Mac,
    /// VTEP of its hypervisor.
    pub hypervisor: IpAddr,
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

impl Described {
    /// The members among these objects, whose Vpcs are among them, too.
    ///
    /// # Errors
    ///
    /// A member without a Vpc, or an object that is not as its kind is.
    pub fn all(objects: &[Value]) -> Result<Vec<Self>> {
        let members = objects.iter().filter(|it| it["kind"] == "VpcMember");
        members.map(|member| Self::one(member, objects)).collect()
    }

    fn one(member: &Value, objects: &[Value]) -> Result<Self> {
        let (name, namespace) = named(member)?;
        let spec: MemberSpec = serde_json::from_value(member["spec"].clone())?;
        let mut vpcs = objects.iter().filter(|it| it["kind"] == "Vpc");
        let vpc = vpcs.find(|it| named(it).is_ok_and(|it| it == (&spec.vpc, namespace)));
        let vpc = vpc.with_context(|| format!("no Vpc {namespace}/{}", spec.vpc))?;
        let vpc: VpcSpec = serde_json::from_value(vpc["spec"].clone())?;
        Ok(Self {
            name: format!("{namespace}/{name}"),
            vni: vpc.vni,
            cidrs: vpc.cidrs,
            addresses: spec.addresses,
            mac: spec.mac,
            hypervisor: spec.hypervisor,
        })
    }

    /// What a node is asked for, to have it send to this VTEP of a gateway.
    #[must_use]
    pub fn behind(&self, gateway: IpAddr) -> NewMember {
        NewMember {
            name: self.name.clone(),
            vni: self.vni,
            cidrs: self.cidrs.clone(),
            addresses: self.addresses.clone(),
            mac: self.mac,
            gateway,
        }
    }
}

/// Name and namespace of an object.
///
/// # Errors
///
/// It has not both.
pub fn named(object: &Value) -> Result<(&str, &str)> {
    let field = |name: &str| {
        let value = object["metadata"][name].as_str();
        value.with_context(|| format!("an object without a {name}: {object}"))
    };
    Ok((field("name")?, field("namespace")?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_member_is_what_it_and_its_vpc_say() {
        let vpc = json!({
            "kind": "Vpc", "metadata": {"name": "blue", "namespace": "team"},
            "spec": {"vni": 7, "cidrs": ["10.7.0.0/24"]},
        });
        let member = json!({
            "kind": "VpcMember", "metadata": {"name": "one", "namespace": "team"},
            "spec": {
                "vpc": "blue", "addresses": ["10.7.0.2"], "mac": "02:00:00:00:10:07",
                "hypervisor": "172.16.0.11",
            },
        });
        let described = Described {
            name: "team/one".to_owned(),
            vni: 7,
            cidrs: vec!["10.7.0.0/24".parse().unwrap()],
            addresses: vec!["10.7.0.2".parse().unwrap()],
            mac: "02:00:00:00:10:07".parse().unwrap(),
            hypervisor: "172.16.0.11".parse().unwrap(),
        };
        let both = [member.clone(), vpc];
        assert_eq!(Described::all(&both).unwrap(), [described]);
        let error = Described::all(&[member]).unwrap_err();
        assert_eq!(error.to_string(), "no Vpc team/blue");
    }
}
