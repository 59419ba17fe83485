//! `kubectl isthmus check`: what would become of manifests, and of what is in
//! the cluster, if they were applied.
//!
//! [`cluster`] reads what is there, [`judge`] lets the compiler judge both
//! together, [`rules`] knows what the API server refuses of a change,
//! [`report`] and [`write()`] show it.

pub mod cluster;
pub mod judge;
pub mod report;
pub mod rules;

mod write;

pub use write::write;
