//! What ends the agent.

use isthmus_tables::{GraceError, TakeOverError};

use crate::pins::bpffs::BpffsError;
use crate::pins::generations::GenerationError;
use crate::pins::lock::LockError;

/// What ends the agent.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// No pin directory.
    #[error(transparent)]
    Bpffs(#[from] BpffsError),
    /// Another agent is there.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// No maps.
    #[error(transparent)]
    Maps(#[from] GenerationError),
    /// Maps that cannot be written.
    #[error(transparent)]
    TakeOver(#[from] TakeOverError),
    /// No grace periods.
    #[error(transparent)]
    Grace(#[from] GraceError),
    /// A socket or descriptor that the system did not give.
    #[error("{what}: {source}")]
    System {
        /// What was wanted.
        what: &'static str,
        /// The system's answer.
        source: std::io::Error,
    },
}
