//! A real control plane for tests: etcd and kube-apiserver on loopback, ready
//! in seconds, gone when dropped, killed by the kernel when the test's process
//! dies first.
//!
//! ```no_run
//! # async fn example() -> Result<(), isthmus_lab_apiserver::Error> {
//! use isthmus_lab_apiserver::{ApiServer, Part};
//!
//! let server = ApiServer::start().await?;
//! let admin = server.client()?;
//! server.install_crds(&admin).await?;
//! let tenant = server.client_as("jane", &["team-a"])?;
//! # drop(tenant);
//!
//! server.pause(Part::ApiServer)?;
//! server.resume(Part::ApiServer)?;
//! server.kill(Part::Etcd)?;
//! server.restart(Part::Etcd).await?;
//! # Ok(())
//! # }
//! ```
//!
//! Authorization is RBAC's, admission what Kubernetes enables by default less
//! the ServiceAccount plugin (nothing here makes `default` service accounts),
//! and no audit. There is no controller manager, scheduler or kubelet: objects
//! stay as they were written.

mod access;
mod backup;
mod binaries;
mod cluster;
mod crds;
mod credentials;
mod error;
mod flags;
mod folder;
mod port;
mod process;
mod spawner;
pub mod variants;

pub use backup::Backup;
pub use binaries::Binaries;
pub use cluster::{ApiServer, Part};
pub use error::Error;
