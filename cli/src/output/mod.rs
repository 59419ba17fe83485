//! How results are written.

mod age;
mod table;
mod write;

pub use age::age;
pub use table::{Paint, Sheet};
pub use write::structured;
