//! A lab's VPCs, members and peerings as manifests. Text only, but for
//! [`Manifests::write_to`].

use std::fmt::{Display, Write as _};
use std::fs;
use std::io;
use std::net::IpAddr;
use std::path::Path;

use ipnet::IpNet;

use crate::addressing::Mac;
use crate::topology::vpc::{Peering, Vpc};

/// Namespace of every object.
pub const NAMESPACE: &str = "lab";

/// YAML documents by kind, one file each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifests {
    /// `Vpc` objects.
    pub vpcs: String,
    /// `VpcMember` objects.
    pub members: String,
    /// `VpcPeering` objects.
    pub peerings: String,
}

/// What a member's manifest says.
pub(crate) struct MemberManifest<'a> {
    pub(crate) name: &'a str,
    pub(crate) vpc: &'a Vpc,
    pub(crate) addresses: &'a [IpAddr],
    pub(crate) prefixes: &'a [IpNet],
    pub(crate) mac: Mac,
    pub(crate) hypervisor: IpAddr,
}

impl Manifests {
    pub(crate) fn render<'a>(
        vpcs: &[Vpc],
        members: impl Iterator<Item = MemberManifest<'a>>,
        peerings: &[Peering],
    ) -> Self {
        Self {
            vpcs: vpcs.iter().map(vpc).collect(),
            members: members.map(|it| member(&it)).collect(),
            peerings: peerings.iter().map(peering).collect(),
        }
    }

    /// All documents as one text.
    #[must_use]
    pub fn all(&self) -> String {
        [self.vpcs.as_str(), &self.members, &self.peerings].concat()
    }

    /// Writes `vpcs.yaml`, `members.yaml` and `peerings.yaml` into `folder`,
    /// each replaced as a whole and only where it changes.
    ///
    /// # Errors
    /// When a file cannot be written or renamed.
    pub fn write_to(&self, folder: &Path) -> io::Result<()> {
        let files = [
            ("vpcs.yaml", &self.vpcs),
            ("members.yaml", &self.members),
            ("peerings.yaml", &self.peerings),
        ];
        for (name, text) in files {
            let path = folder.join(name);
            if fs::read_to_string(&path).is_ok_and(|old| old == *text) {
                continue;
            }
            let fresh = folder.join(format!(".{name}.new"));
            fs::write(&fresh, text)?;
            fs::rename(&fresh, &path)?;
        }
        Ok(())
    }
}

fn document(kind: &str, name: &str, spec: &str) -> String {
    format!(
        "---\napiVersion: isthmus.dev/v1alpha1\nkind: {kind}\n\
         metadata: {{name: {name}, namespace: {NAMESPACE}}}\nspec:\n{spec}"
    )
}

fn vpc(vpc: &Vpc) -> String {
    let spec = format!("  vni: {}\n  cidrs: {}\n", vpc.vni(), list(vpc.cidrs()));
    document("Vpc", vpc.name(), &spec)
}

fn member(it: &MemberManifest<'_>) -> String {
    let mut spec = format!(
        "  vpc: {}\n  addresses: {}\n  mac: \"{}\"\n  hypervisor: \"{}\"\n",
        it.vpc.name(),
        list(it.addresses),
        it.mac,
        it.hypervisor,
    );
    optional(&mut spec, "prefixes", it.prefixes);
    document("VpcMember", it.name, &spec)
}

fn peering(peering: &Peering) -> String {
    let mut spec = format!(
        "  vpc: {}\n  peer: {{name: {}}}\n",
        peering.vpc.name(),
        peering.peer.name()
    );
    optional(&mut spec, "exportPrefixes", &peering.export_prefixes);
    optional(&mut spec, "importPrefixes", &peering.import_prefixes);
    document("VpcPeering", &peering.name, &spec)
}

fn optional(spec: &mut String, field: &str, values: &[IpNet]) {
    if !values.is_empty() {
        // Writing to a string does not fail.
        let _ = writeln!(spec, "  {field}: {}", list(values));
    }
}

/// A flow sequence of quoted strings: an IPv6 address has colons.
fn list(values: &[impl Display]) -> String {
    let quoted: Vec<_> = values.iter().map(|value| format!("\"{value}\"")).collect();
    format!("[{}]", quoted.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blue_and_green() -> (Vpc, Vpc) {
        let net = |text: &str| text.parse::<IpNet>().unwrap();
        let blue = Vpc::new(1, vec![net("10.104.0.0/20"), net("fd00:104::/64")]);
        (blue, Vpc::new(2, vec![net("10.105.0.0/20")]))
    }

    #[test]
    fn manifests_say_what_the_lab_has() {
        let (blue, green) = blue_and_green();
        let addresses = [
            "10.104.0.2".parse().unwrap(),
            "fd00:104::2".parse().unwrap(),
        ];
        let prefixes = ["10.104.4.0/26".parse().unwrap()];
        let member = MemberManifest {
            name: "web-1",
            vpc: &blue,
            addresses: &addresses,
            prefixes: &prefixes,
            mac: Mac([2, 0, 0, 0, 0, 2]),
            hypervisor: "172.16.0.11".parse().unwrap(),
        };
        let peering = Peering::between(&blue, &green);
        let text = Manifests::render(
            std::slice::from_ref(&blue),
            [member].into_iter(),
            &[peering],
        )
        .all();
        let expected = r#"---
apiVersion: isthmus.dev/v1alpha1
kind: Vpc
metadata: {name: vpc-1, namespace: lab}
spec:
  vni: 1
  cidrs: ["10.104.0.0/20", "fd00:104::/64"]
---
apiVersion: isthmus.dev/v1alpha1
kind: VpcMember
metadata: {name: web-1, namespace: lab}
spec:
  vpc: vpc-1
  addresses: ["10.104.0.2", "fd00:104::2"]
  mac: "02:00:00:00:00:02"
  hypervisor: "172.16.0.11"
  prefixes: ["10.104.4.0/26"]
---
apiVersion: isthmus.dev/v1alpha1
kind: VpcPeering
metadata: {name: vpc-1-vpc-2, namespace: lab}
spec:
  vpc: vpc-1
  peer: {name: vpc-2}
"#;
        assert_eq!(text, expected);
    }
}
