//! The table of every rejection: what is applied, and the exact answer.
//!
//! `rows/` holds it, a file a section. Tests run its rows on a real API server
//! with the operator (`operator/tests/cluster`) and its policies on an installed
//! chart (`charts/tests`); and [`page()`] makes `docs/rejections.md` of it.
//!
//! ```
//! let sections = isthmus_rejections::sections()?;
//! let rows = sections.iter().flat_map(|section| &section.rows);
//! assert!(rows.count() > 50);
//! # Ok::<(), isthmus_rejections::TableError>(())
//! ```

mod object;
mod page;
mod row;
mod table;

pub use object::{Object, ObjectError, Part};
pub use page::page;
pub use row::{Answer, Row, RowError, Stored};
pub use table::{Section, TableError, sections};
