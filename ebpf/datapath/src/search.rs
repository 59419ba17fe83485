//! Binary search without a branch that depends on what is searched.

use isthmus_abi::{MAX_RANGES, RANGE_SEARCH_STEPS};

/// The last of `count` (1 to [`MAX_RANGES`]) sorted ranges that does not start
/// after what is looked for; the first where all do. `starts_by` says 1 where
/// the range at an index does not start after it, else 0.
#[inline(always)]
pub(crate) fn last_start(count: u32, starts_by: impl Fn(u32) -> u64) -> u32 {
    const MASK: u64 = (MAX_RANGES - 1) as u64;
    let mut base = 0_u64;
    let mut size = count as u64;
    for _ in 0..RANGE_SEARCH_STEPS {
        if size <= 1 {
            break;
        }
        let half = size >> 1;
        // The masks change nothing; they bound the index for the verifier, and
        // make all steps alike to it.
        let middle = (base + half) & MASK;
        base = (base + (starts_by(middle as u32).wrapping_neg() & half)) & MASK;
        size -= half;
    }
    base as u32
}

/// 1 where `a < b`, else 0, computed without a comparison.
#[inline(always)]
pub(crate) const fn less(a: u64, b: u64) -> u64 {
    ((!a & b) | ((!a | b) & a.wrapping_sub(b))) >> 63
}

/// 1 where `a <= b` as 128-bit numbers, else 0.
#[inline(always)]
pub(crate) const fn at_most(a: [u64; 2], b: [u64; 2]) -> u64 {
    let high_more = less(b[0], a[0]);
    let high_less = less(a[0], b[0]);
    let low_more = less(b[1], a[1]);
    high_less | ((high_more | low_more) ^ 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_count_finds_every_position() {
        for count in [1, 2, 3, 4, 5, 7, 8, 9, 100, 4095, 4096] {
            for position in 0..count {
                assert_eq!(
                    last_start(count, |index| (index <= position) as u64),
                    position
                );
            }
            assert_eq!(last_start(count, |_| 0), 0);
        }
    }

    #[test]
    fn less_agrees_with_the_comparison_at_the_edges() {
        let edges = [
            0,
            1,
            2,
            i64::MAX as u64 - 1,
            i64::MAX as u64,
            1 << 63,
            u64::MAX - 1,
            u64::MAX,
        ];
        for a in edges {
            for b in edges {
                assert_eq!(less(a, b), (a < b) as u64, "{a} < {b}");
                for c in edges {
                    for d in edges {
                        assert_eq!(at_most([a, c], [b, d]), ([a, c] <= [b, d]) as u64);
                    }
                }
            }
        }
    }
}
