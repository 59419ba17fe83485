//! From the slices that a gateway watches to its entries. Pure.
//!
//! [`ForwardingSlice`]s and [`PeeringSlice`]s come by two watches, each late by
//! its own time, and each only with what its pools need. A [`SliceSet`] holds
//! them as they come and tells which entries that changes, such that routes and
//! members of VPCs that were never peered do not meet, whatever comes first:
//!
//! * the members of a VPC are entries only while no slice of another UID is held
//!   for their VNI;
//! * a route is an entry only while the members that are held for its peer's VNI
//!   are of the UID that the route names, and those of its own VNI, where there
//!   are any, of the UID of its slice; without any, while no other UID has routes
//!   under that VNI;
//! * an entry that two slices hold (as two are merged) is that of the newer
//!   version, and goes with the last of them.
//!
//! ```
//! use isthmus_compiler::EntryChange;
//! use isthmus_compiler::received::SliceSet;
//!
//! let slice: isthmus_crds::ForwardingSlice = serde_yaml::from_str(
//!     "{apiVersion: isthmus.dev/v1alpha1, kind: ForwardingSlice,
//!       metadata: {name: vni-100-3f2a9c1b-0, resourceVersion: '17'},
//!       spec: {vni: 100, vpc: {namespace: team-a, name: blue, uid: 3f2a9c1b-0000},
//!              members: [{name: web-1, addresses: [10.104.0.2],
//!                         mac: '02:00:00:00:00:02', hypervisor: 172.16.0.11}]}}",
//! )?;
//! let mut slices = SliceSet::new();
//! let changes = slices.apply_forwarding(&slice);
//! assert!(matches!(changes[..], [EntryChange::Member(key, Some(_))] if key.vni.get() == 100));
//! # Ok::<(), serde_yaml::Error>(())
//! ```
//!
//! [`ForwardingSlice`]: isthmus_crds::ForwardingSlice
//! [`PeeringSlice`]: isthmus_crds::PeeringSlice

mod entry;
mod explain;
mod held;
mod index;
mod set;

pub use set::SliceSet;
