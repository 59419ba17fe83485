//! Whole frames in and out of an interface (packet(7)).

use std::ffi::CString;
use std::io;
use std::mem;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::time::{Duration, Instant};

use super::sockets::{bind, enlarge, open, wait_readable};
use crate::error::{LabError, Result, Tried};
use crate::kernel::namespace::Namespace;
use crate::kernel::syscall::{check, check_len};

/// A socket that sends and captures whole frames of one interface. It sees what
/// arrives from the moment of its making, and what others send through the
/// interface, but not what it sends itself.
#[derive(Debug)]
pub struct FrameSocket {
    fd: OwnedFd,
}

impl FrameSocket {
    /// Opens `interface` of `namespace`.
    ///
    /// # Errors
    /// Without such an interface or without `CAP_NET_RAW`.
    pub fn open(namespace: &Namespace, interface: &str) -> Result<Self> {
        let what = format!("opening interface {interface} for frames");
        let fd = namespace.attempt(&what, || {
            let name = CString::new(interface)?;
            // SAFETY: `name` is NUL-terminated and outlives the call.
            let index = unsafe { libc::if_nametoindex(name.as_ptr()) };
            if index == 0 {
                return Err(io::Error::last_os_error());
            }
            let everything = (libc::ETH_P_ALL as u16).to_be();
            // Protocol 0 until bound: nothing of another interface gets in.
            let fd = open(libc::AF_PACKET, libc::SOCK_RAW, 0)?;
            enlarge(&fd, 8 << 20)?;
            // SAFETY: plain data, for which all zeros is a valid value.
            let mut storage: libc::sockaddr_storage = unsafe { mem::zeroed() };
            let link = libc::sockaddr_ll {
                sll_family: libc::AF_PACKET as u16,
                sll_protocol: everything,
                sll_ifindex: index.cast_signed(),
                sll_hatype: 0,
                sll_pkttype: 0,
                sll_halen: 0,
                sll_addr: [0; 8],
            };
            // SAFETY: `sockaddr_storage` is as large and as aligned as every address type.
            unsafe { (&raw mut storage).cast::<libc::sockaddr_ll>().write(link) };
            bind(
                &fd,
                &storage,
                size_of::<libc::sockaddr_ll>() as libc::socklen_t,
            )?;
            Ok(fd)
        })?;
        Ok(Self { fd })
    }

    /// Sends one frame, from its destination MAC to its last byte before the FCS.
    ///
    /// # Errors
    /// When the interface is down or the frame too long for it.
    pub fn send(&self, frame: &[u8]) -> Result<()> {
        // SAFETY: `frame.len()` bytes at the pointer are readable until the call returns.
        let sent = check_len(unsafe {
            libc::send(self.fd.as_raw_fd(), frame.as_ptr().cast(), frame.len(), 0)
        });
        sent.map(drop)
            .tried(|| format!("sending a frame of {} bytes", frame.len()))
    }

    /// The first frame that `wanted` accepts, or none within `patience`.
    ///
    /// A tag that the kernel has already taken off is not in the frame.
    ///
    /// # Errors
    /// When receiving fails.
    pub fn capture(
        &self,
        patience: Duration,
        mut wanted: impl FnMut(&[u8]) -> bool,
    ) -> Result<Option<Vec<u8>>> {
        let until = Instant::now() + patience;
        let mut buffer = vec![0; 1 << 16];
        while let Some(left) = until.checked_duration_since(Instant::now()) {
            while let Some(length) = self
                .receive(&mut buffer)
                .tried(|| "capturing a frame".to_owned())?
            {
                if wanted(&buffer[..length]) {
                    buffer.truncate(length);
                    return Ok(Some(buffer));
                }
            }
            wait_readable(&[self.fd.as_fd()], left.max(Duration::from_millis(1)))
                .tried(|| "capturing a frame".to_owned())?;
        }
        Ok(None)
    }

    /// As [`Self::capture`], an error where nothing comes.
    ///
    /// # Errors
    /// [`LabError::TimedOut`], naming `what`.
    pub fn expect(
        &self,
        what: &str,
        patience: Duration,
        wanted: impl FnMut(&[u8]) -> bool,
    ) -> Result<Vec<u8>> {
        self.capture(patience, wanted)?
            .ok_or_else(|| LabError::TimedOut {
                what: what.to_owned(),
                seconds: patience.as_secs_f32(),
            })
    }

    fn receive(&self, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        // SAFETY: the kernel writes at most `buffer.len()` bytes at the pointer.
        let result = check(unsafe {
            libc::recv(
                self.fd.as_raw_fd(),
                buffer.as_mut_ptr().cast(),
                buffer.len(),
                0,
            ) as libc::c_int
        });
        super::sockets::received(result.map(|length| length as usize))
    }
}
