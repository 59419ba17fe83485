//! A `lab-node` that runs somewhere else, spoken to over its standard input and
//! output.

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use crate::error::{LabError, Result, Tried};
use crate::protocol::{Answer, Request};
use crate::wait::wait_until;

/// How long an answer may take: longer than anything that can be asked for.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long it may take to end.
const END: Duration = Duration::from_secs(5);

/// A running `lab-node`. Dropped, it ends, and all that it made is gone.
#[derive(Debug)]
pub struct Remote {
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<io::Result<String>>,
}

impl Remote {
    /// Starts a command that runs a `lab-node` with the command's standard input
    /// and output.
    ///
    /// # Errors
    /// It does not start.
    pub fn start(mut command: Command) -> Result<Self> {
        let starting = || "starting a lab-node".to_owned();
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .tried(starting)?;
        let piped = || io::Error::other("no pipe");
        let input = child.stdin.take();
        let output = child.stdout.take().ok_or_else(piped).tried(starting)?;
        let (sender, lines) = channel();
        thread::Builder::new()
            .name("lab-remote".to_owned())
            .spawn(move || {
                let mut lines = BufReader::new(output).lines();
                // Ends with the program, or with whom it answers.
                lines.try_for_each(|line| sender.send(line))
            })
            .tried(starting)?;
        Ok(Self {
            child,
            input,
            lines,
        })
    }

    /// Asks and waits for the answer.
    ///
    /// # Errors
    /// [`LabError::Remote`] with what went wrong there; it has ended; or it does
    /// not answer in time.
    pub fn ask(&mut self, request: &Request) -> Result<Answer> {
        let asking = || "asking a lab-node".to_owned();
        let mut line = serde_json::to_string(request)
            .map_err(io::Error::from)
            .tried(asking)?;
        line.push('\n');
        let ended = || io::Error::from(io::ErrorKind::BrokenPipe);
        let input = self.input.as_mut().ok_or_else(ended).tried(asking)?;
        input.write_all(line.as_bytes()).tried(asking)?;
        let answer = match self.lines.recv_timeout(PATIENCE) {
            Ok(line) => line.tried(asking)?,
            Err(RecvTimeoutError::Disconnected) => return Err(ended()).tried(asking),
            Err(RecvTimeoutError::Timeout) => {
                return Err(LabError::TimedOut {
                    what: "the answer of a lab-node".to_owned(),
                    seconds: PATIENCE.as_secs_f32(),
                });
            }
        };
        match serde_json::from_str(&answer) {
            Ok(Answer::Failed(why)) => Err(LabError::Remote(why)),
            Ok(answer) => Ok(answer),
            Err(_) => Err(LabError::Remote(format!("no answer: {answer}"))),
        }
    }
}

impl Drop for Remote {
    fn drop(&mut self) {
        self.input = None;
        let ended = wait_until("the end of a lab-node", END, || {
            let status = self.child.try_wait().tried(|| "waiting".to_owned())?;
            Ok::<_, LabError>(status.is_some())
        });
        if ended.is_err() {
            // What does not end by itself is made to; it may have ended just now.
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}
