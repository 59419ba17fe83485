//! What watches tell, as values. Pure: an object that cannot be read is one
//! too, so that it stops no other.

mod news;
mod read;

pub use news::{Foreign, News, Received, Slice, Source, Thing};
pub use read::read;
