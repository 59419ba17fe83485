//! Values shared with the kernel, as bytes.

use isthmus_abi::{
    Counter, HypervisorEntry, MemberWord, Meta, PeeringLabel, PrefixKeyV4, PrefixKeyV6,
    RouterConfig,
};

/// A type whose every byte is part of its value and whose every bit pattern is
/// a value.
///
/// # Safety
///
/// `repr(C)` or `repr(transparent)` integers without padding.
pub(crate) unsafe trait Plain: Copy {}

// SAFETY: an integer.
unsafe impl Plain for u32 {}
// SAFETY: integers of one size.
unsafe impl Plain for [u64; 2] {}
// SAFETY: `repr(transparent)` over an integer.
unsafe impl Plain for MemberWord {}
// SAFETY: `repr(C, packed)` integers.
unsafe impl Plain for PrefixKeyV4 {}
// SAFETY: `repr(C, packed)` integers.
unsafe impl Plain for PrefixKeyV6 {}
// SAFETY: `repr(C)`, two integers of one size.
unsafe impl Plain for Counter {}
// SAFETY: `repr(C)`, integers; the abi asserts that its size is their sum.
unsafe impl Plain for Meta {}
// SAFETY: `repr(C)`, integers; the abi asserts that its size is their sum.
unsafe impl Plain for RouterConfig {}
// SAFETY: `repr(C)`, integers of one size.
unsafe impl Plain for HypervisorEntry {}
// SAFETY: `repr(C)`, integers; the abi asserts that its size is their sum.
unsafe impl Plain for PeeringLabel {}

/// The bytes of a value.
pub(crate) fn as_bytes<T: Plain>(value: &T) -> &[u8] {
    // SAFETY: `Plain` has no padding, so that all of its bytes are initialised.
    unsafe { std::slice::from_raw_parts(std::ptr::from_ref(value).cast(), size_of::<T>()) }
}

/// The value in the first bytes, `None` where there are too few.
pub(crate) fn read_plain<T: Plain>(bytes: &[u8]) -> Option<T> {
    let bytes = bytes.get(..size_of::<T>())?;
    // SAFETY: long enough, and every bit pattern is a `T`; unaligned is allowed.
    Some(unsafe { bytes.as_ptr().cast::<T>().read_unaligned() })
}
