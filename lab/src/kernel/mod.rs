//! The kernel's side: namespaces, netlink, offloads, the XDP program of the
//! gateway's peers.

pub(crate) mod device;
pub(crate) mod ethtool;
pub(crate) mod fdb;
mod forward;
mod http;
pub(crate) mod mounts;
pub(crate) mod namespace;
pub(crate) mod netlink;
pub(crate) mod syscall;
pub(crate) mod xdp_pass;
