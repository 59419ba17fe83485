//! The operator's binary, run by a test.

use std::fs::File;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;

/// A running operator. Dropped, it is gone.
pub(crate) struct Operator {
    child: Child,
    log: PathBuf,
    port: u16,
    _folder: TempDir,
}

impl Operator {
    /// Starts one that keeps its Lease for some seconds, and fills slices to four
    /// members.
    pub(crate) fn start(kubeconfig: &Path, identity: &str, lease_seconds: u16) -> Result<Self> {
        Self::start_with(kubeconfig, identity, lease_seconds, [])
    }

    /// The same with more environment.
    pub(crate) fn start_with<const N: usize>(
        kubeconfig: &Path,
        identity: &str,
        lease_seconds: u16,
        environment: [(&str, PathBuf); N],
    ) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let log = folder.path().join("log");
        let port = free_port()?;
        let mut command = Command::new(env!("CARGO_BIN_EXE_isthmus-operator"));
        command
            .args([
                "run",
                "--slice-members",
                "4",
                "--lease-namespace",
                "default",
            ])
            .arg("--kubeconfig")
            .arg(kubeconfig)
            .args(["--identity", identity])
            .args(["--metrics-addr", &format!("127.0.0.1:{port}")])
            .args(["--lease-seconds", &lease_seconds.to_string()])
            .env("RUST_LOG", "info,isthmus_operator=debug")
            .envs(environment)
            .stderr(File::create(&log)?);
        let parent = std::process::id();
        // SAFETY: between fork and exec only prctl(2) and getppid(2) are called,
        // which are async-signal-safe and touch no memory.
        unsafe {
            command.pre_exec(move || {
                if libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) != 0
                    || libc::getppid().cast_unsigned() != parent
                {
                    return Err(std::io::Error::last_os_error());
                }
                Ok(())
            });
        }
        let child = command.spawn().context("cannot start the operator")?;
        Ok(Self {
            child,
            log,
            port,
            _folder: folder,
        })
    }

    pub(crate) fn signal(&self, signal: i32) -> Result<()> {
        let pid = i32::try_from(self.child.id())?;
        // SAFETY: kill(2) touches no memory; the child was not waited for yet, so
        // that the id is still its own.
        ensure!(unsafe { libc::kill(pid, signal) } == 0, "cannot signal");
        Ok(())
    }

    /// Kills it (SIGKILL); returns once it is gone.
    pub(crate) fn kill(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Whether it ended, and well.
    pub(crate) fn ended(&mut self) -> Result<Option<bool>> {
        Ok(self.child.try_wait()?.map(|status| status.success()))
    }

    /// Processor time that it has used.
    pub(crate) fn processor_time(&self) -> Result<Duration> {
        let text = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        // User and system time in hundredths of a second: proc_pid_stat(5).
        let fields = text.rsplit_once(") ").context("fields")?.1;
        let ticks = fields.split(' ').skip(11).take(2).map(str::parse::<u64>);
        let ticks: u64 = ticks.sum::<Result<_, _>>()?;
        Ok(Duration::from_millis(10 * ticks))
    }

    /// What it has logged.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// The body of an HTTP answer of its own server, and its code.
    pub(crate) fn get(&self, path: &str) -> Result<(u16, String)> {
        use std::io::{Read as _, Write as _};
        let mut stream = std::net::TcpStream::connect(("127.0.0.1", self.port))?;
        write!(stream, "GET {path} HTTP/1.0\r\n\r\n")?;
        let mut text = String::new();
        stream.read_to_string(&mut text)?;
        let code = text.split(' ').nth(1).context("a code")?.parse()?;
        let body = text.split_once("\r\n\r\n").context("a body")?.1;
        Ok((code, body.to_owned()))
    }

    /// The value of a metric without labels, or with these.
    pub(crate) fn metric(&self, name: &str) -> Result<f64> {
        let (_, text) = self.get("/metrics")?;
        let mut lines = text.lines();
        let value = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        Ok(value
            .with_context(|| format!("no {name} in\n{text}"))?
            .parse()?)
    }
}

impl Drop for Operator {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("--- log of the operator\n{}", self.log());
        }
    }
}

fn free_port() -> Result<u16> {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0))?;
    Ok(listener.local_addr()?.port())
}
