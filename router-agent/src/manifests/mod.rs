//! A folder of manifests as the source of what is wanted.
//!
//! [`watch`] and [`activity`] say when to look, [`folder`] reads what changed, [`split`] and
//! [`parse`] turn text into objects, [`store`] decides which objects are in
//! force, [`feed`] hands them to the compiler; [`last_good`] remembers across restarts. Only
//! [`watch`], [`folder`] and [`last_good`] touch the file system.

pub mod activity;
pub mod feed;
pub mod last_good;
pub mod watch;

pub use isthmus_manifests::{error, folder, parse, split, store};
