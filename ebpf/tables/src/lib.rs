//! User space's side of the XDP router: its tables, pins, program and links.
//!
//! * [`Tables`] is one set of maps: made ([`Tables::create`]), pinned
//!   ([`Tables::pin`]), opened again ([`Tables::open`]), read by anyone.
//! * [`Writer`] changes them while programs read them. Most changes are stores
//!   into memory shared with the kernel; what must wait until no reader holds
//!   the old state is collected and settled together ([`Writer::settle`]).
//! * [`Router`] is the program, loaded with a set of tables and a
//!   configuration; [`Attachment`] its link to an interface.
//!
//! Numbers are as in [`isthmus_abi`]: a VNI is a `u32`, a MAC the low 48 bits
//! of a `u64`. Addresses are those of [`std::net`].
//!
//! Needs Linux 6.3 (array values above 4 MiB) and `CAP_SYS_ADMIN`.

mod capacity;
mod counters;
mod grace;
mod hypervisors;
mod labels;
mod layout;
mod liveness;
mod observe;
mod pins;
mod prefixes;
mod reader;
mod router;
mod routes;
mod sys;
mod tables;
mod two_choice;
mod vteps;
mod writer;

pub use capacity::{MEMBER_LOAD_PERCENT, Sizing, Table, Usage, VPC_LOAD_PERCENT};
pub use grace::{Grace, GraceError, RcuGrace};
pub use labels::Label;
pub use layout::CapacityError;
pub use observe::{HypervisorState, MemberState, PrefixState};
pub use pins::{OpenError, PinError, unpin};
pub use reader::Reader;
pub use router::{
    AttachError, Attached, Attachment, AttachmentInfo, Identity, LoadError, LoadedProgram, Mode,
    Router, TestRunError, Verdict, XdpMode,
};
pub use routes::{Block, Prefix, RouteTarget, TooManyRanges, flatten};
pub use sys::{PrivateBpffs, SysError};
pub use tables::{CreateError, Tables};
pub use two_choice::Placed;
pub use writer::{Recovery, Refused, Settled, TakeOverError, WriteError, Writer};
