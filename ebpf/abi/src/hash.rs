//! Keyed hash and the two lines in which a key may be.

/// Secret of one set of tables. Members choose addresses, so a hash that they
/// could compute would let them fill chosen lines.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HashKey {
    /// Added before the first multiplication.
    pub offset: u64,
    /// First multiplier, odd.
    pub first: u64,
    /// Second multiplier, odd.
    pub second: u64,
}

/// The two candidate lines of a key; they may be equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lines(pub u32, pub u32);

impl HashKey {
    /// Makes a key of three random words.
    #[must_use]
    pub const fn new(words: [u64; 3]) -> Self {
        Self {
            offset: words[0],
            first: words[1] | 1,
            second: words[2] | 1,
        }
    }

    /// The candidate lines of `word` in a table of `lines` lines (at least 1).
    #[inline(always)]
    #[must_use]
    pub const fn lines(&self, word: u64, lines: u32) -> Lines {
        let mut hash = word.wrapping_add(self.offset).wrapping_mul(self.first);
        hash ^= hash >> 32;
        hash = hash.wrapping_mul(self.second);
        hash ^= hash >> 29;
        Lines(scale(hash >> 32, lines), scale(hash & 0xffff_ffff, lines))
    }

    /// The candidate lines of an IPv6 member.
    #[inline(always)]
    #[must_use]
    pub const fn lines_v6(&self, vni: u32, high: u64, low: u64, lines: u32) -> Lines {
        let mut folded = high.wrapping_add(self.second).wrapping_mul(self.first);
        folded ^= folded >> 32;
        let mut mixed = (low ^ folded).wrapping_mul(self.second);
        mixed ^= mixed >> 31;
        self.lines(mixed.wrapping_add(vni as u64), lines)
    }
}

/// Maps a 32-bit value onto `0..lines`; written so that the verifier bounds it.
#[inline(always)]
const fn scale(value: u64, lines: u32) -> u32 {
    ((value * lines as u64) >> 32) as u32
}
