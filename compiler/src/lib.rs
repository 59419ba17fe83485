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

mod changes;
mod compiler;
pub mod entries;
mod members;
mod object;
mod pairs;
mod peerings;
mod prefix_index;
mod prefixes;
mod rank;
mod slab;
mod verdict;
mod vpcs;

pub use changes::Changes;
pub use compiler::{Compiler, Event};
pub use entries::{EntryChange, MemberKey, MemberTarget, ObjectName, RouteKey, RouteTarget};
pub use object::{Kind, Object, ObjectRef};
pub use verdict::{Explanation, Reason, Verdict};
