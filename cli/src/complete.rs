//! What may follow on the command line, for kubectl, which asks plugins by
//! `kubectl_complete-NAME` and wants cobra's answer: a word a line, then a
//! directive (<https://pkg.go.dev/github.com/spf13/cobra#ShellCompDirective>).
//! Pure.

use clap::{Arg, ArgAction, Command, Parser as _};

use crate::arguments::{Cli, ConnectionArgs};

/// What may follow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Suggestions {
    /// Words that may.
    pub words: Vec<String>,
    /// Whether the name of a file may.
    pub wants_files: bool,
    /// Whether the name of a peering may.
    pub wants_peerings: bool,
}

impl Suggestions {
    /// Cobra's directive: names of files too (0), or the words alone (4).
    #[must_use]
    pub const fn directive(&self) -> u8 {
        if self.wants_files { 0 } else { 4 }
    }
}

/// What may follow `before` and begins with `last`.
#[must_use]
pub fn suggest(root: &Command, before: &[String], last: &str) -> Suggestions {
    let mut command = root;
    let mut positional = 0;
    let mut pending: Option<&Arg> = None;
    for word in before {
        if pending.take().is_some() {
            continue;
        }
        if let Some(option) = option(root, command, word) {
            pending = Some(option).filter(|option| takes_value(option));
        } else if let Some(next) = command.find_subcommand(word) {
            command = next;
        } else if !word.starts_with('-') {
            positional += 1;
        }
    }
    let mut found = Suggestions::default();
    if let Some(option) = pending {
        found.values(option);
    } else if last.starts_with('-') {
        let options = command.get_arguments().chain(root.get_arguments());
        let longs = options.filter_map(Arg::get_long);
        found.words.extend(longs.map(|long| format!("--{long}")));
    } else {
        let subcommands = command.get_subcommands();
        found
            .words
            .extend(subcommands.map(|it| it.get_name().to_owned()));
        if let Some(argument) = command.get_positionals().nth(positional) {
            found.values(argument);
        }
    }
    found.words.retain(|word| word.starts_with(last));
    found.words.dedup();
    found
}

/// The access to a cluster that the words before speak of.
#[must_use]
pub fn connection(before: &[String]) -> Option<ConnectionArgs> {
    let words = before.iter().map(String::as_str);
    // A word in the place of the one that is not there yet.
    let words = ["kubectl-isthmus"].into_iter().chain(words).chain(["x"]);
    Some(Cli::try_parse_from(words).ok()?.connection)
}

impl Suggestions {
    fn values(&mut self, argument: &Arg) {
        let values = argument.get_possible_values();
        self.words
            .extend(values.iter().map(|value| value.get_name().to_owned()));
        self.wants_files |= argument.get_value_hint() == clap::ValueHint::AnyPath;
        self.wants_peerings |= argument.get_id() == "peering";
    }
}

/// The option that a word is, of a command or of all.
fn option<'a>(root: &'a Command, command: &'a Command, word: &str) -> Option<&'a Arg> {
    let mut options = command.get_arguments().chain(root.get_arguments());
    options.find(|option| {
        let long = option
            .get_long()
            .is_some_and(|long| word.strip_prefix("--") == Some(long));
        let short = option
            .get_short()
            .is_some_and(|short| *word == format!("-{short}"));
        long || short
    })
}

fn takes_value(option: &Arg) -> bool {
    matches!(option.get_action(), ArgAction::Set | ArgAction::Append)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    fn suggested(line: &str) -> Suggestions {
        let mut words: Vec<_> = line.split(' ').map(str::to_owned).collect();
        let last = words.pop().unwrap_or_default();
        suggest(&Cli::command(), &words, &last)
    }

    #[test]
    fn commands_kinds_and_options_are_suggested() {
        assert_eq!(
            suggested("").words,
            ["get", "status", "check", "completion"]
        );
        assert_eq!(suggested("get p").words, ["peerings"]);
        assert_eq!(suggested("-n team-a get m").words, ["members"]);
        assert_eq!(suggested("get -o ").words, ["wide", "json", "yaml"]);
        assert_eq!(suggested("check --against").words, ["--against-cluster"]);
        assert_eq!(suggested("get vpcs ").words, [""; 0]);
    }

    #[test]
    fn files_and_peerings_are_asked_for_where_they_belong() {
        let check = suggested("check -f ");
        assert!(check.wants_files && check.directive() == 0);
        assert!(suggested("status bl").wants_peerings);
        assert!(!suggested("status blue-green ").wants_peerings);
        let before = ["status", "-n", "team-a"].map(str::to_owned);
        let connection = connection(&before).unwrap();
        assert_eq!(connection.namespace.as_deref(), Some("team-a"));
    }
}
