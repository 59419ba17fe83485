//! Network-namespace lab: hypervisors, members, a gateway and a flooding underlay.
//!
//! A lab is the world around a router, on the kernel's own parts: two or more
//! hypervisors with VXLAN devices and bridges, VPC members in namespaces of
//! their own, a gateway whose veth accepts `XDP_TX`, and a bridge between them
//! that floods. It has no router: traffic inside a VPC works without one,
//! traffic between VPCs is what the router is for.
//!
//! No namespace has a name and nothing is mounted where others see it, so labs
//! run beside each other and are gone with their process, however it ends.
//!
//! ```no_run
//! use isthmus_lab::{Family, Lab, traffic};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! isthmus_lab::check_machine()?;
//! let mut lab = Lab::builder().build()?;
//! let blue = lab.vpc(1, ["10.104.0.0/20".parse()?]);
//! let first = lab.member(&blue, 0, ["10.104.0.2".parse()?])?;
//! let second = lab.member(&blue, 1, ["10.104.0.3".parse()?])?;
//! let (from, to) = (first.at(Family::V4), second.at(Family::V4));
//! let reached = traffic::ping(&from.unwrap(), &to.unwrap(), traffic::Ping::default())?;
//! assert!(reached);
//! # Ok(())
//! # }
//! ```

mod addressing;
mod error;
mod kernel;
mod manifests;
mod precheck;
pub mod protocol;
mod remote;
mod topology;
pub mod traffic;
mod vswitch;
mod wait;

pub use addressing::{
    Family, GATEWAY_MAC, Mac, NotAMac, OVERHEAD_V4, OVERHEAD_V6, gateway_address,
};
pub use error::{LabError, Result};
pub use kernel::mounts::MountNamespace;
pub use kernel::namespace::Namespace;
pub use manifests::{Manifests, NAMESPACE};
pub use precheck::check_machine;
pub use remote::Remote;
pub use topology::builder::LabBuilder;
pub use topology::host::{HostHypervisor, pass_natively};
pub use topology::hypervisor::{Hypervisor, VXLAN_PORT};
pub use topology::lab::{Gateway, Lab};
pub use topology::member::{Member, MemberSpec};
pub use topology::router::Router;
pub use topology::underlay::Underlay;
pub use topology::uplink::Uplink;
pub use topology::vpc::{Peering, Vpc};
pub use vswitch::Vswitch;
pub use wait::wait_until;
