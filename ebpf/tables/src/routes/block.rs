//! One VPC's routes as they lie in `ROUTES`.

use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};

use isthmus_abi::{LINE, MAX_RANGES, RangeV4, RangeV6, RouteHeader};

use super::flatten::RouteTarget;

/// Words of a line.
const LINE_WORDS: usize = LINE / size_of::<u64>();
const HEADER_WORDS: usize = size_of::<RouteHeader>() / size_of::<u64>();
const V4_WORDS: usize = size_of::<RangeV4>() / size_of::<u64>();
const V6_WORDS: usize = size_of::<RangeV6>() / size_of::<u64>();

/// More ranges than a block holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("routes of one VPC make {ranges} ranges of one family; a block holds {MAX_RANGES}")]
pub struct TooManyRanges {
    /// How many.
    pub ranges: usize,
}

/// Disjoint ranges in ascending order: see [`crate::flatten`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Block {
    ranges_v4: Vec<RangeV4>,
    ranges_v6: Vec<RangeV6>,
}

impl Block {
    pub(super) fn new(
        ranges_v4: Vec<RangeV4>,
        ranges_v6: Vec<RangeV6>,
    ) -> Result<Self, TooManyRanges> {
        let ranges = ranges_v4.len().max(ranges_v6.len());
        if ranges > MAX_RANGES as usize {
            return Err(TooManyRanges { ranges });
        }
        Ok(Self {
            ranges_v4,
            ranges_v6,
        })
    }

    /// IPv4 ranges.
    #[must_use]
    pub fn ranges_v4(&self) -> &[RangeV4] {
        &self.ranges_v4
    }

    /// IPv6 ranges.
    #[must_use]
    pub fn ranges_v6(&self) -> &[RangeV6] {
        &self.ranges_v6
    }

    /// The same ranges with other counters.
    #[must_use]
    pub fn map_counters(&self, counter: impl Fn(u32) -> u32) -> Self {
        let mut block = self.clone();
        for range in &mut block.ranges_v4 {
            range.counter = counter(range.counter);
        }
        for range in &mut block.ranges_v6 {
            range.counter = counter(range.counter);
        }
        block
    }

    /// Every target, once for each range that has it.
    pub fn targets(&self) -> impl Iterator<Item = RouteTarget> + '_ {
        let v4 = self
            .ranges_v4
            .iter()
            .map(|range| (range.peer_vni, range.counter));
        let v6 = self
            .ranges_v6
            .iter()
            .map(|range| (range.peer_vni, range.counter));
        v4.chain(v6)
            .map(|(peer_vni, counter)| RouteTarget { peer_vni, counter })
    }

    /// Whether there is no route.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ranges_v4.is_empty() && self.ranges_v6.is_empty()
    }

    /// Lines that the block takes.
    #[must_use]
    pub fn lines(&self) -> u32 {
        lines(self.ranges_v4.len(), self.ranges_v6.len())
    }

    /// Where an address leads.
    #[must_use]
    pub fn find(&self, address: IpAddr) -> Option<RouteTarget> {
        match address {
            IpAddr::V4(address) => {
                let address = address.to_bits();
                let after = self
                    .ranges_v4
                    .partition_point(|range| range.first <= address);
                let range = self.ranges_v4.get(after.checked_sub(1)?)?;
                (address <= range.last).then_some(RouteTarget {
                    peer_vni: range.peer_vni,
                    counter: range.counter,
                })
            }
            IpAddr::V6(address) => {
                let bits = address.to_bits();
                let address = [(bits >> 64) as u64, bits as u64];
                let after = self
                    .ranges_v6
                    .partition_point(|range| range.first <= address);
                let range = self.ranges_v6.get(after.checked_sub(1)?)?;
                (address <= range.last).then_some(RouteTarget {
                    peer_vni: range.peer_vni,
                    counter: range.counter,
                })
            }
        }
    }

    /// Whether ranges are sorted and disjoint and lead to VPCs.
    pub(crate) fn is_sound(&self) -> bool {
        let v4 = &self.ranges_v4;
        let v6 = &self.ranges_v6;
        v4.iter()
            .all(|range| range.first <= range.last && range.peer_vni != 0)
            && v6
                .iter()
                .all(|range| range.first <= range.last && range.peer_vni != 0)
            && v4.windows(2).all(|pair| pair[0].last < pair[1].first)
            && v6.windows(2).all(|pair| pair[0].last < pair[1].first)
    }

    /// Writes the block for a VPC into lines that no reader looks at.
    pub(crate) fn write(&self, vni: u32, routes: &[AtomicU64], line: u32) {
        let mut at = line as usize * LINE_WORDS;
        let mut put = |word: u64| {
            routes[at].store(word, Ordering::Release);
            at += 1;
        };
        put(pair(vni, self.lines()));
        put(pair(
            self.ranges_v4.len() as u32,
            self.ranges_v6.len() as u32,
        ));
        for range in &self.ranges_v4 {
            put(pair(range.first, range.last));
            put(pair(range.peer_vni, range.counter));
        }
        for range in &self.ranges_v6 {
            for half in [range.first[0], range.first[1], range.last[0], range.last[1]] {
                put(half);
            }
            put(pair(range.peer_vni, range.counter));
            put(0);
        }
    }

    /// Reads the block of a VPC at a line; `None` where there is none, or one
    /// that is not sound.
    pub(crate) fn read(vni: u32, routes: &[AtomicU64], line: u32) -> Option<Self> {
        let header = header(routes, line)?;
        let most = header.ranges_v4.max(header.ranges_v6);
        let (v4, v6) = (header.ranges_v4 as usize, header.ranges_v6 as usize);
        if header.vni != vni || most > MAX_RANGES || header.lines != lines(v4, v6) {
            return None;
        }
        let start = line as usize * LINE_WORDS;
        let words = routes.get(start..start + header.lines as usize * LINE_WORDS)?;
        let load = |index: usize| words[index].load(Ordering::Acquire);
        let range_v4 = |index: usize| {
            let at = HEADER_WORDS + index * V4_WORDS;
            let ((first, last), (peer_vni, counter)) = (unpair(load(at)), unpair(load(at + 1)));
            RangeV4 {
                first,
                last,
                peer_vni,
                counter,
            }
        };
        let range_v6 = |index: usize| {
            let at = HEADER_WORDS + v4 * V4_WORDS + index * V6_WORDS;
            let (peer_vni, counter) = unpair(load(at + 4));
            RangeV6 {
                first: [load(at), load(at + 1)],
                last: [load(at + 2), load(at + 3)],
                peer_vni,
                counter,
                reserved: load(at + 5),
            }
        };
        let block = Self {
            ranges_v4: (0..v4).map(range_v4).collect(),
            ranges_v6: (0..v6).map(range_v6).collect(),
        };
        block.is_sound().then_some(block)
    }
}

/// Header of the block at a line; `None` beyond the end.
pub(super) fn header(routes: &[AtomicU64], line: u32) -> Option<RouteHeader> {
    let start = line as usize * LINE_WORDS;
    let (vni, lines) = unpair(routes.get(start)?.load(Ordering::Acquire));
    let (ranges_v4, ranges_v6) = unpair(routes.get(start + 1)?.load(Ordering::Acquire));
    Some(RouteHeader {
        vni,
        lines,
        ranges_v4,
        ranges_v6,
    })
}

fn lines(ranges_v4: usize, ranges_v6: usize) -> u32 {
    let words = HEADER_WORDS + ranges_v4 * V4_WORDS + ranges_v6 * V6_WORDS;
    words.div_ceil(LINE_WORDS) as u32
}

/// Two fields of a struct as the word that they are in memory.
pub(crate) fn pair(first: u32, second: u32) -> u64 {
    let mut bytes = [0; 8];
    bytes[..4].copy_from_slice(&first.to_ne_bytes());
    bytes[4..].copy_from_slice(&second.to_ne_bytes());
    u64::from_ne_bytes(bytes)
}

pub(crate) fn unpair(word: u64) -> (u32, u32) {
    let [a, b, c, d, e, f, g, h] = word.to_ne_bytes();
    (
        u32::from_ne_bytes([a, b, c, d]),
        u32::from_ne_bytes([e, f, g, h]),
    )
}
