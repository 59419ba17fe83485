//! Which slices there are, what is written, and what gateways make of it.

mod adoption;
mod api;
mod cluster;
mod deliveries;
mod flights;
mod gateway;
mod handover;
mod histories;
mod holes;
mod ledger;
mod merges;
mod objects;
mod peerings;
mod pools;
mod received;
mod thinning;
