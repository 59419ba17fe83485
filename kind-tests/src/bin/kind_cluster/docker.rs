//! The Docker daemon: the machine's, or one of our own.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use tokio::process::Command;
use tokio::time::{Instant, sleep};

use crate::host::Before;
use crate::{command, places};

/// How long a daemon may take to start or to end.
const PATIENCE: Duration = Duration::from_secs(60);

/// A daemon that runs.
#[derive(Clone, Debug)]
pub(crate) struct Docker {
    /// The folder of a daemon of our own.
    own: Option<PathBuf>,
}

impl Docker {
    /// The daemon that runs, our own first.
    pub(crate) async fn find() -> Result<Option<Self>> {
        let own = Self {
            own: Some(places::docker()?),
        };
        for docker in [own, Self { own: None }] {
            if command::run(docker.command(["info"])).await.is_ok() {
                return Ok(Some(docker));
            }
        }
        Ok(None)
    }

    /// The daemon that runs, or one that is started now and lasts until
    /// [`Self::stop_unless_used`].
    pub(crate) async fn find_or_start() -> Result<Self> {
        if let Some(docker) = Self::find().await? {
            return Ok(docker);
        }
        Self::start(places::docker()?).await
    }

    /// The daemon that runs, or one that takes up what one of ours left when it
    /// was killed.
    pub(crate) async fn find_or_revive() -> Result<Option<Self>> {
        let found = Self::find().await?;
        let folder = places::docker()?;
        if found.is_some() || Before::read(&folder.join("before.json"))?.is_none() {
            return Ok(found);
        }
        Self::start(folder).await.map(Some)
    }

    async fn start(folder: PathBuf) -> Result<Self> {
        let dockerd = Command::new("dockerd").arg("--version").output().await;
        ensure!(
            dockerd.is_ok(),
            "no Docker: `tools/setup.sh kind` installs it on Debian as root; elsewhere install and start it"
        );
        // SAFETY: geteuid takes nothing and cannot fail.
        let is_root = unsafe { libc::geteuid() } == 0;
        ensure!(
            is_root,
            "Docker does not run: start it, or run this as root, which starts one"
        );
        fs::create_dir_all(&folder)?;
        let file = folder.join("before.json");
        // Where one of ours was killed, the machine is not as it was before.
        if Before::read(&file)?.is_none() {
            Before::look().await?.write(&file)?;
        }

        // Beside us there is a runtime for machines that have fewer capabilities than Docker
        // thinks. A copy, since the build's folder may go while the daemon runs.
        let runtime = folder.join("runc");
        let ours = std::env::current_exe()?.with_file_name("runc_within_bounds");
        fs::copy(&ours, &runtime).with_context(|| format!("copy {}", ours.display()))?;

        let log = File::create(folder.join("log"))?;
        let path = |name: &str| folder.join(name).display().to_string();
        let mut daemon = Command::new("dockerd");
        daemon
            .args(["--data-root", &path("root"), "--exec-root", &path("run")])
            .args(["--pidfile", &path("pid"), "--host", &socket(&folder)])
            .arg(format!("--add-runtime=isthmus={}", path("runc")))
            .args(["--default-runtime=isthmus", "--bridge=none"])
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        let mut daemon = daemon.spawn().context("start dockerd")?;
        let docker = Self { own: Some(folder) };
        let until = Instant::now() + PATIENCE;
        while command::run(docker.command(["info"])).await.is_err() {
            if daemon.try_wait()?.is_some() || Instant::now() > until {
                let folder = docker.own.as_deref().context("a folder")?;
                stop(folder).await?;
                bail!("dockerd does not start; see {}", path_of_log(folder));
            }
            sleep(Duration::from_millis(100)).await;
        }
        Ok(docker)
    }

    /// Environment by which programs reach it.
    pub(crate) fn environment(&self) -> Option<(&'static str, String)> {
        let folder = self.own.as_deref()?;
        Some(("DOCKER_HOST", socket(folder)))
    }

    /// A program that works with Docker.
    pub(crate) fn program(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.envs(self.environment());
        command
    }

    /// A call of `docker`.
    pub(crate) fn command<S: AsRef<std::ffi::OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = S>,
    ) -> Command {
        let mut command = self.program("docker");
        command.args(arguments);
        command
    }

    /// Ends a daemon that we started, once it has no container, and puts the
    /// machine back as it was.
    pub(crate) async fn stop_unless_used(&self) -> Result<()> {
        let Some(folder) = self.own.as_deref() else {
            return Ok(());
        };
        let left = command::run(self.command(["ps", "--all", "--quiet"])).await?;
        if !left.trim().is_empty() {
            return Ok(());
        }
        // kind makes it, and never removes it.
        let _absent = command::run(self.command(["network", "rm", "kind"])).await;
        stop(folder).await
    }
}

fn socket(folder: &Path) -> String {
    format!("unix://{}", folder.join("sock").display())
}

fn path_of_log(folder: &Path) -> String {
    folder.join("log").display().to_string()
}

async fn stop(folder: &Path) -> Result<()> {
    if let Ok(pid) = fs::read_to_string(folder.join("pid")) {
        let pid: libc::pid_t = pid.trim().parse()?;
        let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
        if name.trim() == "dockerd" {
            // SAFETY: kill takes no pointer; this process is a dockerd whose file names it.
            unsafe { libc::kill(pid, libc::SIGTERM) };
        }
        let until = Instant::now() + PATIENCE;
        while is_running(pid) {
            if Instant::now() > until {
                bail!("dockerd does not end; see {}", path_of_log(folder));
            }
            sleep(Duration::from_millis(50)).await;
        }
    }
    clean_up(folder).await
}

/// Whether the process is there and no zombie.
fn is_running(pid: libc::pid_t) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

async fn clean_up(folder: &Path) -> Result<()> {
    let file = folder.join("before.json");
    if let Some(before) = Before::read(&file)? {
        before.restore().await?;
    }
    if file.exists() {
        fs::remove_file(file)?;
    }
    // Of one that was killed.
    let mounts = fs::read_to_string("/proc/self/mounts")?;
    for mount in mounts_below(&mounts, folder) {
        let mut unmount = Command::new("umount");
        unmount.arg(mount);
        command::run(unmount).await?;
    }
    Ok(())
}

/// Where something is mounted below a folder, by what /proc/self/mounts says;
/// what was mounted last first.
fn mounts_below<'a>(mounts: &'a str, folder: &Path) -> Vec<&'a str> {
    let places = mounts
        .lines()
        .rev()
        .filter_map(|line| line.split(' ').nth(1));
    places
        .filter(|place| Path::new(place).starts_with(folder))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_mounted_below_a_folder_goes_in_the_reverse_order() {
        let mounts = "proc /proc proc rw 0 0\n/dev/a /d/data ext4 rw 0 0\noverlay /d/data/x overlay rw 0 0\n/dev/b /dd ext4 rw 0 0\n";
        assert_eq!(
            mounts_below(mounts, Path::new("/d")),
            ["/d/data/x", "/d/data"]
        );
    }
}
