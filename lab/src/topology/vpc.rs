//! VPCs and peerings, as the lab's user describes them.

use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;

/// A VPC of the lab.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Vpc(Arc<VpcData>);

#[derive(Debug, PartialEq, Eq, Hash)]
struct VpcData {
    name: String,
    vni: u32,
    cidrs: Vec<IpNet>,
}

impl Vpc {
    /// A VPC; its name is `vpc-VNI`.
    #[must_use]
    pub fn new(vni: u32, cidrs: Vec<IpNet>) -> Self {
        Self(Arc::new(VpcData {
            name: format!("vpc-{vni}"),
            vni,
            cidrs,
        }))
    }

    /// Its name in manifests: `vpc-VNI`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// VXLAN network identifier.
    #[must_use]
    pub fn vni(&self) -> u32 {
        self.0.vni
    }

    /// Its CIDRs.
    #[must_use]
    pub fn cidrs(&self) -> &[IpNet] {
        &self.0.cidrs
    }

    /// The CIDR that an address is in.
    #[must_use]
    pub fn cidr_of(&self, address: IpAddr) -> Option<IpNet> {
        self.0
            .cidrs
            .iter()
            .copied()
            .find(|cidr| cidr.contains(&address))
    }
}

/// A peering that the lab's manifests ask for. The lab itself does nothing
/// about it: connecting the two is the router's work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peering {
    /// Its name in manifests.
    pub name: String,
    /// The VPC that states it.
    pub vpc: Vpc,
    /// The other one.
    pub peer: Vpc,
    /// What `vpc` exports; empty means all of its CIDRs.
    pub export_prefixes: Vec<IpNet>,
    /// What `vpc` imports; empty means all that the peer exports.
    pub import_prefixes: Vec<IpNet>,
}

impl Peering {
    /// A peering of everything with everything, named after the two.
    #[must_use]
    pub fn between(vpc: &Vpc, peer: &Vpc) -> Self {
        Self {
            name: format!("{}-{}", vpc.name(), peer.name()),
            vpc: vpc.clone(),
            peer: peer.clone(),
            export_prefixes: Vec::new(),
            import_prefixes: Vec::new(),
        }
    }
}
