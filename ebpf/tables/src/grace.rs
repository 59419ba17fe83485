//! Waiting until no program still holds what it read before.
//!
//! An XDP program runs as one RCU read-side critical section, so that after an
//! RCU grace period every run that may have seen an unpublished word is over.

use std::io;

use crate::layout::{MapSpec, map_flag, map_type};
use crate::sys::{Map, SysError};
use std::os::fd::{AsFd, AsRawFd};

/// `MEMBARRIER_CMD_QUERY` and `MEMBARRIER_CMD_GLOBAL` (linux/membarrier.h).
const MEMBARRIER_QUERY: i32 = 0;
const MEMBARRIER_GLOBAL: i32 = 1;

/// A grace period that did not come about.
#[derive(Debug, thiserror::Error)]
pub enum GraceError {
    /// `membarrier(2)` failed after it had been offered.
    #[error("membarrier: {0}")]
    Membarrier(io::Error),
    /// The map whose update waits for RCU.
    #[error("waiting for RCU: {0}")]
    Map(#[from] SysError),
}

/// Waits until every reader that was looking has finished.
pub trait Grace: Send + Sync {
    /// Returns once each look-up that began before the call has ended.
    ///
    /// # Errors
    ///
    /// Nothing may be reused when it did not succeed.
    fn wait(&self) -> Result<(), GraceError>;
}

/// Grace periods of the kernel's RCU, for XDP programs.
///
/// `membarrier(MEMBARRIER_CMD_GLOBAL)` is `synchronize_rcu()` in the kernel's
/// sources (kernel/sched/membarrier.c) and takes 10 to 30 ms. With `nohz_full`
/// CPUs the kernel does not offer it; there an element of a map of maps is
/// replaced instead, which user space gets back only after `synchronize_rcu()`
/// (`maybe_wait_bpf_programs`, kernel/bpf/syscall.c).
pub struct RcuGrace {
    fallback: Option<WaitingMap>,
}

impl RcuGrace {
    /// Finds out what this kernel offers.
    ///
    /// # Errors
    ///
    /// Where `membarrier` is refused and no map of maps can be made either.
    pub fn new() -> Result<Self, GraceError> {
        let offered = membarrier(MEMBARRIER_QUERY).is_ok_and(|set| set & MEMBARRIER_GLOBAL != 0);
        Ok(Self {
            fallback: if offered {
                None
            } else {
                Some(WaitingMap::new()?)
            },
        })
    }

    /// Waits by the map of maps, whatever the kernel offers.
    ///
    /// # Errors
    ///
    /// Where no map of maps can be made.
    pub fn by_map() -> Result<Self, GraceError> {
        Ok(Self {
            fallback: Some(WaitingMap::new()?),
        })
    }
}

impl Grace for RcuGrace {
    fn wait(&self) -> Result<(), GraceError> {
        match &self.fallback {
            None => membarrier(MEMBARRIER_GLOBAL)
                .map(drop)
                .map_err(GraceError::Membarrier),
            Some(map) => map.wait(),
        }
    }
}

fn membarrier(command: i32) -> io::Result<i32> {
    // SAFETY: membarrier(2) takes numbers only.
    let returned = unsafe { libc::syscall(libc::SYS_membarrier, command, 0, 0) };
    if returned < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(returned as i32)
    }
}

/// An array of one map whose element is replaced by itself.
struct WaitingMap {
    outer: Map,
    inner: Map,
}

impl WaitingMap {
    fn new() -> Result<Self, SysError> {
        let inner = MapSpec {
            name: "GRACE_INNER",
            map_type: map_type::ARRAY,
            key_size: 4,
            value_size: 4,
            max_entries: 1,
            flags: map_flag::PROGRAM_READS,
        };
        let outer = MapSpec {
            name: "GRACE",
            map_type: map_type::ARRAY_OF_MAPS,
            flags: 0,
            ..inner
        };
        let inner = Map::create(&inner)?;
        Ok(Self {
            outer: Map::create_outer(&outer, &inner)?,
            inner,
        })
    }

    fn wait(&self) -> Result<(), GraceError> {
        let fd = self.inner.as_fd().as_raw_fd();
        Ok(self.outer.update(&0u32, &fd.to_ne_bytes())?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_of_grace_period_pass() {
        RcuGrace::new().expect("offered").wait().expect("passes");
        RcuGrace::by_map().expect("made").wait().expect("passes");
    }
}
