//! A hypervisor: what is in the underlay, and for each VPC a bridge and a VXLAN
//! device of the kernel.

use std::net::IpAddr;

use super::overlay::Overlay;
use super::uplink::Uplink;
use super::vpc::Vpc;
use crate::kernel::namespace::Namespace;

/// UDP port of VXLAN (RFC 7348, section 5).
pub const VXLAN_PORT: u16 = 4789;

/// A hypervisor of the lab.
#[derive(Debug)]
pub struct Hypervisor {
    pub(crate) overlay: Overlay,
    pub(crate) uplink: Uplink,
}

impl Hypervisor {
    /// Its namespace.
    #[must_use]
    pub fn namespace(&self) -> &Namespace {
        &self.overlay.node.namespace
    }

    /// Its way into the underlay.
    #[must_use]
    pub fn uplink(&self) -> &Uplink {
        &self.uplink
    }

    /// Its VTEP address.
    #[must_use]
    pub fn vtep(&self) -> IpAddr {
        self.overlay.vtep
    }

    /// Name of the bridge that a VPC's members on this hypervisor are on.
    #[must_use]
    pub fn bridge_name(vpc: &Vpc) -> String {
        format!("br{}", vpc.vni())
    }

    /// Name of a VPC's VXLAN device.
    #[must_use]
    pub fn vxlan_name(vpc: &Vpc) -> String {
        format!("vx{}", vpc.vni())
    }
}
