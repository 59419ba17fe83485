//! A hypervisor with members and traffic on a machine of which only standard
//! input and output can be reached, such as a cluster's node.
//!
//! Reads [`isthmus_lab::protocol::Request`]s, one JSON document a line, and
//! answers each with one line. It ends with its standard input, and everything
//! that it made is gone with it, however it ends.

mod session;

use std::io::{self, BufRead as _, Write as _};

use anyhow::{Context as _, Result};
use isthmus_lab::protocol::Answer;

use session::Session;

fn main() -> Result<()> {
    let mut session = Session::default();
    let mut output = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        let line = line.context("reading a request")?;
        let answer = match serde_json::from_str(&line) {
            Ok(request) => session
                .answer(request)
                .unwrap_or_else(|error| Answer::Failed(format!("{error:#}"))),
            Err(error) => Answer::Failed(format!("not a request: {error}")),
        };
        let mut answer = serde_json::to_string(&answer)?;
        answer.push('\n');
        output.write_all(answer.as_bytes())?;
        output.flush()?;
    }
    Ok(())
}
