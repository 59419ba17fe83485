//! What the tests of the images stand on: [`Image`]s as `images/build.sh`
//! writes them, read back by the book.

mod build;
mod image;
mod root;

pub use build::{ARCHITECTURE, archive, built};
pub use image::Image;
pub use root::Root;
