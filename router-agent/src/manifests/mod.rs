//! A folder of manifests as the source of what is wanted.
//!
//! [`watch`] and [`activity`] say when to look, [`folder`] reads what changed, [`split`] and
//! [`parse`] turn text into objects, [`store`] decides which objects are in
//! force, [`feed`] hands them to the compiler. Only [`watch`] and [`folder`] touch the file
//! system.

pub mod activity;
pub mod error;
pub mod feed;
pub mod folder;
pub mod parse;
pub mod split;
pub mod store;
pub mod watch;
