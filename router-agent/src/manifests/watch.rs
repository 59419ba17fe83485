//! Watches the folder (inotify(7)).

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use inotify::{EventMask, Inotify, WatchDescriptor, WatchMask};
use tokio::io::unix::AsyncFd;

use super::activity::{Activity, Happening, Hint};

/// The folder is looked at this often whatever inotify says: links into other
/// folders and network file systems do not tell.
const ANYWAY: Duration = Duration::from_secs(5);

/// Watches one folder, also while it does not exist or is exchanged for
/// another.
#[derive(Debug)]
pub struct Watcher {
    folder: PathBuf,
    inotify: AsyncFd<Inotify>,
    watched: Option<(WatchDescriptor, u64, u64)>,
    activity: Activity,
    looked: Instant,
}

impl Watcher {
    /// Starts watching; must be called within a tokio runtime.
    ///
    /// # Errors
    ///
    /// The system has no more inotify instances to give. A folder that is not
    /// there is no error.
    pub fn new(folder: impl Into<PathBuf>) -> io::Result<Self> {
        // SAFETY: `Inotify` gives the same descriptor for as long as it lives, and
        // closes it when the `AsyncFd` that owns it is dropped, not before.
        let inotify = unsafe { AsyncFd::register(Inotify::init()?) }?;
        let mut watcher = Self {
            folder: folder.into(),
            inotify,
            watched: None,
            activity: Activity::default(),
            looked: Instant::now(),
        };
        watcher.follow_folder();
        Ok(watcher)
    }

    /// Waits until it is time to look at the folder. Losing the future loses no
    /// event.
    ///
    /// # Errors
    ///
    /// inotify cannot be read.
    pub async fn next(&mut self) -> io::Result<Hint> {
        loop {
            let due = self.activity.due().unwrap_or(self.looked + ANYWAY);
            tokio::select! {
                ready = self.inotify.readable_mut() => {
                    let mut ready = ready?;
                    let read = ready.try_io(|inotify| read(inotify.get_mut(), &self.folder, &mut self.activity));
                    if let Ok(result) = read {
                        result?;
                    }
                }
                () = tokio::time::sleep_until(due.into()) => {
                    self.follow_folder();
                    self.looked = Instant::now();
                    return Ok(self.activity.take(self.looked));
                }
            }
        }
    }

    /// Puts the watch onto what the folder's path leads to now.
    fn follow_folder(&mut self) {
        let identity = std::fs::metadata(&self.folder)
            .ok()
            .map(|folder| (folder.dev(), folder.ino()));
        if identity
            == self
                .watched
                .as_ref()
                .map(|(_, device, inode)| (*device, *inode))
        {
            return;
        }
        if let Some((old, ..)) = self.watched.take() {
            // Fails where the folder itself is gone, and its watch with it.
            let _gone = self.inotify.get_ref().watches().remove(old);
        }
        if let Some((device, inode)) = identity {
            match add(self.inotify.get_ref(), &self.folder) {
                Ok(descriptor) => self.watched = Some((descriptor, device, inode)),
                Err(error) => tracing::warn!(
                    folder = %self.folder.display(),
                    "cannot watch the folder, looking every {} s instead: {error}",
                    ANYWAY.as_secs()
                ),
            }
        }
    }
}

fn add(inotify: &Inotify, folder: &Path) -> io::Result<WatchDescriptor> {
    let mask = WatchMask::CREATE
        | WatchMask::DELETE
        | WatchMask::MOVE
        | WatchMask::MODIFY
        | WatchMask::CLOSE_WRITE
        | WatchMask::ATTRIB
        | WatchMask::DELETE_SELF
        | WatchMask::MOVE_SELF
        | WatchMask::ONLYDIR;
    inotify.watches().add(folder, mask)
}

fn read(inotify: &mut Inotify, folder: &Path, activity: &mut Activity) -> io::Result<()> {
    let mut buffer = [0; 16 * 1024];
    let events = inotify.read_events(&mut buffer)?;
    let now = Instant::now();
    for event in events {
        let Some(name) = event.name.map(PathBuf::from) else {
            activity.note_unknown(now);
            continue;
        };
        let open = event.mask.contains(EventMask::MODIFY)
            || event.mask.contains(EventMask::CREATE) && is_open(&folder.join(&name));
        let happening = if open {
            Happening::Modified
        } else {
            Happening::Settled
        };
        activity.note(name, happening, now);
    }
    Ok(())
}

/// Whether a file that was just created is still to be closed by its writer:
/// not so for links, which are complete at once.
fn is_open(file: &Path) -> bool {
    std::fs::symlink_metadata(file).is_ok_and(|file| file.is_file() && file.nlink() == 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    async fn hint(watcher: &mut Watcher) -> Hint {
        tokio::time::timeout(Duration::from_secs(3), watcher.next())
            .await
            .unwrap()
            .unwrap()
    }

    #[tokio::test]
    async fn an_edit_in_place_and_a_rename_are_noticed() {
        let dir = tempfile::tempdir().unwrap();
        let mut watcher = Watcher::new(dir.path()).unwrap();
        fs::write(dir.path().join("a.yaml"), "x").unwrap();
        assert!(
            hint(&mut watcher)
                .await
                .changed
                .contains(Path::new("a.yaml"))
        );
        fs::rename(dir.path().join("a.yaml"), dir.path().join("b.yaml")).unwrap();
        let names = hint(&mut watcher).await.changed;
        assert!(names.contains(Path::new("a.yaml")) && names.contains(Path::new("b.yaml")));
    }

    #[tokio::test]
    async fn the_swap_of_a_config_map_is_noticed() {
        let dir = tempfile::tempdir().unwrap();
        for version in ["..1", "..2"] {
            fs::create_dir(dir.path().join(version)).unwrap();
            fs::write(dir.path().join(version).join("a.yaml"), version).unwrap();
        }
        symlink("..1", dir.path().join("..data")).unwrap();
        symlink("..data/a.yaml", dir.path().join("a.yaml")).unwrap();
        let mut watcher = Watcher::new(dir.path()).unwrap();
        symlink("..2", dir.path().join("..data_tmp")).unwrap();
        fs::rename(dir.path().join("..data_tmp"), dir.path().join("..data")).unwrap();
        assert!(
            hint(&mut watcher)
                .await
                .changed
                .contains(Path::new("..data"))
        );
        assert_eq!(
            fs::read_to_string(dir.path().join("a.yaml")).unwrap(),
            "..2"
        );
    }
}
