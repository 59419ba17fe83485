//! Isthmus on a whole cluster, as users run it.
//!
//! A [`Cluster`] is a kubeconfig, a command that loads an image archive on all
//! nodes, and a command that runs something on a node; who has one writes these
//! into a file and runs the suite against it. The program `kind_cluster` makes
//! such a cluster with kind, keeps it or tests on it, and leaves nothing behind.

pub mod chaos;
mod cluster;
mod collect;
mod described;
pub mod faults;
mod gateways;
mod kubectl;
pub mod manifests;
mod node;
mod page;
mod release;
mod stream;
mod underlay;
mod watch;
pub mod world;

pub use cluster::{Cluster, ClusterError};
pub use collect::collect;
pub use described::{Described, named};
pub use gateways::{Gateway, has_condition, metrics};
pub use kubectl::Kubectl;
pub use node::NodeLab;
pub use release::{IMAGES, Release, images};
pub use stream::{End, Loss, RunningStream, StreamReport};
pub use underlay::prepare_far_ends;
pub use watch::ProgrammedWatch;
