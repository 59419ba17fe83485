//! `/metrics`: the loop's numbers, and counters read from the kernel at the
//! time of the scrape.

mod counts;
mod render;

pub use counts::Counts;
pub use render::render;
