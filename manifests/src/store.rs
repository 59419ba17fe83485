//! Which objects are in force: the last good version of every file, and of two
//! statements of one object the first by path.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;

use isthmus_compiler::{Object, ObjectRef};

use crate::error::{ManifestError, Place, Problem};
use crate::parse::{ParsedFile, ParsedObject};

/// A change to the set of objects in force.
#[derive(Clone, Debug, PartialEq)]
pub enum ObjectChange {
    /// The object is new or differs.
    Applied(ObjectRef, Arc<Object>),
    /// The object is gone.
    Deleted(ObjectRef),
}

/// What is there in place of a file, as far as it could be read.
#[derive(Debug)]
pub enum FileState {
    /// Its documents.
    Parsed(ParsedFile),
    /// It is there, but could not be read.
    Unreadable(String),
    /// It is gone.
    Gone,
}

impl FileState {
    /// Whether it is there without an error.
    #[must_use]
    pub fn is_good(&self) -> bool {
        matches!(self, Self::Parsed(parsed) if parsed.errors.is_empty())
    }
}

/// All files, and which of their objects are in force.
///
/// A file with an error keeps the objects of its last version without one,
/// until it is mended or removed. A file that never was without an error gives
/// its sound documents.
#[derive(Debug, Default)]
pub struct Store {
    files: BTreeMap<Arc<Path>, File>,
    statements: HashMap<ObjectRef, BTreeMap<Place, Arc<Object>>>,
    /// Files with an error.
    faulty: BTreeSet<Arc<Path>>,
    /// Objects that are stated more than once.
    repeated: BTreeSet<ObjectRef>,
}

#[derive(Debug, Default)]
struct File {
    in_force: Vec<ParsedObject>,
    was_good: bool,
    errors: Vec<ManifestError>,
}

impl Store {
    /// Takes over what is now in place of a file and returns what that changes,
    /// at a cost that depends on this file alone.
    pub fn update(&mut self, path: &Arc<Path>, state: FileState) -> Vec<ObjectChange> {
        let mut file = self.files.remove(path).unwrap_or_default();
        self.faulty.remove(path);
        let next = match state {
            FileState::Gone => {
                return self.replace(&file.in_force, &[]);
            }
            FileState::Unreadable(reason) => {
                let place = Place {
                    file: Arc::clone(path),
                    document: None,
                };
                file.errors = vec![ManifestError {
                    place,
                    problem: Problem::Unreadable { reason },
                }];
                None
            }
            FileState::Parsed(parsed) => {
                let good = parsed.errors.is_empty();
                file.errors = parsed.errors;
                let replaces = good || !file.was_good;
                file.was_good |= good;
                replaces.then_some(parsed.objects)
            }
        };
        let changes = match next {
            Some(objects) => {
                let changes = self.replace(&file.in_force, &objects);
                file.in_force = objects;
                changes
            }
            None => Vec::new(),
        };
        if !file.errors.is_empty() {
            self.faulty.insert(Arc::clone(path));
        }
        self.files.insert(Arc::clone(path), file);
        changes
    }

    /// Whether a file was there already.
    #[must_use]
    pub fn knows(&self, file: &Path) -> bool {
        self.files.contains_key(file)
    }

    /// Every file, sound or not.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        self.files.keys().map(AsRef::as_ref)
    }

    /// Everything that is wrong now: files and documents in the order of their
    /// paths, then objects stated twice. Costs what is wrong, not what is there.
    #[must_use]
    pub fn errors(&self) -> Vec<ManifestError> {
        let faulty = self.faulty.iter().filter_map(|path| self.files.get(path));
        let mut errors: Vec<_> = faulty
            .flat_map(|file| file.errors.iter().cloned())
            .collect();
        let mut twice: Vec<_> = self
            .repeated
            .iter()
            .filter_map(|key| Some((key, self.statements.get(key)?)))
            .flat_map(|(key, statements)| {
                let first = statements.keys().next();
                statements
                    .keys()
                    .skip(1)
                    .zip(first.into_iter().cycle())
                    .map(|(place, first)| {
                        let problem = Problem::Duplicate {
                            object: key.to_string(),
                            first: first.clone(),
                        };
                        ManifestError {
                            place: place.clone(),
                            problem,
                        }
                    })
            })
            .collect();
        twice.sort_by(|a, b| a.place.cmp(&b.place));
        errors.append(&mut twice);
        errors
    }

    /// Where the statement of an object that is in force stands.
    #[must_use]
    pub fn place(&self, key: &ObjectRef) -> Option<&Place> {
        self.statements.get(key)?.keys().next()
    }

    /// The objects in force and where they stand, in no order.
    pub fn in_force(&self) -> impl Iterator<Item = (&ObjectRef, &Place)> {
        self.statements
            .iter()
            .filter_map(|(key, statements)| Some((key, statements.keys().next()?)))
    }

    /// The same with the objects themselves.
    pub fn objects(&self) -> impl Iterator<Item = (&ObjectRef, &Place, &Object)> {
        self.statements.iter().filter_map(|(key, statements)| {
            let (place, object) = statements.iter().next()?;
            Some((key, place, object.as_ref()))
        })
    }

    fn replace(&mut self, old: &[ParsedObject], new: &[ParsedObject]) -> Vec<ObjectChange> {
        let touched: BTreeSet<&ObjectRef> =
            old.iter().chain(new).map(|parsed| &parsed.key).collect();
        let before: Vec<_> = touched.iter().map(|key| self.winner(key)).collect();
        for parsed in old {
            if let Some(statements) = self.statements.get_mut(&parsed.key) {
                statements.remove(&parsed.place);
            }
        }
        for parsed in new {
            let statements = self.statements.entry(parsed.key.clone()).or_default();
            statements.insert(parsed.place.clone(), Arc::clone(&parsed.object));
        }
        let mut changes = Vec::new();
        for (key, before) in touched.into_iter().zip(before) {
            if self.statements.get(key).is_some_and(|all| all.len() > 1) {
                self.repeated.insert(key.clone());
            } else {
                self.repeated.remove(key);
            }
            match (before, self.winner(key)) {
                (Some(_), None) => {
                    self.statements.remove(key);
                    changes.push(ObjectChange::Deleted(key.clone()));
                }
                (before, Some(after)) if before.as_ref() != Some(&after) => {
                    changes.push(ObjectChange::Applied(key.clone(), after));
                }
                _ => {}
            }
        }
        changes
    }

    fn winner(&self, key: &ObjectRef) -> Option<Arc<Object>> {
        self.statements.get(key)?.values().next().cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::parse_file;

    fn path(name: &str) -> Arc<Path> {
        Arc::from(Path::new(name))
    }

    fn vpc(name: &str, vni: u32) -> String {
        format!(
            "apiVersion: isthmus.dev/v1alpha1\nkind: Vpc\nmetadata: {{name: {name}}}\n\
             spec: {{vni: {vni}, cidrs: [10.0.0.0/24]}}\n---\n"
        )
    }

    fn put(store: &mut Store, file: &str, text: &str) -> Vec<String> {
        let parsed = parse_file(&path(file), text);
        shown(store.update(&path(file), FileState::Parsed(parsed)))
    }

    fn shown(changes: Vec<ObjectChange>) -> Vec<String> {
        let show = |change| match change {
            ObjectChange::Applied(key, _) => format!("+{}", key.name.name),
            ObjectChange::Deleted(key) => format!("-{}", key.name.name),
        };
        changes.into_iter().map(show).collect()
    }

    #[test]
    fn only_differences_are_reported() {
        let mut store = Store::default();
        assert_eq!(
            put(&mut store, "a", &(vpc("x", 1) + &vpc("y", 2))),
            ["+x", "+y"]
        );
        assert!(put(&mut store, "a", &(vpc("y", 2) + &vpc("x", 1))).is_empty());
        assert_eq!(
            put(&mut store, "a", &(vpc("y", 3) + &vpc("z", 1))),
            ["-x", "+y", "+z"]
        );
        assert_eq!(
            shown(store.update(&path("a"), FileState::Gone)),
            ["-y", "-z"]
        );
    }

    #[test]
    fn a_file_that_no_longer_parses_keeps_its_last_good_version() {
        let mut store = Store::default();
        put(&mut store, "a", &vpc("x", 1));
        assert!(put(&mut store, "a", "kind: [").is_empty());
        assert!(put(&mut store, "a", &(vpc("y", 2) + "kind: [")).is_empty());
        assert_eq!(store.errors().len(), 1);
        assert_eq!(put(&mut store, "a", &vpc("y", 2)), ["-x", "+y"]);
        assert!(store.errors().is_empty());
    }

    #[test]
    fn a_file_that_was_never_good_gives_its_sound_documents() {
        let mut store = Store::default();
        assert_eq!(put(&mut store, "a", &(vpc("x", 1) + "kind: [")), ["+x"]);
        assert_eq!(store.errors().len(), 1);
        assert_eq!(put(&mut store, "a", &(vpc("x", 2) + "kind: [")), ["+x"]);
    }

    #[test]
    fn a_file_that_cannot_be_read_keeps_its_objects() {
        let mut store = Store::default();
        put(&mut store, "a", &vpc("x", 1));
        let state = FileState::Unreadable("permission denied".to_owned());
        assert!(store.update(&path("a"), state).is_empty());
        assert_eq!(
            store.errors()[0].to_string(),
            "a: cannot be read: permission denied"
        );
    }

    #[test]
    fn of_two_statements_the_first_by_path_is_in_force_and_the_error_names_both() {
        let mut store = Store::default();
        assert_eq!(put(&mut store, "b", &vpc("x", 1)), ["+x"]);
        assert_eq!(put(&mut store, "a", &vpc("x", 2)), ["+x"]);
        assert_eq!(
            store.errors()[0].to_string(),
            "b, document 1: Vpc default/x is already stated in a, document 1, which stays in force"
        );
        assert_eq!(shown(store.update(&path("a"), FileState::Gone)), ["+x"]);
        assert!(store.errors().is_empty());
    }
}
