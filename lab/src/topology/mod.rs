//! What a lab is made of, and how it is put together.

pub(crate) mod builder;
pub(crate) mod description;
pub(crate) mod host;
pub(crate) mod hypervisor;
pub(crate) mod lab;
pub(crate) mod member;
pub(crate) mod node;
pub(crate) mod overlay;
pub(crate) mod placement;
pub(crate) mod router;
pub(crate) mod underlay;
pub(crate) mod uplink;
pub(crate) mod vpc;
