//! Tests of the XDP router: packets, a reference model over plain hash maps,
//! and the real program under `BPF_PROG_TEST_RUN`.
//!
//! A [`World`] is what the tables hold, in plain collections. [`model()`] says
//! from it what must become of a frame, [`Brain`] runs `isthmus-datapath` over
//! it, [`Gateway`] loads it into real maps beside the real program. All three
//! must agree on verdict, counter and bytes.

mod brain;
mod check;
mod frame;
mod gateway;
mod model;
mod verdict;
mod world;

pub mod bfd;
pub mod scene;

pub use brain::Brain;
pub use check::check_forwarded;
pub use frame::{Checksum, FrameSpec, InnerSpec, OuterSpec};
pub use gateway::Gateway;
pub use model::model;
pub use verdict::Judged;
pub use world::{Member, MemberPrefix, RouteEntry, World};
