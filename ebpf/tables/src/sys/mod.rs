//! The kernel's side, thinly: `bpf(2)` commands, maps, memory mappings.

mod bpf;
pub(crate) mod bpffs;
mod info;
mod link;
mod map;
mod mapping;
mod plain;

pub use bpf::SysError;
pub(crate) use bpf::{object_get, object_pin};
pub use bpffs::PrivateBpffs;
pub(crate) use info::{MapInfo, map_by_id, map_info, program_by_id, program_info};
pub(crate) use link::{
    XDP_DRIVER, XDP_GENERIC, bind_map, link_create, link_detach, link_info, link_update,
};
pub(crate) use map::{Map, cpus};
pub(crate) use mapping::Mapping;
pub(crate) use plain::{Plain, as_bytes, read_plain};
