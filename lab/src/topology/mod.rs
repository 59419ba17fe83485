//! What a lab is made of, and how it is put together.

pub(crate) mod builder;
pub(crate) mod hypervisor;
pub(crate) mod lab;
pub(crate) mod member;
pub(crate) mod node;
pub(crate) mod placement;
pub(crate) mod router;
pub(crate) mod underlay;
pub(crate) mod uplink;
pub(crate) mod vpc;
