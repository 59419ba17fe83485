//! Incremental Internet checksums (RFC 1624).

/// The difference that changes make to a ones' complement sum. Fields are
/// given as big-endian numbers that start at an even offset of what is summed.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Difference(u64);

impl Difference {
    /// A field gains `value`.
    #[inline(always)]
    pub(crate) const fn plus(self, value: u32) -> Self {
        Self(self.0 + value as u64)
    }

    /// A field loses `value`. The complement is minus the value, because
    /// 2^32 - 1 is a multiple of 2^16 - 1.
    #[inline(always)]
    pub(crate) const fn minus(self, value: u32) -> Self {
        self.plus(!value)
    }

    /// A MAC or an eighth-byte field gains `value`.
    #[inline(always)]
    pub(crate) const fn plus_wide(self, value: u64) -> Self {
        self.plus((value >> 32) as u32).plus(value as u32)
    }

    /// A MAC or an eight-byte field loses `value`.
    #[inline(always)]
    pub(crate) const fn minus_wide(self, value: u64) -> Self {
        self.minus((value >> 32) as u32).minus(value as u32)
    }

    /// Both differences.
    #[inline(always)]
    pub(crate) const fn and(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }

    /// The checksum after the change (RFC 1624, equation 3). A checksum that
    /// was wrong stays wrong by as much.
    #[inline(always)]
    pub(crate) const fn apply(self, checksum: u16) -> u16 {
        let mut sum = self.0 + !checksum as u64;
        sum = (sum & 0xffff_ffff) + (sum >> 32);
        sum = (sum & 0xffff) + (sum >> 16);
        sum = (sum & 0xffff) + (sum >> 16);
        sum = (sum & 0xffff) + (sum >> 16);
        !(sum as u16)
    }

    /// As [`Difference::apply`] for UDP, where 0 means that there is none and a
    /// computed 0 is sent as all ones (RFC 768).
    #[inline(always)]
    pub(crate) const fn apply_udp(self, checksum: u16) -> u16 {
        match self.apply(checksum) {
            0 => 0xffff,
            checksum => checksum,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Difference;

    #[test]
    fn the_example_of_rfc_1624_gives_zero() {
        assert_eq!(
            Difference::default()
                .minus(0x5555)
                .plus(0x3285)
                .apply(0xdd2f),
            0
        );
        assert_eq!(
            Difference::default()
                .minus(0x5555)
                .plus(0x3285)
                .apply_udp(0xdd2f),
            0xffff
        );
    }

    #[test]
    fn many_large_fields_are_folded_completely() {
        let mut difference = Difference::default();
        for _ in 0..32 {
            difference = difference.minus_wide(0).plus_wide(u64::MAX);
        }
        assert_eq!(difference.apply(0x1234), 0x1234);
    }

    #[test]
    fn taking_away_what_was_added_changes_nothing() {
        let difference = Difference::default()
            .plus_wide(0xdead_beef_cafe)
            .minus_wide(0xdead_beef_cafe);
        for checksum in 0..0xffff {
            assert_eq!(difference.apply(checksum), checksum);
        }
    }
}
