//! Ports that nobody else takes.

use std::net::TcpListener;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::process;

use crate::Error;

/// Below the kernel's default range for outgoing connections (32768 and up),
/// so that none of them takes a port between a kill and a restart.
const FIRST: u16 = 20_000;
const LAST: u16 = 29_999;

/// A port on 127.0.0.1 that is this process's among all that reserve theirs
/// the same way, as long as this value lives.
#[derive(Debug)]
pub(crate) struct Port {
    pub(crate) number: u16,
    /// The reservation: an abstract socket's name, which is bound once in a
    /// network namespace (unix(7)), as a port is, and vanishes with its owner.
    _reserved: UnixListener,
}

impl Port {
    pub(crate) fn reserve() -> Result<Self, Error> {
        let count = u32::from(LAST - FIRST) + 1;
        // Processes begin at different places, so that few meet.
        let begin = process::id().wrapping_mul(97) % count;
        (0..count)
            .filter_map(|step| u16::try_from((begin + step) % count).ok())
            .find_map(|offset| Self::try_reserve(FIRST + offset))
            .ok_or(Error::NoPort {
                first: FIRST,
                last: LAST,
            })
    }

    fn try_reserve(number: u16) -> Option<Self> {
        let name = SocketAddr::from_abstract_name(format!("isthmus-lab-apiserver/{number}"));
        let reserved = UnixListener::bind_addr(&name.ok()?).ok()?;
        // Somebody who reserves nothing may listen there.
        TcpListener::bind(("127.0.0.1", number)).ok()?;
        Some(Self {
            number,
            _reserved: reserved,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reserved_port_is_not_given_twice_and_free_again_when_dropped() {
        let first = Port::reserve().unwrap();
        let second = Port::reserve().unwrap();
        assert_ne!(first.number, second.number);
        let number = first.number;
        assert!(Port::try_reserve(number).is_none());
        drop(first);
        assert!(Port::try_reserve(number).is_some());
    }

    #[test]
    fn a_port_that_somebody_listens_on_is_not_given() {
        let port = Port::reserve().unwrap();
        let number = port.number;
        let _taken = TcpListener::bind(("127.0.0.1", number)).unwrap();
        drop(port);
        assert!(Port::try_reserve(number).is_none());
    }
}
