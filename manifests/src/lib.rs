//! A folder of manifests, read strictly: its objects, where each stands, and
//! what is wrong with the others.
//!
//! [`folder`] reads files, [`split`] and [`parse`] turn text into objects,
//! [`store`] decides which objects are in force, [`error`] says what is wrong
//! in the words of whoever wrote it, [`verdict`] what became of an object. Only
//! [`folder`] touches the file system; [`read()`] is one look at all of it.

pub mod error;
pub mod folder;
pub mod parse;
pub mod split;
pub mod store;
pub mod verdict;

mod read;

pub use read::read;
