//! Finding an entry in a line without a branch: cold words decide nothing that
//! the processor would have to guess.

use isthmus_abi::{LINE, MEMBERS_PER_LINE_V4, MEMBERS_PER_LINE_V6, VPCS_PER_LINE};

/// The eight words of a line.
pub(crate) type Line = [u64; LINE / 8];

/// All ones where `difference` is below `bound`, else 0; for differences below
/// 2^63, of which the compiler must not know it: it would make a comparison of
/// this, and a branch of that.
#[inline(always)]
const fn mask_below(difference: u64, bound: u64) -> u64 {
    (difference.wrapping_sub(bound) as i64 >> 63) as u64
}

/// The value of the entry whose key is `key`, else 0.
#[inline(always)]
pub(crate) fn member_v4(line: &Line, key: u64) -> u64 {
    let mut value = 0;
    for entry in 0..MEMBERS_PER_LINE_V4 {
        // Keys have 56 bits.
        value |= mask_below(line[entry * 2] ^ key, 1) & line[entry * 2 + 1];
    }
    value
}

/// The value of the entry of this VPC and address, else 0.
#[inline(always)]
pub(crate) fn member_v6(line: &Line, vni: u32, address: [u64; 2]) -> u64 {
    let mut value = 0;
    for entry in 0..MEMBERS_PER_LINE_V6 {
        let words = &line[entry * 4..entry * 4 + 4];
        let other = (words[0] ^ address[0]) | (words[1] ^ address[1]);
        // A VNI has 24 bits, and the address's difference is folded into 32.
        let difference = (words[2] ^ vni as u64) | (other | other >> 32) as u32 as u64;
        value |= mask_below(difference, 1) & words[3];
    }
    value
}

/// The word of this VPC, else 0.
#[inline(always)]
pub(crate) fn vpc(line: &Line, vni: u32) -> u64 {
    let mut value = 0;
    for word in &line[..VPCS_PER_LINE] {
        // The VNI is above the low half, in 24 bits.
        value |= mask_below(word ^ (vni as u64) << 32, 1 << 32) & word;
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_found_in_every_place_of_its_line() {
        for entry in 0..4 {
            let mut line = [0; 8];
            line[entry * 2] = 0x00ff_ffff_ffff_ffff;
            line[entry * 2 + 1] = u64::MAX;
            assert_eq!(member_v4(&line, 0x00ff_ffff_ffff_ffff), u64::MAX);
            assert_eq!(member_v4(&line, 0x00ff_ffff_ffff_fffe), 0);
        }
        for entry in 0..2 {
            let mut line = [0; 8];
            line[entry * 4..entry * 4 + 4].copy_from_slice(&[1 << 63, 1, 7, 9]);
            assert_eq!(member_v6(&line, 7, [1 << 63, 1]), 9);
            assert_eq!(member_v6(&line, 6, [1 << 63, 1]), 0);
            assert_eq!(member_v6(&line, 7, [0, 1]), 0);
            assert_eq!(member_v6(&line, 7, [1 << 63, 0]), 0);
        }
        for entry in 0..8 {
            let mut line = [0; 8];
            line[entry] = 5 << 32 | 77;
            assert_eq!(vpc(&line, 5), 5 << 32 | 77);
            assert_eq!(vpc(&line, 4), 0);
        }
    }
}
