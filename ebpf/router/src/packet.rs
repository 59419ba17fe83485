//! The frame between `data` and `data_end`, and its fragments.

use core::marker::PhantomData;

use aya_ebpf::EbpfContext as _;
use aya_ebpf::helpers::bpf_xdp_get_buff_len;
use aya_ebpf::programs::XdpContext;
use isthmus_datapath::Frame;

/// The frame of one run of the program.
pub struct Packet<'a> {
    data: usize,
    data_end: usize,
    length: usize,
    context: PhantomData<&'a XdpContext>,
}

impl<'a> Packet<'a> {
    /// The frame of this context.
    #[inline(always)]
    pub fn new(context: &'a XdpContext) -> Self {
        // SAFETY: the context is the one that the kernel gave the program.
        let length = unsafe { bpf_xdp_get_buff_len(context.as_ptr().cast()) };
        Self {
            data: context.data(),
            data_end: context.data_end(),
            length: length as usize,
            context: PhantomData,
        }
    }
}

impl Frame for Packet<'_> {
    #[inline(always)]
    fn length(&self) -> usize {
        self.length
    }

    #[inline(always)]
    fn chunk<const N: usize>(&mut self, at: usize) -> Option<&mut [u8; N]> {
        if self.data + at + N > self.data_end {
            return None;
        }
        // SAFETY: the N bytes at `data + at` end no later than the linear part
        // does, bytes need no alignment, and the borrow of `self` keeps other
        // chunks from existing beside this one.
        Some(unsafe { &mut *((self.data + at) as *mut [u8; N]) })
    }
}
