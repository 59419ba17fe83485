//! Reads the folder: which files are there, and the text of those that changed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::error::FolderError;

/// A file that changed within this time before it was read is read again at the
/// next look: time stamps are too coarse to show a second change so soon.
const RACY: Duration = Duration::from_millis(50);

/// What became of one file since the last look.
#[derive(Debug)]
pub struct FileChange {
    /// Path of the file: the folder's path and the file's name.
    pub file: Arc<Path>,
    /// What is there now.
    pub content: Content,
}

/// What is there in the place of a file.
#[derive(Debug)]
pub enum Content {
    /// A file with this text.
    Text(String),
    /// A file that cannot be read.
    Unreadable(io::Error),
    /// Nothing any more.
    Gone,
}

/// The folder and what was seen of it.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    seen: BTreeMap<Arc<Path>, Option<Stamp>>,
}

/// What changes when a file's content does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Folder {
    /// A folder that was not looked at yet.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            seen: BTreeMap::new(),
        }
    }

    /// Path of the folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Looks at every file whose name ends in `.yaml`, `.yml` or `.json` and
    /// does not start with a dot, and returns those that differ from what the
    /// last look saw. Files named in `skip` are left as they were (somebody is
    /// writing them); those named in `force` are read whatever their stamp.
    ///
    /// # Errors
    ///
    /// The folder cannot be listed; nothing is taken as gone then.
    pub fn look(
        &mut self,
        skip: &BTreeSet<PathBuf>,
        force: &BTreeSet<PathBuf>,
    ) -> Result<Vec<FileChange>, FolderError> {
        let names = self.list()?;
        let mut changes = Vec::new();
        for file in self.seen.keys() {
            if !names.contains(file) {
                changes.push(FileChange {
                    file: Arc::clone(file),
                    content: Content::Gone,
                });
            }
        }
        self.seen.retain(|file, _| names.contains(file));
        for file in names {
            let name = file.file_name().map(PathBuf::from).unwrap_or_default();
            if skip.contains(&name) && self.seen.contains_key(&file) {
                continue;
            }
            let known = self.seen.get(&file).copied().flatten();
            let content = match fs::metadata(&file) {
                Ok(metadata) if !metadata.is_file() => continue,
                Ok(metadata) => {
                    let stamp = Stamp::of(&metadata);
                    if known == Some(stamp) && !force.contains(&name) {
                        continue;
                    }
                    let trusted = !is_recent(&metadata);
                    match fs::read_to_string(&file) {
                        Ok(text) => {
                            self.seen
                                .insert(Arc::clone(&file), trusted.then_some(stamp));
                            Content::Text(text)
                        }
                        Err(error) => {
                            self.seen.insert(Arc::clone(&file), None);
                            Content::Unreadable(error)
                        }
                    }
                }
                Err(error) => {
                    self.seen.insert(Arc::clone(&file), None);
                    Content::Unreadable(error)
                }
            };
            changes.push(FileChange { file, content });
        }
        Ok(changes)
    }

    fn list(&self) -> Result<BTreeSet<Arc<Path>>, FolderError> {
        let failed = |source| FolderError {
            folder: self.path.clone(),
            source,
        };
        let mut names = BTreeSet::new();
        for entry in fs::read_dir(&self.path).map_err(failed)? {
            let name = PathBuf::from(entry.map_err(failed)?.file_name());
            if is_manifest_name(&name) {
                names.insert(Arc::from(self.path.join(name)));
            }
        }
        Ok(names)
    }
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}

/// Whether a file of this name is read: not hidden (as the folders of a
/// ConfigMap are) and of a known ending.
#[must_use]
pub fn is_manifest_name(name: &Path) -> bool {
    let hidden = name.to_string_lossy().starts_with('.');
    let ending = name.extension().and_then(|ending| ending.to_str());
    !hidden && matches!(ending, Some("yaml" | "yml" | "json"))
}

fn is_recent(metadata: &Metadata) -> bool {
    let Ok(modified) = metadata.modified() else {
        return true;
    };
    SystemTime::now()
        .duration_since(modified)
        .map_or(true, |age| age < RACY)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(folder: &mut Folder) -> Vec<(String, Option<String>)> {
        let none = BTreeSet::new();
        let mut changes: Vec<_> = folder
            .look(&none, &none)
            .unwrap()
            .into_iter()
            .map(|change| {
                let name = change
                    .file
                    .file_name()
                    .unwrap()
                    .to_string_lossy()
                    .into_owned();
                match change.content {
                    Content::Text(text) => (name, Some(text)),
                    Content::Unreadable(error) => (name, Some(format!("unreadable: {error}"))),
                    Content::Gone => (name, None),
                }
            })
            .collect();
        changes.sort();
        changes
    }

    #[test]
    fn only_manifests_are_read() {
        let dir = tempfile::tempdir().unwrap();
        for name in [
            "a.yaml",
            "b.yml",
            "c.json",
            "d.txt",
            ".e.yaml",
            "f.yaml.swp",
        ] {
            fs::write(dir.path().join(name), name).unwrap();
        }
        let mut folder = Folder::new(dir.path());
        let names: Vec<_> = look(&mut folder)
            .into_iter()
            .map(|(name, _)| name)
            .collect();
        assert_eq!(names, ["a.yaml", "b.yml", "c.json"]);
    }

    #[test]
    fn a_file_that_vanished_is_gone_once() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("a.yaml"), "x").unwrap();
        let mut folder = Folder::new(dir.path());
        look(&mut folder);
        fs::remove_file(dir.path().join("a.yaml")).unwrap();
        assert_eq!(look(&mut folder), [("a.yaml".to_owned(), None)]);
        assert!(look(&mut folder).is_empty());
    }

    #[test]
    fn a_file_that_is_being_written_is_left_as_it_was() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("a.yaml"), "whole").unwrap();
        let mut folder = Folder::new(dir.path());
        look(&mut folder);
        fs::write(dir.path().join("a.yaml"), "ha").unwrap();
        let skip = BTreeSet::from([PathBuf::from("a.yaml")]);
        assert!(folder.look(&skip, &BTreeSet::new()).unwrap().is_empty());
        assert_eq!(
            look(&mut folder),
            [("a.yaml".to_owned(), Some("ha".to_owned()))]
        );
    }

    #[test]
    fn a_folder_that_cannot_be_listed_is_an_error_and_nothing_is_gone() {
        let dir = tempfile::tempdir().unwrap();
        let inner = dir.path().join("inner");
        fs::create_dir(&inner).unwrap();
        fs::write(inner.join("a.yaml"), "x").unwrap();
        let mut folder = Folder::new(&inner);
        look(&mut folder);
        fs::rename(&inner, dir.path().join("away")).unwrap();
        assert!(folder.look(&BTreeSet::new(), &BTreeSet::new()).is_err());
        fs::rename(dir.path().join("away"), &inner).unwrap();
        assert!(
            look(&mut folder)
                .iter()
                .all(|(_, content)| content.is_some())
        );
    }

    #[test]
    fn a_dangling_link_is_unreadable() {
        let dir = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("nowhere", dir.path().join("a.yaml")).unwrap();
        let mut folder = Folder::new(dir.path());
        assert!(
            look(&mut folder)[0]
                .1
                .as_ref()
                .unwrap()
                .starts_with("unreadable")
        );
    }
}
