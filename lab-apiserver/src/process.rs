//! One program that can be killed, paused and started again.

use std::fs::{self, File};
use std::io;
use std::mem::MaybeUninit;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::{Error, spawner};

/// A program, running or not; killed when dropped.
#[derive(Debug)]
pub(crate) struct Process {
    name: &'static str,
    program: PathBuf,
    flags: Vec<String>,
    log: PathBuf,
    child: Mutex<Option<Child>>,
}

impl Process {
    /// Starts a program; what it prints goes to a file of its name in `folder`.
    pub(crate) fn start(
        name: &'static str,
        program: PathBuf,
        flags: Vec<String>,
        folder: &Path,
    ) -> Result<Self, Error> {
        let process = Self {
            name,
            program,
            flags,
            log: folder.join(format!("{name}.log")),
            child: Mutex::new(None),
        };
        process.start_again()?;
        Ok(process)
    }

    /// Starts it, where it does not run.
    pub(crate) fn start_again(&self) -> Result<(), Error> {
        let mut child = self.child();
        if let Some(running) = child.as_mut()
            && running
                .try_wait()
                .map_err(Error::io(format!("look at {}", self.name)))?
                .is_none()
        {
            return Ok(());
        }
        let log = File::options()
            .create(true)
            .append(true)
            .open(&self.log)
            .map_err(Error::io(format!("open {}", self.log.display())))?;
        let errors = log
            .try_clone()
            .map_err(Error::io(format!("open {}", self.log.display())))?;
        let mut command = Command::new(&self.program);
        command
            .args(&self.flags)
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(errors);
        *child = Some(
            spawner::spawn(command)
                .map_err(Error::io(format!("start {}", self.program.display())))?,
        );
        Ok(())
    }

    /// Ends it at once, paused or not, and waits until it is gone.
    pub(crate) fn kill(&self) -> Result<(), Error> {
        if let Some(mut running) = self.child().take() {
            running
                .kill()
                .and_then(|()| running.wait())
                .map_err(Error::io(format!("kill {}", self.name)))?;
        }
        Ok(())
    }

    /// Stops it where it runs, and returns once none of its threads goes on.
    pub(crate) fn pause(&self) -> Result<(), Error> {
        self.signal("pause", libc::SIGSTOP, |pid| {
            let mut info = MaybeUninit::<libc::siginfo_t>::zeroed();
            let event = libc::WSTOPPED | libc::WEXITED | libc::WNOWAIT;
            // SAFETY: `info` is writable memory of the type that waitid fills. WNOWAIT leaves the
            // process to be reaped by `Child`.
            unsafe { libc::waitid(libc::P_PID, pid, info.as_mut_ptr(), event) }
        })
    }

    /// Lets it go on, where it runs.
    pub(crate) fn resume(&self) -> Result<(), Error> {
        self.signal("resume", libc::SIGCONT, |_| 0)
    }

    /// Sends a signal and does what follows; nothing where it does not run.
    /// `then` gets the process's id and returns what a system call does.
    fn signal(
        &self,
        action: &str,
        signal: libc::c_int,
        then: impl FnOnce(libc::id_t) -> libc::c_int,
    ) -> Result<(), Error> {
        let child = self.child();
        let Some(pid) = child.as_ref().map(Child::id) else {
            return Ok(());
        };
        // SAFETY: kill takes no pointer. The process is not reaped, since `child` is locked, so
        // that its id is no other process's. Ids are positive (pid_t).
        let sent = unsafe { libc::kill(pid.cast_signed(), signal) };
        if sent == 0 && then(pid) == 0 {
            return Ok(());
        }
        Err(Error::Io {
            action: format!("{action} {}", self.name),
            source: io::Error::last_os_error(),
        })
    }

    /// # Errors
    ///
    /// [`Error::Ended`] where it ended without being killed.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let mut child = self.child();
        let Some(running) = child.as_mut() else {
            return Ok(());
        };
        match running.try_wait() {
            Ok(None) => Ok(()),
            Ok(Some(_)) => Err(Error::Ended {
                program: self.name,
                log: self.last_lines(),
            }),
            Err(source) => Err(Error::Io {
                action: format!("look at {}", self.name),
                source,
            }),
        }
    }

    pub(crate) fn pid(&self) -> Option<u32> {
        self.child().as_ref().map(Child::id)
    }

    pub(crate) fn log(&self) -> &Path {
        &self.log
    }

    /// The end of its log.
    pub(crate) fn last_lines(&self) -> String {
        let log = fs::read(&self.log).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<_> = log.lines().collect();
        lines[lines.len().saturating_sub(12)..].join("\n")
    }

    fn child(&self) -> MutexGuard<'_, Option<Child>> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Err(error) = self.kill() {
            eprintln!("{error}");
        }
    }
}
