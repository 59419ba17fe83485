//! Starts processes that die with this one.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};
use std::sync::mpsc::{Sender, channel};
use std::sync::{LazyLock, Mutex};
use std::thread;

/// A command, and where its process goes.
type Request = (Command, Sender<io::Result<Child>>);

/// The kernel sends PR_SET_PDEATHSIG's signal when the *thread* that started a
/// process ends (PR_SET_PDEATHSIG(2const)), and a test's thread ends with the
/// test. This one lives as long as the process.
static REQUESTS: LazyLock<Mutex<Sender<Request>>> = LazyLock::new(|| {
    let (requests, inbox) = channel::<Request>();
    thread::spawn(move || {
        for (mut command, answer) in inbox {
            // Whoever asked may be gone; the process then is dropped unreaped, and killed at the end.
            let _ = answer.send(command.spawn());
        }
    });
    Mutex::new(requests)
});

/// Starts a process that the kernel kills when this one dies, however it dies.
pub(crate) fn spawn(mut command: Command) -> io::Result<Child> {
    // SAFETY: the closure runs between fork and exec, where only async-signal-safe functions may
    // be called: prctl is a bare system call, and nothing is allocated.
    unsafe {
        command.pre_exec(
            || match libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) {
                0 => Ok(()),
                _ => Err(io::Error::last_os_error()),
            },
        );
    }
    let (answer, process) = channel();
    let gone = || io::Error::other("the thread that starts processes is gone");
    REQUESTS
        .lock()
        .map_err(|_| gone())?
        .send((command, answer))
        .map_err(|_| gone())?;
    process.recv().map_err(|_| gone())?
}
