//! The operator against a real API server.

mod consent;
mod contract;
mod histories;
mod idle;
mod leaders;
mod mended;
mod operator;
mod outages;
mod repairs;
mod reuse;
mod scene;
mod slices;
mod told;
