//! From the compiler's state to the slices that the gateways watch. Pure: what
//! is to be written comes out as values, what became of it comes back in.
//!
//! A VPC's members fill [`ForwardingSlice`]s and its routes [`PeeringSlice`]s.
//! Which slice an entry is in is decided once, when the entry comes, so that one
//! member's change is one slice write, however many members there are:
//!
//! * an entry that comes takes the first hole: the lowest ordinal with room,
//!   else a new slice of the smallest free ordinal;
//! * an entry that goes leaves a hole, and a slice without entries is deleted;
//! * entries move only where a VPC has more than twice the slices that it needs:
//!   then one slice is merged into another, which is written first; the slice
//!   that was merged is deleted once that write is confirmed;
//! * a slice's name has the VPC's VNI and UID in it, so that a VNI that passes
//!   from one VPC to another never makes one VPC's slice of the other's.
//!
//! ```
//! use isthmus_compiler::Compiler;
//! use isthmus_compiler::slices::{SliceLimits, Slicer, SliceWrite};
//!
//! let (mut compiler, mut slicer) = (Compiler::new(), Slicer::new(SliceLimits::default()));
//! let vpc: isthmus_crds::Vpc = serde_yaml::from_str(
//!     "{apiVersion: isthmus.dev/v1alpha1, kind: Vpc,
//!       metadata: {name: blue, namespace: team-a, uid: 3f2a9c1b-0000-4000-8000-000000000001},
//!       spec: {vni: 100, cidrs: [10.104.0.0/20]}}",
//! )?;
//! let member: isthmus_crds::VpcMember = serde_yaml::from_str(
//!     "{apiVersion: isthmus.dev/v1alpha1, kind: VpcMember,
//!       metadata: {name: web-1, namespace: team-a},
//!       spec: {vpc: blue, addresses: [10.104.0.2], mac: '02:00:00:00:00:02',
//!              hypervisor: 172.16.0.11}}",
//! )?;
//! for object in [vpc.into(), member.into()] {
//!     compiler.apply(object).iter().for_each(|changes| slicer.note(changes));
//! }
//! let plan = slicer.plan(&compiler, 100);
//! let [planned] = plan.writes.as_slice() else { panic!("one slice") };
//! assert_eq!(&*planned.write.key().name, "vni-100-3f2a9c1b-0");
//! assert!(matches!(&planned.write, SliceWrite::ApplyForwarding(slice)
//!     if slice.spec.members[0].name == "web-1"));
//! slicer.written(&planned.write.key(), "17");
//! assert!(slicer.plan(&compiler, 100).is_empty());
//! # Ok::<(), serde_yaml::Error>(())
//! ```
//!
//! [`ForwardingSlice`]: isthmus_crds::ForwardingSlice
//! [`PeeringSlice`]: isthmus_crds::PeeringSlice

mod adopt;
mod emit;
mod fingerprint;
mod held;
mod homes;
mod name;
mod owed;
mod placed;
mod render;
mod row;
mod shelf;
mod slicer;
mod write;

pub use slicer::{SliceLimits, Slicer};
pub use write::{Phase, Plan, PlannedWrite, Settled, SliceKey, SliceKind, SliceWrite};
