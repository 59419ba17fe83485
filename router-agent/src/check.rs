//! `router-agent check`: what would become of each object.

use std::io::{self, Write};
use std::path::Path;

use comfy_table::Table;
use comfy_table::presets::NOTHING;
use isthmus_compiler::{Compiler, Event, Reason};
use isthmus_manifests::error::FolderError;
use isthmus_manifests::read;
use isthmus_manifests::verdict::complaint;

/// Why a check could not be made.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// The folder cannot be read.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The verdicts cannot be written.
    #[error("cannot write the verdicts: {0}")]
    Output(#[from] io::Error),
}

/// Writes a verdict per object to `out` and every problem to `problems`.
/// Returns whether all is well: no manifest in error, no object rejected.
///
/// # Errors
///
/// The folder cannot be read, or the output not be written.
pub fn check(
    folder: &Path,
    out: &mut impl Write,
    problems: &mut impl Write,
) -> Result<bool, CheckError> {
    let store = read(folder, "default")?;
    let mut compiler = Compiler::new();
    compiler.apply_all((store.objects()).map(|(.., object)| Event::Apply(object.clone())));
    let mut table = Table::new();
    table.load_style(NOTHING);
    table.set_header(["OBJECT", "VERDICT", "REASON", "FILE"]);
    let mut well = true;
    for error in store.errors() {
        well = false;
        writeln!(problems, "{error}")?;
    }
    for (object, verdict) in compiler.verdicts() {
        let place = store.place(&object);
        let reason = verdict.reason().map(Reason::as_str).unwrap_or_default();
        let file = place.map(ToString::to_string).unwrap_or_default();
        table.add_row([&object.to_string(), verdict.state(), reason, &file]);
        if let Some(complaint) = complaint(place, &object, &verdict) {
            writeln!(problems, "{complaint}")?;
        }
        well &= !verdict.is_rejected();
    }
    writeln!(out, "{table}")?;
    Ok(well)
}
