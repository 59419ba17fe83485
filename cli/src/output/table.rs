//! Tables for people, as kubectl lays them out.

use std::fmt;
use std::io::IsTerminal;

use comfy_table::presets::NOTHING;
use comfy_table::{Cell, Color, Table};

use crate::state::{Mood, State};

/// Whether words have colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paint {
    /// They do.
    Coloured,
    /// They do not.
    Plain,
}

impl Paint {
    /// Colours only on a terminal that has them, and never where `NO_COLOR` is
    /// set (<https://no-color.org>: whatever it says, unless it is empty).
    #[must_use]
    pub fn of(out: &impl IsTerminal) -> Self {
        let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        if out.is_terminal() && !is_set("NO_COLOR") && !is_dumb {
            Self::Coloured
        } else {
            Self::Plain
        }
    }

    /// A word in the colour of its mood.
    #[must_use]
    pub fn word(self, word: &str, mood: Mood) -> Cell {
        let cell = Cell::new(word);
        match self {
            Self::Plain => cell,
            Self::Coloured => cell.fg(match mood {
                Mood::Good => Color::Green,
                Mood::Between => Color::Yellow,
                Mood::Bad => Color::Red,
            }),
        }
    }

    /// A state in its colour.
    #[must_use]
    pub fn state(self, state: State) -> Cell {
        self.word(state.as_str(), state.mood())
    }
}

/// A table without lines.
#[derive(Clone, Debug)]
pub struct Sheet(Table);

impl Sheet {
    /// With these columns and no row.
    #[must_use]
    pub fn new<'a>(header: impl IntoIterator<Item = &'a str>) -> Self {
        let mut table = Table::new();
        // Colours are decided once, by `Paint`, not by each table.
        table.load_style(NOTHING).force_no_tty().enforce_styling();
        table.set_header(header.into_iter().map(Cell::new));
        for column in table.column_iter_mut() {
            column.set_padding((0, 2));
        }
        Self(table)
    }

    /// A further row.
    pub fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.0.add_row(cells.into_iter().collect::<Vec<_>>());
    }
}

impl fmt::Display for Sheet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in self.0.to_string().lines() {
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_and_lines_end_with_their_last_word() {
        let mut sheet = Sheet::new(["NAME", "STATE"]);
        sheet.row([Cell::new("blue-vpc"), Paint::Plain.state(State::Accepted)]);
        assert_eq!(sheet.to_string(), "NAME      STATE\nblue-vpc  Accepted\n");
    }

    #[test]
    fn colours_are_there_only_where_they_were_asked_for() {
        let written = |paint: Paint| {
            let mut sheet = Sheet::new(["STATE"]);
            sheet.row([paint.state(State::Rejected)]);
            sheet.to_string()
        };
        assert!(written(Paint::Coloured).contains('\u{1b}'));
        assert!(!written(Paint::Plain).contains('\u{1b}'));
    }
}
