//! A namespace together with its netlink socket.

use std::sync::Arc;

use tokio::runtime::Runtime;

use crate::error::Result;
use crate::kernel::namespace::Namespace;
use crate::kernel::netlink::{LOOPBACK, Netlink};

/// A namespace that the lab builds in.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) namespace: Namespace,
    pub(crate) netlink: Netlink,
    last_index: u32,
}

impl Node {
    /// A new namespace, its loopback interface up.
    pub(crate) fn new(runtime: &Arc<Runtime>) -> Result<Self> {
        let namespace = Namespace::new()?;
        let netlink = Netlink::open(&namespace, Arc::clone(runtime))?;
        netlink.set_up(LOOPBACK)?;
        Ok(Self {
            namespace,
            netlink,
            last_index: LOOPBACK,
        })
    }

    /// An interface index that was not used before in this namespace.
    pub(crate) fn next_index(&mut self) -> u32 {
        self.last_index += 1;
        self.last_index
    }
}
