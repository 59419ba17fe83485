//! Watches that go on over whatever the API server does, and that notice when
//! the cluster is restored from a backup.
//!
//! A cluster that was restored counts its resourceVersions from those of the
//! backup. A watch that is resumed from a version that is not there yet hears of
//! nothing, and is told of no error, until the count has passed that version. So a
//! [`Watch`] asks now and then for the version that the cluster is at, and begins
//! anew where that is less than what it was told before.
//!
//! [`is_misfit`] tells one answer to writes from a server that is not well.

mod asking;
mod known;
mod misfit;
mod watch;

pub use misfit::is_misfit;
pub use watch::{Told, Watch};
