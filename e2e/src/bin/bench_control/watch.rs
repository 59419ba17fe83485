//! The kernels' tables.

use std::net::IpAddr;
use std::path::Path;
use std::sync::mpsc::{Receiver, TryRecvError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use isthmus_abi::MemberWord;
use isthmus_lab::Gateway;
use isthmus_tables::{Reader, Tables};

use crate::load::Change;

/// Where the first generation of maps is pinned.
const PINS: &str = "/sys/fs/bpf/isthmus/maps-1";
/// How long a change may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// The tables of one gateway.
pub(crate) struct Watched(Tables);

impl Watched {
    pub(crate) fn open(gateway: &Gateway) -> Result<Self> {
        let mounts = gateway.namespace().mounts().context("no mounts")?;
        Ok(Self(mounts.run(|| Tables::open(Path::new(PINS)))??))
    }

    fn has(&self, change: &Change) -> bool {
        let (vni, address) = change.key();
        let word = Reader::new(&self.0).member(vni, IpAddr::from(address));
        word.map(MemberWord::mac) == Some(change.mac)
    }
}

/// Waits for each change in all tables; how long it took, in ms. A member that
/// is changed again before counts as well.
pub(crate) fn follow(
    watched: &[Watched],
    changes: &Receiver<(Change, Instant)>,
) -> Result<Vec<f64>> {
    let (mut pending, mut ms) = (Vec::new(), Vec::new());
    let mut more = true;
    while more || !pending.is_empty() {
        loop {
            match changes.try_recv() {
                Ok(change) => pending.push(change),
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => {
                    more = false;
                    break;
                }
            }
        }
        pending.retain(|(change, since)| {
            let done = watched.iter().all(|tables| tables.has(change));
            if done {
                ms.push(since.elapsed().as_secs_f64() * 1e3);
            }
            !done
        });
        let late = pending.iter().find(|(_, since)| since.elapsed() > PATIENCE);
        ensure!(
            late.is_none(),
            "not programmed within {PATIENCE:?}: {late:?}"
        );
        std::thread::sleep(Duration::from_micros(200));
    }
    Ok(ms)
}
