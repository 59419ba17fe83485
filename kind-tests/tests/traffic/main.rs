//! Packets of tenants on a cluster on which Isthmus is installed as README says.

mod agents;
mod chaos;
mod consent;
mod drops;
mod nodes;
mod operators;
mod outage;
mod readme;
mod reinstalled;
mod releases;
mod shared_interface;
