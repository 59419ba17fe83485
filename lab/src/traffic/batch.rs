//! Many packets in one call (sendmmsg(2), recvmmsg(2)).

use std::io;
use std::net::UdpSocket;
use std::os::fd::AsRawFd;

use super::sockets::received;
use crate::kernel::syscall::check;

/// Most packets of a batch: what veth queues on the way hold with room to spare.
pub(super) const BATCH: usize = 64;

/// Sends packets with one call; answers how many were taken.
pub(super) fn send_batch(socket: &UdpSocket, packets: &mut [Vec<u8>]) -> io::Result<usize> {
    let mut vectors: Vec<_> = packets
        .iter_mut()
        .map(|packet| libc::iovec {
            iov_base: packet.as_mut_ptr().cast(),
            iov_len: packet.len(),
        })
        .collect();
    let mut messages = headers(&mut vectors);
    // SAFETY: each header points at one vector, each vector at one packet; all outlive the call.
    let result = check(unsafe {
        libc::sendmmsg(
            socket.as_raw_fd(),
            messages.as_mut_ptr(),
            messages.len() as u32,
            0,
        )
    });
    // Full buffers and ICMP errors of earlier packets: nothing was taken, try again.
    Ok(received(result.map(|count| count as usize))?.unwrap_or(0))
}

/// Takes what is there, as much as there are buffers; answers how many packets
/// that was.
pub(super) fn receive_batch(
    socket: &UdpSocket,
    buffers: &mut [Vec<u8>],
    mut take: impl FnMut(&[u8]),
) -> io::Result<usize> {
    let mut vectors: Vec<_> = buffers
        .iter_mut()
        .map(|buffer| libc::iovec {
            iov_base: buffer.as_mut_ptr().cast(),
            iov_len: buffer.len(),
        })
        .collect();
    let mut messages = headers(&mut vectors);
    // SAFETY: each header points at one vector, each vector at one buffer that is written by the
    // kernel alone until the call returns.
    let result = check(unsafe {
        libc::recvmmsg(
            socket.as_raw_fd(),
            messages.as_mut_ptr(),
            messages.len() as u32,
            libc::MSG_DONTWAIT,
            std::ptr::null_mut(),
        )
    });
    let count = received(result.map(|count| count as usize))?.unwrap_or(0);
    for (message, buffer) in messages[..count].iter().zip(buffers.iter()) {
        take(&buffer[..(message.msg_len as usize).min(buffer.len())]);
    }
    Ok(count)
}

fn headers(vectors: &mut [libc::iovec]) -> Vec<libc::mmsghdr> {
    vectors
        .iter_mut()
        .map(|vector| {
            // SAFETY: plain data, for which all zeros is a valid value.
            let mut message: libc::mmsghdr = unsafe { std::mem::zeroed() };
            message.msg_hdr.msg_iov = vector;
            message.msg_hdr.msg_iovlen = 1;
            message
        })
        .collect()
}
