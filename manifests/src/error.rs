//! What is wrong with a manifest, in the words of whoever wrote it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A place in the folder: a file, and a document of it where one is meant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Path of the file, as the folder was given.
    pub file: Arc<Path>,
    /// Number of the document in the file, from 1.
    pub document: Option<usize>,
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.file.display())?;
        match self.document {
            Some(document) => write!(out, ", document {document}"),
            None => Ok(()),
        }
    }
}

/// A file or a document that could not be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {problem}")]
pub struct ManifestError {
    /// Where.
    pub place: Place,
    /// What.
    pub problem: Problem,
}

/// What is wrong there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The file is there but cannot be read.
    #[error("cannot be read: {reason}")]
    Unreadable {
        /// The system's words.
        reason: String,
    },
    /// Neither YAML nor JSON.
    #[error("is not valid YAML: {reason}")]
    Syntax {
        /// The parser's words, with the line in the file.
        reason: String,
    },
    /// The document is no Kubernetes object.
    #[error("is no object: {missing} is missing")]
    NotAnObject {
        /// The field that every object has.
        missing: &'static str,
    },
    /// An object, but none that routers are made of.
    #[error(
        "{api_version} {kind} is not known here; apiVersion isthmus.dev/v1alpha1 with kind Vpc, \
         VpcMember, VpcPeering or TransitGateway is"
    )]
    UnknownKind {
        /// What `apiVersion` says.
        api_version: String,
        /// What `kind` says.
        kind: String,
    },
    /// A field holds what it cannot hold, or is missing.
    #[error("{object}: {field}: {reason}")]
    Field {
        /// Kind, namespace and name, as far as they are known.
        object: String,
        /// Path of the field, as in `spec.cidrs[0]`.
        field: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The same object is stated twice.
    #[error("{object} is already stated in {first}, which stays in force")]
    Duplicate {
        /// Kind, namespace and name.
        object: String,
        /// The first statement, by path.
        first: Place,
    },
}

/// The folder itself could not be listed; whatever was in force stays.
#[derive(Debug, thiserror::Error)]
#[error("the folder of manifests {} cannot be read: {source}", folder.display())]
pub struct FolderError {
    /// The folder.
    pub folder: PathBuf,
    /// The system's answer.
    pub source: std::io::Error,
}
