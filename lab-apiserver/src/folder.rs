//! The folder of one control plane.

use std::fs::{self, File};
use std::path::Path;
use std::time::Duration;
use std::{env, io};

use tempfile::TempDir;

use crate::Error;

const PREFIX: &str = "isthmus-apiserver-";

/// A temporary folder that is removed when dropped. Where its process was
/// killed before, the next one that makes a folder removes it.
#[derive(Debug)]
pub(crate) struct Folder {
    folder: TempDir,
    /// Locked as long as the folder is in use; the kernel unlocks it when the
    /// process dies.
    _lock: File,
}

impl Folder {
    pub(crate) fn make() -> Result<Self, Error> {
        let place = env::temp_dir();
        remove_abandoned(&place);
        let folder = tempfile::Builder::new()
            .prefix(PREFIX)
            .tempdir_in(&place)
            .map_err(Error::io(format!("make a folder in {}", place.display())))?;
        let lock = File::create(folder.path().join("lock"))
            .and_then(|lock| lock.lock().map(|()| lock))
            .map_err(Error::io(format!("lock {}", folder.path().display())))?;
        Ok(Self {
            folder,
            _lock: lock,
        })
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// Removes the folders of processes that are dead. What cannot be removed now
/// is left for the next time.
fn remove_abandoned(place: &Path) {
    for entry in fs::read_dir(place).into_iter().flatten().flatten() {
        let ours = entry.file_name().to_string_lossy().starts_with(PREFIX);
        if ours && is_abandoned(&entry.path().join("lock")).unwrap_or(false) {
            // A second process that removes the same folder wins or loses; both are well.
            fs::remove_dir_all(entry.path()).unwrap_or_default();
        }
    }
}

/// Whether nobody holds a lock that somebody had time to take.
fn is_abandoned(lock: &Path) -> io::Result<bool> {
    let file = File::open(lock)?;
    let age = file.metadata()?.modified()?.elapsed().unwrap_or_default();
    Ok(age > Duration::from_secs(60) && file.try_lock().is_ok())
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    #[test]
    fn folders_in_use_stay_and_abandoned_ones_go() {
        let place = tempfile::tempdir().unwrap();
        let old = SystemTime::now() - Duration::from_secs(3_600);
        let make = |name: &str, age: SystemTime| {
            let folder = place.path().join(name);
            fs::create_dir(&folder).unwrap();
            let lock = File::create(folder.join("lock")).unwrap();
            lock.set_modified(age).unwrap();
            lock
        };
        let used = make("isthmus-apiserver-used", old);
        used.lock().unwrap();
        drop(make("isthmus-apiserver-dead", old));
        drop(make("isthmus-apiserver-new", SystemTime::now()));
        drop(make("other", old));
        fs::create_dir(place.path().join("isthmus-apiserver-unlocked")).unwrap();

        remove_abandoned(place.path());

        let mut left: Vec<_> = fs::read_dir(place.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        left.sort();
        assert_eq!(
            left,
            [
                "isthmus-apiserver-new",
                "isthmus-apiserver-unlocked",
                "isthmus-apiserver-used",
                "other"
            ]
        );
    }
}
