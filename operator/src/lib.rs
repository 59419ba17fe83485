//! Isthmus on Kubernetes: what people write becomes slices that gateways watch,
//! and every object says in its status how it stands.
//!
//! Data flows one way: [`intake`] makes values of what watches tell, [`world`]
//! decides what is to be written, [`cluster`] talks to the API server, [`run`]
//! drives them. Only the last two do input or output.

pub mod cli;
pub mod cluster;
pub mod http;
pub mod intake;
pub mod metrics;
pub mod run;
pub mod status;
pub mod world;
