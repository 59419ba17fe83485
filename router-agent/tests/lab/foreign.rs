//! Maps, programs and links that are somebody else's, over bpf(2) itself.

use std::ffi::CString;
use std::io;
use std::os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd};

/// Commands (`enum bpf_cmd`, linux/bpf.h).
const MAP_CREATE: libc::c_int = 0;
const PROG_LOAD: libc::c_int = 5;
const OBJ_PIN: libc::c_int = 6;
const LINK_CREATE: libc::c_int = 28;
/// `BPF_MAP_TYPE_ARRAY`, `BPF_PROG_TYPE_XDP`, `BPF_XDP`, `XDP_FLAGS_SKB_MODE`.
const ARRAY: u64 = 2;
const XDP_PROGRAM: u64 = 6;
const XDP_ATTACH: u64 = 37;
const GENERIC: u64 = 1 << 1;
/// `r0 = XDP_PASS; exit` (instruction set: RFC 9669).
const PASS: [u64; 2] = [0x0000_0002_0000_00b7, 0x0000_0000_0000_0095];

/// An array of one word.
pub(crate) fn map() -> io::Result<OwnedFd> {
    let (key_size, value_size, entries) = (4, 8, 1);
    opened(
        MAP_CREATE,
        [pair(ARRAY, key_size), pair(value_size, entries), 0],
    )
}

/// An XDP program that passes everything.
pub(crate) fn program() -> io::Result<OwnedFd> {
    let license = c"Apache-2.0".as_ptr() as u64;
    let head = pair(XDP_PROGRAM, PASS.len() as u64);
    opened(PROG_LOAD, [head, PASS.as_ptr() as u64, license])
}

/// That program on an interface, in generic mode.
pub(crate) fn link(index: u32) -> io::Result<OwnedFd> {
    let program = program()?;
    let program = u64::from(program.as_raw_fd().cast_unsigned());
    let words = [pair(program, index.into()), pair(XDP_ATTACH, GENERIC), 0];
    opened(LINK_CREATE, words)
}

/// Pins any of them.
pub(crate) fn pin(object: &OwnedFd, path: &str) -> io::Result<()> {
    let path = CString::new(path)?;
    let object = u64::from(object.as_raw_fd().cast_unsigned());
    bpf(OBJ_PIN, [path.as_ptr() as u64, object, 0]).map(drop)
}

/// Two 32-bit fields that follow each other.
fn pair(first: u64, second: u64) -> u64 {
    let [first, second] = [first, second].map(|field| field as u32);
    u64::from_ne_bytes(
        [first.to_ne_bytes(), second.to_ne_bytes()]
            .concat()
            .try_into()
            .expect("eight bytes"),
    )
}

fn opened(command: libc::c_int, words: [u64; 3]) -> io::Result<OwnedFd> {
    let fd = bpf(command, words)?;
    // SAFETY: the kernel has just made this descriptor for us.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// `words` is the head of `union bpf_attr`.
fn bpf(command: libc::c_int, words: [u64; 3]) -> io::Result<libc::c_int> {
    // SAFETY: the attributes live through the call, and so does what they point at; the kernel
    // takes the rest of them for zero.
    let result =
        unsafe { libc::syscall(libc::SYS_bpf, command, words.as_ptr(), size_of_val(&words)) };
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    libc::c_int::try_from(result).map_err(|_| io::ErrorKind::InvalidData.into())
}
