//! A program that runs beside a test.

use std::fs::File;
use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result, ensure};

/// A running program. Killed when dropped, or by the kernel with the thread
/// that started it; what it said is printed then.
#[derive(Debug)]
pub struct Process {
    name: &'static str,
    child: Child,
    said: tempfile::NamedTempFile,
}

impl Process {
    /// Starts a command that runs where its caller does.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn start(name: &'static str, mut command: Command) -> Result<Self> {
        // SAFETY: between fork and exec one system call is made, without a pointer.
        unsafe {
            command.pre_exec(
                || match libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) {
                    0 => Ok(()),
                    _ => Err(io::Error::last_os_error()),
                },
            )
        };
        Self::start_as_it_is(name, command)
    }

    /// Starts a command that is killed with its parent already, such as one of
    /// a lab's namespace.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn start_as_it_is(name: &'static str, mut command: Command) -> Result<Self> {
        let said = tempfile::NamedTempFile::new()?;
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::options().append(true).open(said.path())?)
            .spawn()
            .with_context(|| format!("starting {name}"))?;
        Ok(Self { name, child, said })
    }

    /// Fails where it has ended.
    ///
    /// # Errors
    ///
    /// Its exit status.
    pub fn check(&mut self) -> Result<()> {
        let ended = self.child.try_wait()?;
        ensure!(ended.is_none(), "{} ended: {ended:?}", self.name);
        Ok(())
    }

    /// Kills it (SIGKILL).
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn kill(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// What it has said on stderr.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn said(&self) -> Result<String> {
        Ok(std::fs::read_to_string(self.said.path())?)
    }

    /// Memory that it has in RAM and shares with nobody, in bytes (proc(5),
    /// `smaps_rollup`).
    ///
    /// # Errors
    ///
    /// It has ended.
    pub fn private_memory(&self) -> Result<u64> {
        let path = format!("/proc/{}/smaps_rollup", self.child.id());
        let text = std::fs::read_to_string(path)?;
        let kilobytes = text.lines().filter_map(|line| {
            let (field, rest) = line.split_once(':')?;
            if !field.starts_with("Private_") {
                return None;
            }
            rest.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()
        });
        Ok(kilobytes.sum::<u64>() * 1024)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // One that has ended cannot be killed.
        let _ended = self.kill();
        // Tests show it where they fail.
        let said = self.said().unwrap_or_default();
        if !said.is_empty() {
            println!("{} said:\n{said}", self.name);
        }
    }
}
