//! Writes a report for people: the table to `out`, what is wrong to `problems`.

use std::io::{self, Write};

use comfy_table::Cell;

use super::report::{ObjectView, PlaceView, Report, VerdictView};
use crate::output::{Paint, Sheet};
use crate::state::Mood;

/// Writes a report.
///
/// # Errors
///
/// The outputs'.
pub fn write(
    report: &Report,
    paint: Paint,
    out: &mut impl Write,
    problems: &mut impl Write,
) -> io::Result<()> {
    for problem in &report.problems {
        writeln!(problems, "{}", problem.complaint)?;
    }
    for complaint in report
        .objects
        .iter()
        .filter_map(|object| object.complaint.as_ref())
    {
        writeln!(problems, "{complaint}")?;
    }
    for note in &report.notes {
        writeln!(problems, "Note: {note}")?;
    }
    if report.objects.is_empty() {
        return writeln!(problems, "No objects of Isthmus.");
    }
    let has_changes = report.objects.iter().any(|object| object.change.is_some());
    let change = has_changes.then_some("CHANGE");
    let mut sheet = Sheet::new(
        (["OBJECT"].into_iter())
            .chain(change)
            .chain(["VERDICT", "REASON", "FILE"]),
    );
    for object in &report.objects {
        let change = object.change.filter(|_| has_changes).map(Cell::new);
        sheet.row(
            ([Cell::new(title(object))].into_iter())
                .chain(change)
                .chain([
                    verdict(object, paint),
                    Cell::new(object.after.reason.unwrap_or("-")),
                    Cell::new(file(object.place.as_ref())),
                ]),
        );
    }
    write!(out, "{sheet}")
}

fn title(object: &ObjectView) -> String {
    if object.namespace.is_empty() {
        format!("{} {}", object.kind, object.name)
    } else {
        format!("{} {}/{}", object.kind, object.namespace, object.name)
    }
}

fn verdict(object: &ObjectView, paint: Paint) -> Cell {
    let VerdictView { state, .. } = &object.after;
    let mood = match *state {
        _ if object.bad => Mood::Bad,
        "Accepted" => Mood::Good,
        _ => Mood::Between,
    };
    let before = object
        .before
        .as_ref()
        .filter(|before| before.state != *state);
    let words = before.map_or_else(
        || (*state).to_owned(),
        |before| format!("{} -> {state}", before.state),
    );
    paint.word(&words, mood)
}

fn file(place: Option<&PlaceView>) -> String {
    match place {
        None => "-".to_owned(),
        Some(PlaceView {
            file,
            document: Some(document),
        }) => format!("{file}, document {document}"),
        Some(PlaceView { file, .. }) => file.clone(),
    }
}
