//! Tables, program and links on the running kernel. Needs root.
//!
//! Interfaces are in network namespaces without a name and pins in file systems
//! that are mounted nowhere: both end with the test, however it ends.

mod attachments;
mod configuration;
mod differential;
mod foreign;
mod frame;
mod live;
mod namespace;
mod programs;
mod stress;
