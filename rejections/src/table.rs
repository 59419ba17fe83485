//! The files of the table.

use serde::Deserialize;
use thiserror::Error;

use crate::Row;

/// Rows that belong together.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Section {
    /// Heading.
    pub title: String,
    /// What there is to know before.
    #[serde(default)]
    pub text: String,
    /// The rows.
    pub rows: Vec<Row>,
}

/// A file that cannot be read.
#[derive(Debug, Error)]
#[error("rows/{file}.yaml: {source}")]
pub struct TableError {
    file: &'static str,
    source: serde_yaml::Error,
}

macro_rules! files {
    ($($name:literal),+ $(,)?) => {
        [$(($name, include_str!(concat!("../rows/", $name, ".yaml")))),+]
    };
}

const FILES: &[(&str, &str)] = &files![
    "vpc",
    "vpcmember",
    "vpcpeering",
    "transitgateway",
    "stored",
    "slices",
    "policies",
];

/// The table, section by section.
///
/// # Errors
///
/// A file that cannot be read.
pub fn sections() -> Result<Vec<Section>, TableError> {
    let read = |&(file, text): &(&'static str, &str)| {
        serde_yaml::from_str(text).map_err(|source| TableError { file, source })
    };
    FILES.iter().map(read).collect()
}
