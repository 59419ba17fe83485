//! From the folder to the compiler: looks, parses, and tells what changed.

use std::collections::BTreeSet;
use std::path::PathBuf;

use isthmus_compiler::{Changes, Compiler, Event, Kind, Verdict};

use super::activity::Hint;
use super::error::{FolderError, ManifestError};
use super::folder::{Content, Folder};
use super::parse::parse_file;
use super::store::{FileState, ObjectChange, Store};

/// A folder of manifests and the compiler that it feeds.
#[derive(Debug)]
pub struct Feed {
    folder: Folder,
    store: Store,
    compiler: Compiler,
}

impl Feed {
    /// A folder that was not looked at yet.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: Folder::new(folder),
            store: Store::default(),
            compiler: Compiler::new(),
        }
    }

    /// Looks at the folder and returns what that changes in verdicts and
    /// entries.
    ///
    /// # Errors
    ///
    /// The folder cannot be listed; everything stays in force then.
    pub fn look(&mut self, hint: &Hint) -> Result<Vec<Changes>, FolderError> {
        let mut events = Vec::new();
        for change in self.folder.look(&hint.writing, &hint.changed)? {
            let state = match change.content {
                Content::Text(text) => FileState::Parsed(parse_file(&change.file, &text)),
                Content::Unreadable(error) => FileState::Unreadable(error.to_string()),
                Content::Gone => FileState::Gone,
            };
            events.extend(
                self.store
                    .update(&change.file, state)
                    .into_iter()
                    .map(event),
            );
        }
        if events.is_empty() {
            return Ok(Vec::new());
        }
        Ok(self.compiler.apply_all(events))
    }

    /// Files and documents that are in error.
    #[must_use]
    pub fn errors(&self) -> Vec<ManifestError> {
        self.store.errors()
    }

    /// The compiler, with verdicts and entries.
    #[must_use]
    pub fn compiler(&self) -> &Compiler {
        &self.compiler
    }

    /// The files and documents, and which objects are in force.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Number of objects of each kind and verdict.
    #[must_use]
    pub fn count(&self) -> std::collections::BTreeMap<(Kind, &'static str), u64> {
        let mut counts = std::collections::BTreeMap::new();
        for (object, verdict) in self.compiler.verdicts() {
            *counts
                .entry((object.kind, Verdict::state(&verdict)))
                .or_default() += 1;
        }
        counts
    }
}

/// Everything, as one look without a hint sees it.
#[must_use]
pub fn everything() -> Hint {
    Hint {
        changed: BTreeSet::new(),
        writing: BTreeSet::new(),
        since: None,
    }
}

fn event(change: ObjectChange) -> Event {
    match change {
        ObjectChange::Applied(_, object) => Event::Apply((*object).clone()),
        ObjectChange::Deleted(object) => Event::Delete(object),
    }
}
