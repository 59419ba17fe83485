//! The images: whole, the same each time, nothing but programs, and they run.

mod archives;
mod capabilities;
mod contents;
mod rights;
mod together;
