//! Runs programs that end with whoever waits for them.

use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use tokio::io::{AsyncBufReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, Command};

/// How long a program may take to end when it is asked to.
const GRACE: Duration = Duration::from_secs(10);

/// A program and what it starts: one process group, which is ended when this is
/// dropped before the program has ended, as when a signal interrupts us.
struct Group {
    child: Child,
    id: Option<libc::pid_t>,
}

impl Group {
    fn start(command: &mut Command) -> Result<Self> {
        let child = command
            .process_group(0)
            .spawn()
            .with_context(|| format!("run {}", title(command)))?;
        let id = child.id().map(u32::cast_signed);
        Ok(Self { child, id })
    }

    fn signal(&self, signal: libc::c_int) {
        if let Some(id) = self.id {
            // SAFETY: killpg takes no pointer. The group's leader is not reaped while `id` is
            // here, so that the number is no other group's.
            unsafe { libc::killpg(id, signal) };
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if !matches!(self.child.try_wait(), Ok(None)) {
            return;
        }
        self.signal(libc::SIGTERM);
        let until = Instant::now() + GRACE;
        while matches!(self.child.try_wait(), Ok(None)) {
            if Instant::now() > until {
                self.signal(libc::SIGKILL);
                break;
            }
            thread::park_timeout(Duration::from_millis(20));
        }
    }
}

fn title(command: &Command) -> String {
    format!("{:?}", command.as_std())
}

/// Runs a program; what it printed.
///
/// # Errors
///
/// It failed; what it said.
pub(crate) async fn run(command: Command) -> Result<String> {
    feed(command, "").await
}

/// Runs a program with this on its standard input; what it printed.
///
/// # Errors
///
/// It failed; what it said.
pub(crate) async fn feed(mut command: Command, input: &str) -> Result<String> {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut group = Group::start(&mut command)?;
    let stdin = group.child.stdin.take();
    let (stdout, stderr) = (group.child.stdout.take(), group.child.stderr.take());
    let write = async move {
        if let Some(mut stdin) = stdin {
            // It may end before it has read everything.
            let _written = stdin.write_all(input.as_bytes()).await;
        }
    };
    let read = async {
        let stdout = stdout.context("standard output")?;
        let stderr = stderr.context("standard error")?;
        tokio::try_join!(text(stdout), text(stderr))
    };
    let ((), read) = tokio::join!(write, read);
    let (printed, said) = read?;
    let status = group.child.wait().await?;
    if !status.success() {
        bail!("{}: {status}: {}", title(&command), said.trim());
    }
    Ok(printed)
}

/// Runs a program that says on our standard error what it does.
///
/// # Errors
///
/// It failed.
pub(crate) async fn show(mut command: Command) -> Result<()> {
    command.stdin(Stdio::null()).stdout(std::io::stderr());
    let mut group = Group::start(&mut command)?;
    let status = group.child.wait().await?;
    if !status.success() {
        bail!("{}: {status}", title(&command));
    }
    Ok(())
}

/// Runs a program, prints what it prints and writes it to `copy`, too; whether it
/// succeeded.
///
/// # Errors
///
/// It does not start.
pub(crate) async fn tee(
    mut command: Command,
    copy: &mut (impl AsyncWrite + Unpin),
) -> Result<bool> {
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    let mut group = Group::start(&mut command)?;
    let stdout = group.child.stdout.take().context("standard output")?;
    let mut lines = BufReader::new(stdout).lines();
    while let Some(line) = lines.next_line().await? {
        println!("{line}");
        copy.write_all(format!("{line}\n").as_bytes()).await?;
    }
    copy.flush().await?;
    Ok(group.child.wait().await?.success())
}

async fn text(mut from: impl tokio::io::AsyncRead + Unpin) -> Result<String> {
    let mut bytes = Vec::new();
    tokio::io::AsyncReadExt::read_to_end(&mut from, &mut bytes).await?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[tokio::test]
    async fn what_a_program_says_is_told_when_it_fails() {
        assert_eq!(feed(shell("cat"), "word").await.unwrap(), "word");
        let error = run(shell("echo no >&2; exit 3")).await.unwrap_err();
        assert!(error.to_string().ends_with(": no"), "{error}");
    }

    #[tokio::test]
    async fn whoever_stops_waiting_ends_the_program_and_what_it_started() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pid");
        let script = format!("sleep 60 & echo $! >{}; wait", file.display());
        let waited = tokio::time::timeout(Duration::from_secs(30), async {
            let started = async {
                while !std::fs::read_to_string(&file).is_ok_and(|pid| pid.ends_with('\n')) {
                    tokio::task::yield_now().await;
                }
            };
            tokio::select! {
                ended = run(shell(&script)) => panic!("{ended:?}"),
                () = started => {}
            }
        });
        waited.await.unwrap();
        let pid = std::fs::read_to_string(&file).unwrap();
        let status = format!("/proc/{}/stat", pid.trim());
        // Nobody may have reaped it yet.
        isthmus_lab::wait_until::<isthmus_lab::LabError>("its end", GRACE, || {
            let stat = std::fs::read_to_string(&status).unwrap_or_default();
            Ok(stat.is_empty() || stat.contains(") Z "))
        })
        .unwrap();
    }
}
