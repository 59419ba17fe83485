//! One look at a folder or a file.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use crate::error::FolderError;
use crate::folder::{Content, Folder};
use crate::parse::parse_file_in;
use crate::store::{FileState, Store};

/// Reads every manifest of a folder, or the one file that `path` names.
/// Objects that name no namespace are of `namespace`.
///
/// # Errors
///
/// The folder cannot be listed. A file that cannot be read is one of
/// [`Store::errors`].
pub fn read(path: &Path, namespace: &str) -> Result<Store, FolderError> {
    let mut store = Store::default();
    if path.is_file() {
        let content = match fs::read_to_string(path) {
            Ok(text) => Content::Text(text),
            Err(error) => Content::Unreadable(error),
        };
        take(&mut store, &Arc::from(path), content, namespace);
        return Ok(store);
    }
    let nothing = BTreeSet::new();
    for change in Folder::new(path).look(&nothing, &nothing)? {
        take(&mut store, &change.file, change.content, namespace);
    }
    Ok(store)
}

fn take(store: &mut Store, file: &Arc<Path>, content: Content, namespace: &str) {
    let state = match content {
        Content::Text(text) => FileState::Parsed(parse_file_in(file, &text, namespace)),
        Content::Unreadable(error) => FileState::Unreadable(error.to_string()),
        Content::Gone => FileState::Gone,
    };
    // Of a store that was empty, all is news.
    store.update(file, state);
}

#[cfg(test)]
mod tests {
    use super::*;

    const VPC: &str = "apiVersion: isthmus.dev/v1alpha1
kind: Vpc
metadata: {name: blue}
spec: {vni: 1, cidrs: [10.104.0.0/20]}
";

    fn keys(store: &Store) -> Vec<String> {
        let mut keys: Vec<_> = store.objects().map(|(key, ..)| key.to_string()).collect();
        keys.sort();
        keys
    }

    #[test]
    fn a_folder_and_a_single_file_are_read_alike_into_the_namespace_given() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("a.yaml");
        fs::write(&file, VPC).unwrap();
        for path in [dir.path(), file.as_path()] {
            let store = read(path, "team-a").unwrap();
            assert!(store.errors().is_empty(), "{:?}", store.errors());
            assert_eq!(keys(&store), ["Vpc team-a/blue"]);
        }
    }

    #[test]
    fn a_namespace_that_is_written_down_stays() {
        let dir = tempfile::tempdir().unwrap();
        let text = VPC.replace("name: blue", "name: blue, namespace: team-b");
        fs::write(dir.path().join("a.yaml"), text).unwrap();
        let store = read(dir.path(), "team-a").unwrap();
        assert_eq!(keys(&store), ["Vpc team-b/blue"]);
    }

    #[test]
    fn a_folder_that_is_not_there_is_an_error() {
        let error = read(Path::new("/nonexistent"), "default").unwrap_err();
        assert!(
            error.to_string().contains("/nonexistent cannot be read"),
            "{error}"
        );
    }
}
