//! From the folder to the compiler: looks, parses, and tells what changed.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use isthmus_compiler::{Changes, Compiler, Event};

use super::activity::Hint;
use super::error::{FolderError, ManifestError};
use super::folder::{Content, FileChange, Folder};
use super::last_good::LastGood;
use super::parse::{ParsedFile, parse_file};
use super::store::{FileState, ObjectChange, Store};

/// A folder of manifests and the compiler that it feeds.
#[derive(Debug)]
pub struct Feed {
    folder: Folder,
    store: Store,
    compiler: Compiler,
    last_good: Option<LastGood>,
    looked: bool,
}

impl Feed {
    /// A folder that was not looked at yet.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: Folder::new(folder),
            store: Store::default(),
            compiler: Compiler::new(),
            last_good: None,
            looked: false,
        }
    }

    /// The same, with copies of what was last good.
    #[must_use]
    pub fn with_last_good(folder: impl Into<PathBuf>, state_dir: &Path) -> Self {
        let feed = Self::new(folder);
        let last_good = LastGood::new(state_dir, feed.folder.path());
        Self {
            last_good: Some(last_good),
            ..feed
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
            events.extend(self.take(change));
        }
        if !std::mem::replace(&mut self.looked, true)
            && let Some(last_good) = &mut self.last_good
        {
            last_good.retain(&self.store.files().collect());
        }
        if events.is_empty() {
            return Ok(Vec::new());
        }
        Ok(self.compiler.apply_all(events))
    }

    fn take(&mut self, change: FileChange) -> Vec<Event> {
        let file = change.file;
        let state = match change.content {
            Content::Text(text) => {
                let parsed = parse_file(&file, &text);
                if parsed.errors.is_empty()
                    && let Some(last_good) = &mut self.last_good
                {
                    last_good.save(&file, &text);
                }
                FileState::Parsed(parsed)
            }
            Content::Unreadable(error) => FileState::Unreadable(error.to_string()),
            Content::Gone => {
                if let Some(last_good) = &mut self.last_good {
                    last_good.forget(&file);
                }
                FileState::Gone
            }
        };
        let mut changes = Vec::new();
        if !self.store.knows(&file)
            && !state.is_good()
            && let Some(before) = self.last_good_version(&file)
        {
            changes = self.store.update(&file, FileState::Parsed(before));
        }
        changes.extend(self.store.update(&file, state));
        changes.into_iter().map(event).collect()
    }

    /// What a file said when it was last good, before this process.
    fn last_good_version(&self, file: &Arc<Path>) -> Option<ParsedFile> {
        let text = self.last_good.as_ref()?.load(file)?;
        Some(parse_file(file, &text)).filter(|parsed| parsed.errors.is_empty())
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
