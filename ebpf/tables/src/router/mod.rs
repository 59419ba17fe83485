//! The router's program: loaded, identified, attached, replaced, taken off.

mod attach;
mod identity;
mod load;

pub use attach::{AttachError, Attached, Attachment, AttachmentInfo, Mode, XdpMode};
pub use identity::{Identity, LoadedProgram};
pub use load::{LoadError, Router, TestRunError, Verdict};
