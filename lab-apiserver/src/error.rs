//! What keeps a control plane from starting or answering.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// Why a control plane does not do what it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A program is missing.
    #[error(
        "no {program} in {}; run `make setup`, or let KUBEBUILDER_ASSETS name a folder with etcd, \
         kube-apiserver and kubectl",
        folder.display()
    )]
    MissingBinary {
        /// The program.
        program: &'static str,
        /// Where it should be.
        folder: PathBuf,
    },
    /// The script that knows where the programs are does not say it.
    #[error("tools/go-tools.sh does not say where the programs are: {reason}")]
    UnknownFolder {
        /// What it said.
        reason: String,
    },
    /// The file system or a process refused.
    #[error("cannot {action}")]
    Io {
        /// What was tried.
        action: String,
        /// Why not.
        source: io::Error,
    },
    /// Keys or certificates could not be made.
    #[error("cannot make keys and certificates")]
    Credentials(#[from] rcgen::Error),
    /// A program ended by itself.
    #[error("{program} ended; the end of its log:\n{log}")]
    Ended {
        /// The program.
        program: &'static str,
        /// Its last lines.
        log: String,
    },
    /// No answer in time.
    #[error("not ready in {bound:?}: {last}; the end of kube-apiserver's log:\n{log}")]
    NotReady {
        /// How long it was waited for.
        bound: Duration,
        /// What the last try brought.
        last: String,
        /// The last lines of kube-apiserver's log.
        log: String,
    },
    /// No free port was found.
    #[error("no free port from {first} to {last}")]
    NoPort {
        /// First port that was tried.
        first: u16,
        /// Last port that was tried.
        last: u16,
    },
    /// The API server's answer.
    #[error("the API server refused to {action}")]
    Api {
        /// What was tried.
        action: String,
        /// Its answer.
        source: Box<kube::Error>,
    },
    /// A CustomResourceDefinition did not become usable.
    #[error("{name} is not established after {bound:?}")]
    NotEstablished {
        /// Name of the definition.
        name: String,
        /// How long it was waited for.
        bound: Duration,
    },
    /// A client's configuration is not usable.
    #[error("cannot make a client: {reason}")]
    Client {
        /// Why.
        reason: String,
    },
}

impl Error {
    /// For `map_err`: an I/O error with what was tried.
    pub(crate) fn io(action: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let action = action.into();
        move |source| Self::Io { action, source }
    }

    /// For `map_err`: the API server's answer with what was tried.
    pub(crate) fn api(action: impl Into<String>) -> impl FnOnce(kube::Error) -> Self {
        let action = action.into();
        move |source| Self::Api {
            action,
            source: Box::new(source),
        }
    }
}
