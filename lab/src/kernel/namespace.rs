//! Network namespaces without a name.
//!
//! A namespace lives as long as something refers to it: a file descriptor, a
//! socket, a process. None is mounted anywhere, so the kernel removes it, its
//! interfaces and its addresses when the process that made it is gone, however
//! that came about.

use std::fs::{self, File};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::Arc;

use super::mounts::MountNamespace;
use super::syscall::check;
use crate::error::{Result, Tried};

/// Sysctls of every namespace of a lab: addresses are usable at once (no
/// duplicate address detection), no router solicitations, ping sockets for
/// everyone.
const SYSCTLS: [(&str, &str); 6] = [
    ("net/ipv6/conf/all/accept_dad", "0"),
    ("net/ipv6/conf/default/accept_dad", "0"),
    ("net/ipv6/conf/default/router_solicitations", "0"),
    ("net/ipv6/conf/default/accept_ra", "0"),
    ("net/ipv4/ping_group_range", "0 2147483647"),
    ("net/ipv4/conf/default/rp_filter", "0"),
];

/// A network namespace, kept by file descriptor. Clones are the same namespace.
#[derive(Clone, Debug)]
pub struct Namespace {
    net: Arc<OwnedFd>,
    mounts: Option<MountNamespace>,
}

impl Namespace {
    /// Makes a namespace with nothing in it but a loopback interface, down.
    ///
    /// # Errors
    /// Without `CAP_SYS_ADMIN`, or where the kernel has no namespaces.
    pub fn new() -> Result<Self> {
        let net = on_thread(|| {
            // SAFETY: takes no pointer; changes the namespace of this thread only, which ends.
            check(unsafe { libc::unshare(libc::CLONE_NEWNET) })?;
            for (name, value) in SYSCTLS {
                fs::write(format!("/proc/sys/{name}"), value)?;
            }
            Ok(OwnedFd::from(File::open("/proc/thread-self/ns/net")?))
        })
        .tried(|| "making a network namespace".to_owned())?;
        Ok(Self {
            net: Arc::new(net),
            mounts: None,
        })
    }

    /// The one that the calling thread is in.
    ///
    /// # Errors
    /// Without a /proc.
    pub fn current() -> Result<Self> {
        let net = File::open("/proc/thread-self/ns/net")
            .tried(|| "opening the present network namespace".to_owned())?;
        Ok(Self {
            net: Arc::new(net.into()),
            mounts: None,
        })
    }

    /// The same namespace, its commands also entering `mounts`.
    #[must_use]
    pub fn with_mounts(mut self, mounts: MountNamespace) -> Self {
        self.mounts = Some(mounts);
        self
    }

    /// The mount namespace that commands enter, where there is one.
    #[must_use]
    pub fn mounts(&self) -> Option<&MountNamespace> {
        self.mounts.as_ref()
    }

    /// Runs `f` on a thread of its own inside the namespace. Sockets that it
    /// makes stay in the namespace and are usable from everywhere.
    ///
    /// # Errors
    /// When the namespace cannot be entered. A panic of `f` is passed on.
    pub fn run<T: Send>(&self, f: impl FnOnce() -> T + Send) -> Result<T> {
        on_thread(|| enter(self.net.as_raw_fd()).map(|()| f()))
            .tried(|| "entering a network namespace".to_owned())
    }

    /// As [`Self::run`], for what can itself fail in a system call.
    ///
    /// # Errors
    /// As [`Self::run`], and what `f` answers, under the name `what`.
    pub fn attempt<T: Send>(
        &self,
        what: &str,
        f: impl FnOnce() -> io::Result<T> + Send,
    ) -> Result<T> {
        self.run(f)?.tried(|| what.to_owned())
    }

    /// A command whose process runs in the namespace (and in the namespace's
    /// mounts, where it has any).
    ///
    /// The process is killed when the *thread* that spawned it ends
    /// (`PR_SET_PDEATHSIG`), so that nothing outlives a lab.
    #[must_use]
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        let this = self.clone();
        let parent = std::process::id();
        // SAFETY: between fork and exec `enter_as_child` makes system calls only; it allocates
        // nothing and takes no lock.
        unsafe { command.pre_exec(move || this.enter_as_child(parent)) };
        command
    }

    fn enter_as_child(&self, parent: u32) -> io::Result<()> {
        // SAFETY: PR_SET_PDEATHSIG takes a signal number and no pointer.
        check(unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) })?;
        // SAFETY: takes nothing and cannot fail.
        if u32::try_from(unsafe { libc::getppid() }) != Ok(parent) {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        enter(self.net.as_raw_fd())?;
        self.mounts.as_ref().map_or(Ok(()), MountNamespace::enter)
    }

    /// The descriptor, for netlink attributes. Valid while `self` is.
    pub(crate) fn fd(&self) -> RawFd {
        self.net.as_raw_fd()
    }
}

/// Moves the calling thread (or freshly forked process) into a namespace.
fn enter(net: RawFd) -> io::Result<()> {
    // SAFETY: takes no pointer; `net` is open, or the call fails.
    check(unsafe { libc::setns(net, libc::CLONE_NEWNET) }).map(drop)
}

/// Runs `f` on a thread that ends with it, passing on its panic.
pub(super) fn on_thread<T: Send>(f: impl FnOnce() -> io::Result<T> + Send) -> io::Result<T> {
    std::thread::scope(|scope| {
        let worker = std::thread::Builder::new().name("netns".to_owned());
        match worker.spawn_scoped(scope, f)?.join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}
