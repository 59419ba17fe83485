//! The XDP router's brain: parse, decide, rewrite.
//!
//! [`process`] takes one frame through all the router's steps. It knows no map,
//! no helper and no pointer: it is generic over the [`Frame`], the [`Settings`]
//! of the port and the [`Tables`], and runs alike in the kernel and in ordinary
//! tests. [`Lookup`] is the [`Tables`] of the layout in `isthmus_abi`, generic
//! over the [`Memory`] that holds it.
//!
//! # Shape
//!
//! What costs time is memory that is not in cache, so no cold load waits for
//! another cold result where that can be helped: both members and both
//! hypervisors are looked up before the first branch on any of them, which lets
//! their misses overlap.
//!
//! What becomes of which frame is the table in `docs/packet-decisions.md`.
#![no_std]

mod address;
mod bfd;
mod bytes;
mod checksum;
mod decide;
mod frame;
mod inner;
mod lookup;
mod outer;
mod process;
mod search;
mod select;
mod settings;
mod tables;
mod verdict;

pub use frame::{Frame, Linear};
pub use lookup::{Block, Lookup, Memory};
pub use process::process;
pub use settings::Settings;
pub use tables::{Hypervisor, Route, Tables};
pub use verdict::Verdict;
