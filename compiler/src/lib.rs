//! From API objects to verdicts and the gateways' desired state. Pure: no
//! input, no output, no clock.
//!
//! A [`Compiler`] holds the objects that it was given. Applying or deleting
//! one yields the verdicts and the entries that changed, at a cost that does
//! not grow with what is unrelated. What it holds at the end depends on the
//! objects alone, never on the order in which they came: of two that conflict
//! the older keeps its place (creationTimestamp, then UID, then namespace and
//! name), and an object that is rejected holds nothing.
//!
//! [`slices`] makes of its state the slices that an operator writes for the
//! gateways; [`received`] makes entries of slices again, at a gateway.
//!
//! ```
//! use isthmus_compiler::{Compiler, ObjectRef};
//!
//! let mut compiler = Compiler::new();
//! let vpc: isthmus_crds::Vpc = serde_yaml::from_str(
//!     "{apiVersion: isthmus.dev/v1alpha1, kind: Vpc,
//!       metadata: {name: blue, namespace: team-a}, spec: {vni: 1, cidrs: [10.104.0.0/20]}}",
//! )?;
//! compiler.apply(vpc.into());
//! let verdict = compiler.verdict(&ObjectRef::vpc("team-a", "blue"));
//! assert!(verdict.is_some_and(|verdict| verdict.is_accepted()));
//! # Ok::<(), serde_yaml::Error>(())
//! ```

mod accepted;
mod changes;
mod compiler;
pub mod entries;
mod identity;
mod member_ids;
mod member_set;
mod members;
mod nets;
mod object;
mod pairs;
mod peerings;
mod peers;
mod prefix_index;
mod prefixes;
mod rank;
pub mod received;
mod slab;
pub mod slices;
mod verdict;
mod vpcs;

pub use accepted::{AcceptedMember, AcceptedVpc, VpcCounts};
pub use changes::{Changes, MemberChange, MemberId};
pub use compiler::{Compiler, Event};
pub use entries::{EntryChange, MemberKey, MemberTarget, ObjectName, RouteKey, RouteTarget};
pub use identity::MemberHome;
pub use member_set::MemberSet;
pub use object::{Kind, Object, ObjectRef};
pub use peers::{AcceptedPeering, Peer};
pub use verdict::{Explanation, Reason, Verdict};
