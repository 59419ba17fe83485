//! API types of Isthmus, group `isthmus.dev`, version `v1alpha1`: what people
//! write ([`Vpc`], [`VpcMember`], [`VpcPeering`], [`TransitGateway`]), and what
//! the operator makes of it for the gateways ([`PeeringSlice`],
//! [`ForwardingSlice`]).
//!
//! Values that cannot be wrong once they exist have types of their own
//! ([`Vni`], [`MacAddress`], [`Cidr`]); their errors say what would be right.
//! What can be told from an object alone, and from what it was before, its
//! CustomResourceDefinition tells: by schema, and by CEL rules. Rules that need
//! other objects are the compiler's. So are two that CEL cannot express: a peer
//! given with a namespace that happens to be the own one, and the few IPv6
//! ranges that hold IPv4-mapped addresses without holding `::`.
//!
//! ```
//! use isthmus_crds::Vpc;
//!
//! let vpc: Vpc = serde_yaml::from_str(
//!     "{apiVersion: isthmus.dev/v1alpha1, kind: Vpc,
//!       metadata: {name: blue, namespace: team-a},
//!       spec: {vni: 1, cidrs: [10.104.0.0/20]}}",
//! )?;
//! let gateway = vpc.spec.cidrs[0].gateway().expect("a /20 has room for a gateway");
//! assert_eq!(gateway.to_string(), "10.104.0.1");
//! # Ok::<(), serde_yaml::Error>(())
//! ```

mod address;
mod cidr;
mod definitions;
pub mod labels;
mod mac;
#[expect(
    unreachable_pub,
    clippy::duplicated_attributes,
    reason = "KubeSchema repeats the struct inside a function; columns share a type"
)]
mod member;
#[expect(
    unreachable_pub,
    clippy::duplicated_attributes,
    reason = "KubeSchema repeats the struct inside a function; columns share a type"
)]
mod peering;
mod reference;
mod schema;
mod slice;
#[expect(
    unreachable_pub,
    clippy::duplicated_attributes,
    reason = "KubeSchema repeats the struct inside a function; columns share a type"
)]
mod slice_forwarding;
#[expect(
    unreachable_pub,
    clippy::duplicated_attributes,
    reason = "KubeSchema repeats the struct inside a function; columns share a type"
)]
mod slice_peering;
#[expect(
    unreachable_pub,
    clippy::duplicated_attributes,
    reason = "KubeSchema repeats the struct inside a function; columns share a type"
)]
mod transit_gateway;
mod vni;
#[expect(
    unreachable_pub,
    clippy::duplicated_attributes,
    reason = "KubeSchema repeats the struct inside a function; columns share a type"
)]
mod vpc;

pub use address::{AddressError, is_routable, parse_address};
pub use cidr::{Cidr, CidrError};
pub use definitions::{Definition, definitions};
pub use mac::{MacAddress, MacError};
pub use member::{VpcMember, VpcMemberSpec, VpcMemberStatus};
pub use peering::{PeerRef, VpcPeering, VpcPeeringSpec, VpcPeeringStatus};
pub use reference::reference;
pub use slice::{MAX_SLICE_ENTRIES, PeeringName, VpcIdentity};
pub use slice_forwarding::{ForwardingSlice, ForwardingSliceSpec, SliceMember};
pub use slice_peering::{PeeringSlice, PeeringSliceSpec, SliceRoute};
pub use transit_gateway::{
    GatewayEntries, GatewayInterface, GatewaySynced, GatewayVersions, TransitGateway,
    TransitGatewaySpec, TransitGatewayStatus,
};
pub use vni::{Vni, VniError};
pub use vpc::{Vpc, VpcSpec, VpcStatus};

/// API group of every kind.
pub const GROUP: &str = "isthmus.dev";

/// Version of every kind.
pub const VERSION: &str = "v1alpha1";

/// What a manifest of any kind has in `apiVersion`.
pub const API_VERSION: &str = "isthmus.dev/v1alpha1";

/// Most CIDRs that a VPC may have.
pub const MAX_CIDRS: usize = 16;

/// Most addresses that a member may have.
pub const MAX_ADDRESSES: usize = 8;

/// Most prefixes that a member may route for.
pub const MAX_MEMBER_PREFIXES: usize = 16;

/// Most prefixes in each of a peering's `exportPrefixes` and `importPrefixes`.
pub const MAX_PEERING_PREFIXES: usize = 16;
