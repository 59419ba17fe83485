//! Fields of headers as numbers. Offsets are constants inside the header, so
//! the bounds checks are gone after inlining.

/// The big-endian number at `at`.
#[inline(always)]
pub(crate) fn be16<const N: usize>(header: &[u8; N], at: usize) -> u16 {
    let mut field = [0; 2];
    field.copy_from_slice(&header[at..at + 2]);
    u16::from_be_bytes(field)
}

/// The big-endian number at `at`.
#[inline(always)]
pub(crate) fn be32<const N: usize>(header: &[u8; N], at: usize) -> u32 {
    let mut field = [0; 4];
    field.copy_from_slice(&header[at..at + 4]);
    u32::from_be_bytes(field)
}

/// The big-endian number at `at`.
#[inline(always)]
pub(crate) fn be64<const N: usize>(header: &[u8; N], at: usize) -> u64 {
    let mut field = [0; 8];
    field.copy_from_slice(&header[at..at + 8]);
    u64::from_be_bytes(field)
}

/// The IPv6 address at `at`, high and low halves.
#[inline(always)]
pub(crate) fn address_v6<const N: usize>(header: &[u8; N], at: usize) -> [u64; 2] {
    [be64(header, at), be64(header, at + 8)]
}

/// The MAC at `at`, 48 bits.
#[inline(always)]
pub(crate) fn mac<const N: usize>(header: &[u8; N], at: usize) -> u64 {
    (be32(header, at) as u64) << 16 | be16(header, at + 4) as u64
}

/// Writes `value` at `at`.
#[inline(always)]
pub(crate) fn put16<const N: usize>(header: &mut [u8; N], at: usize, value: u16) {
    header[at..at + 2].copy_from_slice(&value.to_be_bytes());
}

/// Writes `value` at `at`.
#[inline(always)]
pub(crate) fn put32<const N: usize>(header: &mut [u8; N], at: usize, value: u32) {
    header[at..at + 4].copy_from_slice(&value.to_be_bytes());
}

/// Writes an IPv6 address at `at`.
#[inline(always)]
pub(crate) fn put_address_v6<const N: usize>(
    header: &mut [u8; N],
    at: usize,
    [high, low]: [u64; 2],
) {
    header[at..at + 8].copy_from_slice(&high.to_be_bytes());
    header[at + 8..at + 16].copy_from_slice(&low.to_be_bytes());
}

/// Writes a MAC at `at`: as 4 and 2 bytes, for six would be copied one by one.
#[inline(always)]
pub(crate) fn put_mac<const N: usize>(header: &mut [u8; N], at: usize, mac: u64) {
    put32(header, at, (mac >> 16) as u32);
    put16(header, at + 4, mac as u16);
}
