//! Scripts that complete the command line in shells.

use std::io::{self, Write};

use clap::CommandFactory as _;
use clap_complete::{Shell, generate};

use crate::arguments::Cli;

/// Name of the binary, as kubectl finds it.
const BINARY: &str = "kubectl-isthmus";

/// Writes the script for a shell.
///
/// # Errors
///
/// The output's.
pub fn script(shell: Shell, out: &mut impl Write) -> io::Result<()> {
    let mut script = Vec::new();
    if shell == Shell::Bash {
        // clap_complete's script for bash loses its way in subcommands of a
        // binary with a hyphen in its name
        // (https://github.com/clap-rs/clap/issues/6421): it is made for one
        // without, and bound to ours.
        let stand_in = BINARY.replace('-', "_");
        generate(shell, &mut Cli::command(), &stand_in, &mut script);
        let text = String::from_utf8_lossy(&script);
        let bound = text.replace(&format!(" {stand_in}\n"), &format!(" {BINARY}\n"));
        return out.write_all(bound.as_bytes());
    }
    generate(shell, &mut Cli::command(), BINARY, &mut script);
    out.write_all(&script)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_script_is_bound_to_the_binary() {
        for (shell, line) in [
            (Shell::Bash, "-o default kubectl-isthmus\n"),
            (Shell::Zsh, "#compdef kubectl-isthmus\n"),
            (Shell::Fish, "complete -c kubectl-isthmus "),
        ] {
            let mut script = Vec::new();
            super::script(shell, &mut script).unwrap();
            let script = String::from_utf8(script).unwrap();
            assert!(script.contains(line), "{shell}: no {line:?} in {script}");
        }
    }
}
