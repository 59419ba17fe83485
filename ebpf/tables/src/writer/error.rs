//! Changes that were not made.

use std::net::IpAddr;

use crate::capacity::Table;
use crate::routes::TooManyRanges;
use crate::sys::SysError;

/// A change that was not made; everything is as it was before it.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The table holds as much as it takes.
    #[error("the table {0} is full")]
    TableFull(Table),
    /// A VNI of 0 or above 24 bits.
    #[error("{0} is no VNI")]
    NoVni(u32),
    /// A member's word without hypervisor.
    #[error("no hypervisor with index {0}")]
    NoHypervisor(u16),
    /// A hypervisor whose address is not in the table.
    #[error("the hypervisor {0} is not in the table")]
    UnknownHypervisor(IpAddr),
    /// A port of which a hypervisor's entry has no next hop.
    #[error("port {0} is beyond the {max} that a gateway has", max = isthmus_abi::MAX_PORTS)]
    NoPort(u32),
    /// A prefix length beyond the address's.
    #[error("{0} is no prefix length of {1}")]
    PrefixLength(u8, IpAddr),
    /// More ranges than a block holds.
    #[error(transparent)]
    Ranges(#[from] TooManyRanges),
    /// A name that is too long for its label.
    #[error("the name of a peering is longer than {max} bytes: {0}", max = isthmus_abi::PEERING_NAME_LEN)]
    LongName(String),
    /// The kernel refused.
    #[error("{table}: {source}")]
    Kernel {
        /// The table.
        table: Table,
        /// The kernel's answer.
        source: SysError,
    },
}

/// A member that was deferred and then found no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refused {
    /// Of `MEMBERS_V4` or `MEMBERS_V6`.
    Member {
        /// Its VPC.
        vni: u32,
        /// Its address.
        address: IpAddr,
    },
    /// A VPC's routes.
    Vpc {
        /// The VPC.
        vni: u32,
    },
}
