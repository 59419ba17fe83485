//! JSON and YAML for scripts.

use std::io::{self, Write};

use serde::Serialize;

use crate::arguments::Structured;

/// Writes a value.
///
/// # Errors
///
/// The output's.
pub fn structured(
    value: &impl Serialize,
    format: Structured,
    out: &mut impl Write,
) -> io::Result<()> {
    match format {
        Structured::Json => {
            serde_json::to_writer_pretty(&mut *out, value)?;
            writeln!(out)
        }
        Structured::Yaml => {
            let text = serde_yaml::to_string(value).map_err(io::Error::other)?;
            out.write_all(text.as_bytes())
        }
    }
}
