//! The last frames of an interface, for whoever asks afterwards what there was.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::frames::FrameSocket;
use crate::error::{Result, Tried};
use crate::kernel::namespace::Namespace;

/// Frames that are kept: the last ones.
const FRAMES: usize = 2_000;
/// Bytes that are kept of each: the headers, outer and inner ones.
const SNAPSHOT: usize = 192;
/// How soon it notices that it should stop.
const TICK: Duration = Duration::from_millis(50);

/// Keeps the last frames of an interface, until dropped.
#[derive(Debug)]
pub struct Recorder {
    stop: Arc<AtomicBool>,
    frames: Arc<Mutex<VecDeque<Frame>>>,
    worker: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Frame {
    /// Since 1970 (UTC).
    at: Duration,
    /// Bytes that it had.
    length: usize,
    begin: Vec<u8>,
}

impl Recorder {
    /// Records what comes and goes at an interface from now on.
    ///
    /// # Errors
    /// As [`FrameSocket::open`].
    pub fn start(namespace: &Namespace, interface: &str) -> Result<Self> {
        let socket = FrameSocket::open(namespace, interface)?;
        let (stop, frames) = (Arc::default(), Arc::default());
        let (asked, kept) = (Arc::clone(&stop), Arc::clone(&frames));
        let worker = thread::Builder::new()
            .name("lab-recorder".to_owned())
            .spawn(move || record(&socket, &kept, &asked))
            .tried(|| "starting to record frames".to_owned())?;
        Ok(Self {
            stop,
            frames,
            worker: Some(worker),
        })
    }

    /// What it has, as a file of the pcap format (draft-ietf-opsawg-pcap), which
    /// tcpdump and Wireshark read.
    #[must_use]
    pub fn pcap(&self) -> Vec<u8> {
        pcap(locked(&self.frames).iter())
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(worker) = self.worker.take() {
            // One that panicked has recorded less, which is all that it was for.
            let _ = worker.join();
        }
    }
}

fn record(socket: &FrameSocket, kept: &Mutex<VecDeque<Frame>>, stop: &AtomicBool) {
    while !stop.load(Ordering::Relaxed) {
        let take = |bytes: &[u8]| {
            let at = SystemTime::now().duration_since(UNIX_EPOCH);
            let mut kept = locked(kept);
            if kept.len() == FRAMES {
                kept.pop_front();
            }
            kept.push_back(Frame {
                at: at.unwrap_or_default(),
                length: bytes.len(),
                begin: bytes[..bytes.len().min(SNAPSHOT)].to_vec(),
            });
            false
        };
        // An interface that is gone has no more frames.
        let Ok(None) = socket.capture(TICK, take) else {
            return;
        };
    }
}

fn locked(frames: &Mutex<VecDeque<Frame>>) -> MutexGuard<'_, VecDeque<Frame>> {
    frames.lock().unwrap_or_else(PoisonError::into_inner)
}

fn pcap<'a>(frames: impl Iterator<Item = &'a Frame>) -> Vec<u8> {
    const MICROSECONDS: u32 = 0xa1b2_c3d4;
    const VERSION: [u16; 2] = [2, 4];
    const ETHERNET: u32 = 1;
    let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX).to_le_bytes();
    let mut file = MICROSECONDS.to_le_bytes().to_vec();
    file.extend(VERSION.map(u16::to_le_bytes).concat());
    // Two fields that nobody uses.
    file.extend([0; 8]);
    file.extend(number(SNAPSHOT));
    file.extend(ETHERNET.to_le_bytes());
    for frame in frames {
        file.extend((frame.at.as_secs() as u32).to_le_bytes());
        file.extend(frame.at.subsec_micros().to_le_bytes());
        file.extend(number(frame.begin.len()));
        file.extend(number(frame.length));
        file.extend(&frame.begin);
    }
    file
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_a_header_and_each_frame_its_own() {
        let frame = Frame {
            at: Duration::from_micros(5_000_007),
            length: 300,
            begin: vec![0xee; 3],
        };
        let file = pcap([frame].iter());
        let header = [
            0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 192, 0, 0, 0, 1, 0, 0, 0,
        ];
        let record = [
            5, 0, 0, 0, 7, 0, 0, 0, 3, 0, 0, 0, 44, 1, 0, 0, 0xee, 0xee, 0xee,
        ];
        assert_eq!(file, [&header[..], &record[..]].concat());
    }
}
