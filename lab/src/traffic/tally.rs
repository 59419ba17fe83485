//! Counting the packets of a stream. No I/O.

use serde::{Deserialize, Serialize};

/// Magic of a stream's packets.
const MAGIC: u32 = 0x6973_7468;
/// Bytes of a packet's head: magic, stream, sequence number.
pub(super) const HEAD: usize = 16;

/// What became of a stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Packets sent.
    pub sent: u64,
    /// Different packets received.
    pub received: u64,
    /// Packets sent and never received.
    pub lost: u64,
    /// Packets received again.
    pub duplicated: u64,
    /// Packets received after one that was sent later.
    pub reordered: u64,
    /// Packets of another stream, packets at a place that should get none, and
    /// packets that are no stream's.
    pub misdelivered: u64,
}

impl Report {
    /// Whether every packet arrived once, at the right place.
    #[must_use]
    pub fn is_perfect(&self) -> bool {
        self.sent > 0 && self.lost == 0 && self.duplicated == 0 && self.misdelivered == 0
    }
}

/// Packets in a row that were sent and never received.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// Sequence number of the first, counted from 0.
    pub first: u64,
    /// How many there are.
    pub packets: u64,
}

/// The head of packet `sequence` of a stream.
pub(super) fn head(stream: u32, sequence: u64) -> [u8; HEAD] {
    let mut head = [0; HEAD];
    head[..4].copy_from_slice(&MAGIC.to_be_bytes());
    head[4..8].copy_from_slice(&stream.to_be_bytes());
    head[8..].copy_from_slice(&sequence.to_be_bytes());
    head
}

/// What has arrived of a stream.
#[derive(Debug)]
pub struct Tally {
    stream: u32,
    seen: Vec<u64>,
    next: u64,
    received: u64,
    duplicated: u64,
    reordered: u64,
    misdelivered: u64,
}

impl Tally {
    pub(super) fn new(stream: u32) -> Self {
        Self {
            stream,
            seen: Vec::new(),
            next: 0,
            received: 0,
            duplicated: 0,
            reordered: 0,
            misdelivered: 0,
        }
    }

    /// Takes one packet that arrived where the stream should (`right_place`) or
    /// should not.
    pub(super) fn take(&mut self, packet: &[u8], right_place: bool) {
        let sequence = self.sequence_of(packet).filter(|_| right_place);
        let Some(sequence) = sequence else {
            self.misdelivered += 1;
            return;
        };
        let (word, bit) = ((sequence / 64) as usize, 1 << (sequence % 64));
        if word >= self.seen.len() {
            self.seen.resize(word + 1024, 0);
        }
        if self.seen[word] & bit != 0 {
            self.duplicated += 1;
            return;
        }
        self.seen[word] |= bit;
        self.received += 1;
        if sequence < self.next {
            self.reordered += 1;
        } else {
            self.next = sequence + 1;
        }
    }

    /// Different packets received so far.
    pub(super) fn received(&self) -> u64 {
        self.received
    }

    /// What became of a stream of which this many packets were sent.
    #[must_use]
    pub fn report(&self, sent: u64) -> Report {
        Report {
            sent,
            received: self.received,
            lost: sent.saturating_sub(self.received),
            duplicated: self.duplicated,
            reordered: self.reordered,
            misdelivered: self.misdelivered,
        }
    }

    /// What is missing of a stream of which this many packets were sent, in order.
    #[must_use]
    pub fn gaps(&self, sent: u64) -> Vec<Gap> {
        let mut gaps: Vec<Gap> = Vec::new();
        for sequence in (0..sent).filter(|at| !self.has(*at)) {
            match gaps.last_mut() {
                Some(gap) if gap.first + gap.packets == sequence => gap.packets += 1,
                _ => gaps.push(Gap {
                    first: sequence,
                    packets: 1,
                }),
            }
        }
        gaps
    }

    fn has(&self, sequence: u64) -> bool {
        let word = self.seen.get((sequence / 64) as usize);
        word.is_some_and(|word| word & (1 << (sequence % 64)) != 0)
    }

    fn sequence_of(&self, packet: &[u8]) -> Option<u64> {
        let head = packet.first_chunk::<HEAD>()?;
        let sequence = u64::from_be_bytes(*head.last_chunk()?);
        // A sequence number that no stream reaches would only be a forged one.
        (*head == self::head(self.stream, sequence) && sequence < 1 << 32).then_some(sequence)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(packets: &[u64]) -> Tally {
        let mut tally = Tally::new(1);
        for packet in packets {
            tally.take(&head(1, *packet), true);
        }
        tally
    }

    #[test]
    fn every_packet_once_is_perfect() {
        assert!(tally(&[0, 1, 2, 3]).report(4).is_perfect());
        assert!(!tally(&[]).report(0).is_perfect());
    }

    #[test]
    fn lost_duplicated_and_reordered_packets_are_told_apart() {
        let report = tally(&[0, 2, 1, 2, 5]).report(6);
        assert_eq!((report.received, report.lost), (4, 2));
        assert_eq!((report.duplicated, report.reordered), (1, 1));
    }

    #[test]
    fn what_is_missing_is_told_as_gaps() {
        let gap = |first, packets| Gap { first, packets };
        let missing = tally(&[1, 2, 6]).gaps(9);
        assert_eq!(missing, [gap(0, 1), gap(3, 3), gap(7, 2)]);
        assert_eq!(tally(&[1, 0]).gaps(2), []);
    }

    #[test]
    fn packets_of_others_and_at_other_places_are_misdelivered() {
        let mut tally = Tally::new(1);
        tally.take(&head(2, 0), true);
        tally.take(&head(1, 0), false);
        tally.take(b"short", true);
        let report = tally.report(1);
        assert_eq!(
            (report.misdelivered, report.received, report.lost),
            (3, 0, 1)
        );
    }
}
