//! What two blocks agree on. Pure.

use isthmus_abi::{RangeV4, RangeV6};

use super::block::Block;

impl Block {
    /// The addresses that both blocks lead to the same target (VNI and
    /// counter): what may stay while one becomes the other.
    ///
    /// ```
    /// use isthmus_tables::{flatten, Prefix, RouteTarget};
    /// let target = RouteTarget { peer_vni: 2, counter: 0 };
    /// let block = |length| {
    ///     flatten([(Prefix { address: [10, 0, 0, 0].into(), length }, target)])
    /// };
    /// assert_eq!(block(8)?.intersection(&block(16)?), block(16)?);
    /// # Ok::<(), isthmus_tables::TooManyRanges>(())
    /// ```
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        let v4 = overlaps(
            self.ranges_v4(),
            other.ranges_v4(),
            |range| (range.first, range.last),
            |a, b| (a.peer_vni, a.counter) == (b.peer_vni, b.counter),
            |range, first, last| RangeV4 {
                first,
                last,
                ..*range
            },
        );
        let v6 = overlaps(
            self.ranges_v6(),
            other.ranges_v6(),
            |range| (range.first, range.last),
            |a, b| (a.peer_vni, a.counter) == (b.peer_vni, b.counter),
            |range, first, last| RangeV6 {
                first,
                last,
                ..*range
            },
        );
        // Each side has at most as many pieces as the other has ranges, but
        // together they may be more than a block holds: nothing may stay then.
        Self::new(v4, v6).unwrap_or_default()
    }
}

/// Overlaps of two sorted lists of disjoint ranges.
fn overlaps<R, A: Ord + Copy>(
    left: &[R],
    right: &[R],
    bounds: impl Fn(&R) -> (A, A),
    same_target: impl Fn(&R, &R) -> bool,
    cut: impl Fn(&R, A, A) -> R,
) -> Vec<R> {
    let mut out = Vec::new();
    let (mut l, mut r) = (0, 0);
    while let (Some(a), Some(b)) = (left.get(l), right.get(r)) {
        let ((a_first, a_last), (b_first, b_last)) = (bounds(a), bounds(b));
        let (first, last) = (a_first.max(b_first), a_last.min(b_last));
        if first <= last && same_target(a, b) {
            out.push(cut(a, first, last));
        }
        if a_last <= b_last {
            l += 1;
        } else {
            r += 1;
        }
    }
    out
}
