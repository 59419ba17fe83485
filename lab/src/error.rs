//! What can go wrong while a lab is built, changed or used.

use std::io;
use std::net::IpAddr;

/// Errors of the lab.
#[derive(Debug, thiserror::Error)]
pub enum LabError {
    /// The machine lacks something that every lab needs. The text is one
    /// sentence for people.
    #[error("{0}")]
    Missing(String),
    /// A system call failed.
    #[error("{what}: {source}")]
    System {
        /// What was tried.
        what: String,
        /// The kernel's answer.
        source: io::Error,
    },
    /// A netlink request was refused.
    #[error("{what}: {source}")]
    Netlink {
        /// What was tried.
        what: String,
        /// The kernel's answer.
        source: rtnetlink::Error,
    },
    /// A hypervisor's number is not below the number of hypervisors.
    #[error("the lab has {have} hypervisors, counted from 0, and no number {asked}")]
    NoSuchHypervisor {
        /// The number asked for.
        asked: usize,
        /// Hypervisors of the lab.
        have: usize,
    },
    /// A gateway port's number is not below the number of ports.
    #[error("the lab's gateway has {have} ports, counted from 0, and no number {asked}")]
    NoSuchPort {
        /// The number asked for.
        asked: usize,
        /// Ports of the gateway.
        have: usize,
    },
    /// A member's address is in none of its VPC's CIDRs.
    #[error("address {address} is in no CIDR of VPC {vpc}")]
    OutsideVpc {
        /// The address.
        address: IpAddr,
        /// The VPC's name.
        vpc: String,
    },
    /// A member of this lab was expected: it was removed or is another lab's.
    #[error("member {0} is not (or no longer) part of this lab")]
    NoSuchMember(String),
    /// A program failed.
    #[error("{what}: {said}")]
    Refused {
        /// The program and its arguments.
        what: String,
        /// What it said.
        said: String,
    },
    /// A `lab-node` somewhere else could not do what it was asked for.
    #[error("lab-node: {0}")]
    Remote(String),
    /// Something did not happen within its time.
    #[error("{what} did not happen within {seconds} s")]
    TimedOut {
        /// What was waited for.
        what: String,
        /// The bound.
        seconds: f32,
    },
}

/// Result of the lab's operations.
pub type Result<T> = std::result::Result<T, LabError>;

/// Gives a failed system call the words of what was tried.
pub(crate) trait Tried<T> {
    fn tried(self, what: impl FnOnce() -> String) -> Result<T>;
}

impl<T> Tried<T> for io::Result<T> {
    fn tried(self, what: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|source| LabError::System {
            what: what(),
            source,
        })
    }
}

impl<T> Tried<T> for std::result::Result<T, rtnetlink::Error> {
    fn tried(self, what: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|source| LabError::Netlink {
            what: what(),
            source,
        })
    }
}
