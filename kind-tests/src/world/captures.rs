//! The last frames that a test's hypervisors saw, kept for the case that it fails.

use std::path::PathBuf;
use std::{env, fs, thread};

use anyhow::Result;

use crate::NodeLab;

/// Names the folder of captures; nothing is recorded without.
pub const CAPTURES: &str = "ISTHMUS_CAPTURES";

/// Recordings at every node of a test.
#[derive(Debug)]
pub(super) struct Captures {
    /// The test's.
    folder: PathBuf,
}

impl Captures {
    /// Has every node record, where somebody wants it.
    pub(super) fn begin(nodes: &mut [NodeLab], device: &str) -> Result<Option<Self>> {
        let Some(folder) = env::var_os(CAPTURES) else {
            return Ok(None);
        };
        for node in nodes {
            node.record(device)?;
        }
        // A test's thread has its name.
        let thread = thread::current();
        let test = thread.name().unwrap_or("main").replace("::", "/");
        Ok(Some(Self {
            folder: PathBuf::from(folder).join(test),
        }))
    }

    /// Writes what each node has.
    pub(super) fn keep(self, nodes: &mut [NodeLab]) -> Result<()> {
        fs::create_dir_all(&self.folder)?;
        for node in nodes {
            let file = self.folder.join(format!("{}.pcap", node.node()));
            fs::write(file, node.recorded()?)?;
        }
        Ok(())
    }
}
