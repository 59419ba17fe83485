//! Transit gateway agent: what a folder of manifests asks for, brought into the
//! tables of the XDP router, and the router onto its ports.

pub mod agent;
pub mod check;
pub mod cli;
pub mod cluster;
pub mod dataplane;
pub mod detach;
pub mod http;
pub mod manifests;
pub mod metrics;
pub mod netlink;
pub mod next_hops;
pub mod pins;
pub mod ports;
pub mod shared;
pub mod status;
pub mod uname;
