//! Copies of the last good version of each file, so that one that is broken
//! when the agent starts loses nothing either.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// A folder of copies, named as the files are.
#[derive(Debug)]
pub struct LastGood {
    folder: PathBuf,
    complained: bool,
}

impl LastGood {
    /// The copies of the manifests in `manifests`, in a folder of their own
    /// below `state_dir`.
    #[must_use]
    pub fn new(state_dir: &Path, manifests: &Path) -> Self {
        let path = std::path::absolute(manifests).unwrap_or_else(|_| manifests.to_owned());
        Self {
            folder: state_dir.join("manifests").join(escape(&path)),
            complained: false,
        }
    }

    /// The copy of a file, if there is one.
    #[must_use]
    pub fn load(&self, file: &Path) -> Option<String> {
        fs::read_to_string(self.copy_of(file)?).ok()
    }

    /// Keeps a copy. That it cannot be kept is said once and stops nothing.
    pub fn save(&mut self, file: &Path, text: &str) {
        if self.load(file).as_deref() == Some(text) {
            return;
        }
        if let Err(error) = self.write(file, text) {
            self.complain(&error);
        }
    }

    /// Removes the copy of a file that is gone.
    pub fn forget(&mut self, file: &Path) {
        if let Some(copy) = self.copy_of(file) {
            // One that was never good has none.
            let _none = fs::remove_file(copy);
        }
    }

    /// Removes the copies of files that went while no agent was there.
    pub fn retain(&mut self, files: &HashSet<&Path>) {
        let names: HashSet<_> = files.iter().filter_map(|file| file.file_name()).collect();
        // No folder, no copies.
        for entry in fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            if !names.contains(entry.file_name().as_os_str()) {
                let _none = fs::remove_file(entry.path());
            }
        }
    }

    fn write(&self, file: &Path, text: &str) -> io::Result<()> {
        let Some(copy) = self.copy_of(file) else {
            return Ok(());
        };
        fs::create_dir_all(&self.folder)?;
        let fresh = self.folder.join(".new");
        fs::write(&fresh, text)?;
        fs::rename(fresh, copy)
    }

    fn copy_of(&self, file: &Path) -> Option<PathBuf> {
        Some(self.folder.join(file.file_name()?))
    }

    fn complain(&mut self, error: &io::Error) {
        if !std::mem::replace(&mut self.complained, true) {
            tracing::warn!(
                folder = %self.folder.display(),
                "cannot keep the last good version of manifests ({error}): a file that is broken \
                 when the agent is restarted will lose its objects; see --state-dir"
            );
        }
    }
}

/// A path as one name: `/` becomes `-`, and `-` becomes `--`.
fn escape(path: &Path) -> OsString {
    let path = path.strip_prefix("/").unwrap_or(path);
    let bytes = path.as_os_str().as_bytes().iter();
    let name = bytes.flat_map(|byte| match byte {
        b'/' => vec![b'-'],
        b'-' => vec![b'-', b'-'],
        other => vec![*other],
    });
    OsString::from_vec(name.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_do_not_share_copies() {
        let name = |path: &str| escape(Path::new(path));
        assert_eq!(name("/etc/isthmus"), "etc-isthmus");
        assert_ne!(name("/a/b"), name("/a-b"));
    }

    #[test]
    fn a_copy_outlives_its_keeper_and_goes_with_its_file() {
        let state = tempfile::tempdir().unwrap();
        let manifests = Path::new("/etc/isthmus");
        let file = manifests.join("a.yaml");
        LastGood::new(state.path(), manifests).save(&file, "one");
        let mut again = LastGood::new(state.path(), manifests);
        assert_eq!(again.load(&file).as_deref(), Some("one"));
        again.retain(&HashSet::from([file.as_path()]));
        assert!(again.load(&file).is_some());
        again.retain(&HashSet::new());
        assert_eq!(again.load(&file), None);
    }

    #[test]
    fn a_state_directory_that_cannot_be_written_stops_nothing() {
        let mut copies = LastGood::new(Path::new("/proc"), Path::new("/etc/isthmus"));
        copies.save(Path::new("/etc/isthmus/a.yaml"), "one");
        assert!(copies.complained);
        assert_eq!(copies.load(Path::new("/etc/isthmus/a.yaml")), None);
    }
}
