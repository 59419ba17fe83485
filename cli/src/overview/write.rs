//! Writes an overview for people: the tables to `out`, what is not there to
//! `notes`.

use std::io::{self, Write};

use super::Overview;
use super::tables::View;
use crate::output::Sheet;
use crate::read::Scope;

/// Writes the tables, with a title each where there are several.
///
/// # Errors
///
/// The outputs'.
pub fn write(
    overview: &Overview,
    scope: &Scope,
    view: &View,
    out: &mut impl Write,
    notes: &mut impl Write,
) -> io::Result<()> {
    let tables: Vec<(&str, usize, Sheet)> = [
        overview
            .vpcs
            .as_ref()
            .map(|rows| ("VPCs", rows.len(), view.vpcs(rows))),
        (overview.peerings.as_ref()).map(|rows| ("Peerings", rows.len(), view.peerings(rows))),
        overview
            .members
            .as_ref()
            .map(|rows| ("Members", rows.len(), view.members(rows))),
        (overview.gateways.as_ref()).map(|rows| ("Gateways", rows.len(), view.gateways(rows))),
    ]
    .into_iter()
    .flatten()
    .collect();
    let has_titles = tables.len() > 1;
    let mut is_first = true;
    for (title, rows, sheet) in tables {
        if rows == 0 {
            let place = match scope {
                Scope::Namespace(namespace) if title != "Gateways" => {
                    format!(" in namespace {namespace}")
                }
                _ => String::new(),
            };
            writeln!(notes, "No {}{place}.", lowered(title))?;
            continue;
        }
        if !std::mem::replace(&mut is_first, false) {
            writeln!(out)?;
        }
        if has_titles {
            writeln!(out, "{title}")?;
        }
        write!(out, "{sheet}")?;
    }
    for hidden in &overview.hidden {
        writeln!(notes, "Note: {hidden}")?;
    }
    Ok(())
}

fn lowered(title: &str) -> String {
    match title {
        "VPCs" => title.to_owned(),
        other => other.to_lowercase(),
    }
}
