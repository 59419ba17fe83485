//! All that talks to the API server.

pub mod announce;
pub mod backoff;
pub mod lease;
pub mod watch;
pub mod write;
