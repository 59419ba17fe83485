//! What the brain sees of a frame.

/// A received Ethernet frame.
///
/// Headers are read and written through [`Frame::chunk`]; a jumbo frame's later
/// fragments are never touched and only count in [`Frame::length`].
pub trait Frame {
    /// Bytes of the whole frame, fragments included, without FCS.
    fn length(&self) -> usize;

    /// The `N` bytes at offset `at`, or `None` where the linear part ends
    /// before them. Offsets are constants after inlining, which is what lets
    /// the kernel's verifier follow.
    fn chunk<const N: usize>(&mut self, at: usize) -> Option<&mut [u8; N]>;
}

/// A frame in ordinary memory, all of it linear.
#[derive(Debug)]
pub struct Linear<'a>(pub &'a mut [u8]);

impl Frame for Linear<'_> {
    fn length(&self) -> usize {
        self.0.len()
    }

    fn chunk<const N: usize>(&mut self, at: usize) -> Option<&mut [u8; N]> {
        self.0.get_mut(at..)?.first_chunk_mut()
    }
}
