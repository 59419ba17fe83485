//! A control plane's data, saved and put back.

use std::path::Path;
use std::{fs, io};

use tempfile::TempDir;

use crate::cluster::{ApiServer, Part};
use crate::{Error, flags};

/// What etcd held at some time. Dropped, it is gone.
#[derive(Debug)]
pub struct Backup(TempDir);

impl ApiServer {
    /// Saves what etcd holds. etcd is away for that time, and comes back.
    ///
    /// # Errors
    ///
    /// [`Error::Io`], or what kept etcd from becoming ready again.
    pub async fn back_up(&self) -> Result<Backup, Error> {
        self.kill(Part::Etcd)?;
        let folder = tempfile::tempdir().map_err(Error::io("make a folder".to_owned()))?;
        let data = flags::data(self.folder());
        copy(&data, folder.path()).map_err(Error::io(format!("copy {}", data.display())))?;
        self.restart(Part::Etcd).await?;
        Ok(Backup(folder))
    }

    /// Puts a backup in the place of what etcd holds, as an administrator does:
    /// resourceVersions count from those of the backup. Both parts are killed and
    /// started again.
    ///
    /// # Errors
    ///
    /// As [`ApiServer::back_up`].
    pub async fn restore(&self, backup: &Backup) -> Result<(), Error> {
        self.kill(Part::ApiServer)?;
        self.kill(Part::Etcd)?;
        let data = flags::data(self.folder());
        fs::remove_dir_all(&data)
            .and_then(|()| copy(backup.0.path(), &data))
            .map_err(Error::io(format!("restore {}", data.display())))?;
        self.restart(Part::Etcd).await?;
        self.restart(Part::ApiServer).await
    }
}

/// Copies what is in a folder, and the folders in it.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    fs::set_permissions(to, fs::metadata(from)?.permissions())?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &to)?;
        } else {
            fs::copy(entry.path(), to)?;
        }
    }
    Ok(())
}
