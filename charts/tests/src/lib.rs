//! What the tests of the chart stand on: `helm` itself ([`Helm`]), manifests as
//! it renders them ([`Manifest`]), and an API server's answers to them
//! ([`Cluster`]).

mod cluster;
mod helm;
mod identity;
mod manifest;
mod patience;

pub use cluster::Cluster;
pub use helm::{CHART, Helm};
pub use identity::{aggregate_roles, may, token_of_pod, unbound_token};
pub use manifest::Manifest;
pub use patience::eventually;
