//! The pin directory: [`bpffs`] makes the file system that it is in, [`lock`]
//! keeps a second agent away, [`generations`] finds or makes the maps.
//! [`kernel`], [`privileges`] and [`access`] say beforehand what the caller may not do.

pub mod access;
pub mod bpffs;
pub mod generations;
pub mod kernel;
pub mod lock;
pub mod privileges;
