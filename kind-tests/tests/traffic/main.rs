//! Packets of tenants on a cluster on which Isthmus is installed as README says.

mod agents;
mod consent;
mod drops;
mod manifests;
mod operators;
mod outage;
mod readme;
mod reinstalled;
mod shared_interface;
mod world;
