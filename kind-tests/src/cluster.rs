//! A cluster, wherever it comes from.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs, io};

use serde::{Deserialize, Serialize};

use crate::Kubectl;

/// Variable that names the file.
const VARIABLE: &str = "ISTHMUS_CLUSTER";

/// A cluster as a file says how to reach it, in JSON:
///
/// ```
/// let file = r#"{
///   "kubeconfig": "/home/me/.kube/config",
///   "loadImage": ["kind", "load", "image-archive", "--name", "mine", "{archive}"],
///   "runOnNode": ["docker", "exec", "-i", "{node}"],
///   "restartNode": ["docker", "restart", "{node}"]
/// }"#;
/// let cluster: isthmus_kind_tests::Cluster = serde_json::from_str(file)?;
/// let command = cluster.on_node("mine-worker", ["ip", "link"]);
/// assert_eq!(format!("{command:?}"), r#""docker" "exec" "-i" "mine-worker" "ip" "link""#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Cluster {
    /// File of an administrator's credentials.
    pub kubeconfig: PathBuf,
    /// Command that loads an image archive on every node; `{archive}` stands for
    /// its path.
    pub load_image: Vec<String>,
    /// Command that runs a program on a node, with standard input and output;
    /// `{node}` stands for the node, the program and its arguments follow.
    pub run_on_node: Vec<String>,
    /// Command that boots a node anew, and ends when it may be booting yet; `{node}`
    /// stands for the node. Tests that need it say so where it is missing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub restart_node: Vec<String>,
}

/// Why a cluster cannot be had, or does not do what it is asked for.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// Nothing names a cluster.
    #[error("{VARIABLE} names no file; `make kind-up` makes a cluster and says its name")]
    NoCluster,
    /// The file cannot be read.
    #[error("{VARIABLE}: {}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// The file is something else.
    #[error("{VARIABLE}: {}", file.display())]
    NotACluster {
        /// The file.
        file: PathBuf,
        /// Where and why.
        source: serde_json::Error,
    },
    /// Nothing says how to boot a node anew.
    #[error("the cluster's file has no restartNode; see docs/testing.md")]
    NoRestart,
    /// A command that does not start.
    #[error("run {program}")]
    Start {
        /// The command's program.
        program: String,
        /// The system's answer.
        source: io::Error,
    },
    /// A command that failed.
    #[error("{command}: {said}")]
    Failed {
        /// The command, with its arguments.
        command: String,
        /// What it said on standard error.
        said: String,
    },
}

impl Cluster {
    /// The one that `ISTHMUS_CLUSTER` names.
    ///
    /// # Errors
    ///
    /// It names none, or the file is not one of a cluster.
    pub fn of_environment() -> Result<Self, ClusterError> {
        match env::var_os(VARIABLE) {
            Some(file) if !file.is_empty() => Self::read(Path::new(&file)),
            _ => Err(ClusterError::NoCluster),
        }
    }

    /// The one that this file describes.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or is not one of a cluster.
    pub fn read(file: &Path) -> Result<Self, ClusterError> {
        let text = fs::read(file).map_err(|source| ClusterError::Unreadable {
            file: file.to_owned(),
            source,
        })?;
        serde_json::from_slice(&text).map_err(|source| ClusterError::NotACluster {
            file: file.to_owned(),
            source,
        })
    }

    /// kubectl as the administrator.
    ///
    /// # Errors
    ///
    /// kubectl is not built.
    pub fn kubectl(&self) -> anyhow::Result<Kubectl> {
        Kubectl::of(&self.kubeconfig)
    }

    /// A command that runs a program on a node.
    pub fn on_node<S: AsRef<str>>(
        &self,
        node: &str,
        program: impl IntoIterator<Item = S>,
    ) -> Command {
        let mut command = filled(&self.run_on_node, "{node}", node);
        for argument in program {
            command.arg(argument.as_ref());
        }
        command
    }

    /// Runs a program on a node; what it printed.
    ///
    /// # Errors
    ///
    /// It failed; what it said.
    pub fn run_on_node<S: AsRef<str>>(
        &self,
        node: &str,
        program: impl IntoIterator<Item = S>,
    ) -> Result<String, ClusterError> {
        output(self.on_node(node, program))
    }

    /// Boots a node anew: nothing of what its kernel held is left.
    ///
    /// # Errors
    ///
    /// The file does not say how, or the command failed; what it said.
    pub fn restart_node(&self, node: &str) -> Result<(), ClusterError> {
        if self.restart_node.is_empty() {
            return Err(ClusterError::NoRestart);
        }
        output(filled(&self.restart_node, "{node}", node)).map(drop)
    }

    /// Loads an image archive on every node.
    ///
    /// # Errors
    ///
    /// The command failed; what it said.
    pub fn load_image(&self, archive: &Path) -> Result<(), ClusterError> {
        let archive = archive.to_string_lossy();
        output(filled(&self.load_image, "{archive}", &archive)).map(drop)
    }
}

fn filled(words: &[String], place: &str, value: &str) -> Command {
    let mut words = words.iter().map(|word| word.replace(place, value));
    let mut command = Command::new(words.next().unwrap_or_default());
    command.args(words);
    command
}

/// Runs a command without standard input; what it printed.
pub(crate) fn output(mut command: Command) -> Result<String, ClusterError> {
    let output = command.stdin(Stdio::null()).output();
    let output = output.map_err(|source| ClusterError::Start {
        program: command.get_program().to_string_lossy().into_owned(),
        source,
    })?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(ClusterError::Failed {
        command: format!("{command:?}"),
        said: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_cluster_is_named_by_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("cluster.json");
        let error = Cluster::read(&file).unwrap_err();
        assert!(matches!(error, ClusterError::Unreadable { .. }), "{error}");
        fs::write(&file, r#"{"kubeconfig": "k", "loadImage": []}"#).unwrap();
        let error = Cluster::read(&file).unwrap_err();
        assert!(error.to_string().ends_with("cluster.json"), "{error}");
    }

    #[test]
    fn a_program_that_fails_says_why() {
        let cluster = Cluster {
            kubeconfig: PathBuf::new(),
            load_image: ["sh", "-c", "test -e {archive}"]
                .map(str::to_owned)
                .to_vec(),
            run_on_node: ["sh", "-c", "echo {node} $0 && echo no >&2 && exit $1"]
                .map(str::to_owned)
                .to_vec(),
            restart_node: Vec::new(),
        };
        let error = cluster.restart_node("one").unwrap_err();
        assert!(matches!(error, ClusterError::NoRestart), "{error}");
        assert_eq!(
            cluster.run_on_node("one", ["two", "0"]).unwrap(),
            "one two\n"
        );
        let error = cluster.run_on_node("one", ["two", "1"]).unwrap_err();
        assert!(error.to_string().ends_with(": no"), "{error}");
        assert!(cluster.load_image(Path::new("/")).is_ok());
        assert!(cluster.load_image(Path::new("/nothing/here")).is_err());
    }
}
