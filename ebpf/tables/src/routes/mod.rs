//! The peering map: prefixes become ranges, ranges a block, blocks find room.

mod allocator;
mod block;
mod flatten;
mod intersect;
mod recovery;

pub(crate) use allocator::Allocator;
pub use block::{Block, TooManyRanges};
pub(crate) use block::{pair, unpair};
pub use flatten::{Prefix, RouteTarget, flatten};
