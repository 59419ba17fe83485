//! Memory shared with the kernel, as atomic words.

use std::io;
use std::ops::Deref;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr::NonNull;
use std::sync::atomic::AtomicU64;

/// Aligned 8-byte words, shared with the program or, in tests, with threads.
pub(crate) struct Mapping {
    words: NonNull<AtomicU64>,
    count: usize,
}

impl Mapping {
    /// Maps the value of an array map that was made with `BPF_F_MMAPABLE`.
    pub(crate) fn of_map(map: BorrowedFd<'_>, bytes: usize) -> io::Result<Self> {
        Self::new(Some(map), bytes)
    }

    /// Memory of our own, zeroed: a table without a kernel.
    #[cfg(test)]
    pub(crate) fn anonymous(bytes: usize) -> io::Result<Self> {
        Self::new(None, bytes)
    }

    fn new(map: Option<BorrowedFd<'_>>, bytes: usize) -> io::Result<Self> {
        let (fd, flags) = match map {
            Some(fd) => (fd.as_raw_fd(), libc::MAP_SHARED),
            None => (-1, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS),
        };
        // SAFETY: a new mapping at an address of the kernel's choice.
        let address = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                bytes,
                libc::PROT_READ | libc::PROT_WRITE,
                flags,
                fd,
                0,
            )
        };
        if address == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let words = NonNull::new(address.cast()).ok_or_else(io::Error::last_os_error)?;
        Ok(Self {
            words,
            count: bytes / size_of::<u64>(),
        })
    }
}

impl Deref for Mapping {
    type Target = [AtomicU64];

    fn deref(&self) -> &[AtomicU64] {
        // SAFETY: the mapping is page-aligned, at least this long and lives as
        // long as `self`; whoever else writes it stores whole aligned words.
        unsafe { std::slice::from_raw_parts(self.words.as_ptr(), self.count) }
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: the range of our own mmap, and no reference outlives `self`.
        unsafe { libc::munmap(self.words.as_ptr().cast(), self.count * size_of::<u64>()) };
    }
}

// SAFETY: the words are atomic and the mapping belongs to the process.
unsafe impl Send for Mapping {}
// SAFETY: shared access is to atomic words only.
unsafe impl Sync for Mapping {}
