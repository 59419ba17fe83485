//! What happens to a cluster: each fault as it comes about in the field, done to the
//! real parts. Waiting for what follows is the caller's.

mod control_plane;
mod nodes;
mod pods;

pub use control_plane::{Backup, Stopped, kill_control_plane};
pub use nodes::{cordon_and_drain, uncordon};
pub use pods::{agent_on, delete_pods, evict, kill_agent, run_out_of_memory, upgrade};

/// Selects the documented release's agents.
pub const AGENTS: &str = "-n isthmus-system -l app.kubernetes.io/component=agent";

/// Selects its operators.
pub const OPERATORS: &str = "-n isthmus-system -l app.kubernetes.io/component=operator";
