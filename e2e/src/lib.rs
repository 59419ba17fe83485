//! The whole system on one machine, without a kubelet: a real API server, the
//! operator's binary, agents in labs' gateways, and traffic.
//!
//! Not for use inside an asynchronous runtime: labs wait for netlink.

mod control_plane;
mod gateway;
mod process;
mod programs;
mod wait;

pub use control_plane::ControlPlane;
pub use gateway::Gateway;
pub use process::Process;
pub use programs::program;
pub use wait::{PATIENCE, eventually};
