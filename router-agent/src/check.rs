//! `router-agent check`: what would become of each object.

use std::io::{self, Write};
use std::path::Path;

use comfy_table::Table;
use comfy_table::presets::NOTHING;

use crate::manifests::error::FolderError;
use crate::manifests::feed::{Feed, everything};

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
    let mut feed = Feed::new(folder);
    feed.look(&everything())?;
    let mut table = Table::new();
    table.load_style(NOTHING);
    table.set_header(["OBJECT", "VERDICT", "REASON", "FILE"]);
    let mut well = true;
    for error in feed.errors() {
        well = false;
        writeln!(problems, "{error}")?;
    }
    for (object, verdict) in feed.compiler().verdicts() {
        let place = feed
            .store()
            .place(&object)
            .map(ToString::to_string)
            .unwrap_or_default();
        let reason = verdict
            .reason()
            .map(isthmus_compiler::Reason::as_str)
            .unwrap_or_default();
        table.add_row([&object.to_string(), verdict.state(), reason, &place]);
        if let Some(explanation) = verdict.explanation().filter(|_| !verdict.is_accepted()) {
            let (state, reason) = (verdict.state(), explanation.reason);
            writeln!(
                problems,
                "{place}: {object}: {state} ({reason}): {}",
                explanation.message
            )?;
        }
        well &= !verdict.is_rejected();
    }
    writeln!(out, "{table}")?;
    Ok(well)
}
