//! The pin directory: [`bpffs`] makes the file system that it is in, [`lock`]
//! keeps a second agent away, [`generations`] finds or makes the maps.

pub mod bpffs;
pub mod generations;
pub mod lock;
