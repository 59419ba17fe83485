//! The inner IP headers.

use isthmus_abi::DropReason;

use crate::address::Address;
use crate::bytes::{address_v6, be16, be32, put16};
use crate::checksum::Difference;
use crate::frame::Frame;

/// What the router reads of an inner packet.
pub(crate) struct Packet<A> {
    pub(crate) source: A,
    pub(crate) destination: A,
    pub(crate) ttl: u8,
}

/// An inner IP family.
pub(crate) trait Inner {
    /// Its addresses.
    type Address: Address;

    /// Reads the header at `at`, which has `space` bytes of the UDP payload.
    fn parse<F: Frame>(
        frame: &mut F,
        at: usize,
        space: usize,
    ) -> Result<Packet<Self::Address>, DropReason>;

    /// Takes one from the TTL; returns what that does to a sum over the packet.
    fn age<F: Frame>(frame: &mut F, at: usize) -> Result<Difference, DropReason>;
}

/// Inner IPv4 (RFC 791).
pub(crate) struct InnerV4;

impl Inner for InnerV4 {
    type Address = u32;

    #[inline(always)]
    fn parse<F: Frame>(frame: &mut F, at: usize, space: usize) -> Result<Packet<u32>, DropReason> {
        if space < 20 {
            return Err(DropReason::Truncated);
        }
        let header = frame.chunk::<20>(at).ok_or(DropReason::Truncated)?;
        let header_length = (header[0] & 0xf) as usize * 4;
        let length = be16(header, 2) as usize;
        if header[0] >> 4 != 4 || header_length < 20 || length < header_length || length > space {
            return Err(DropReason::InnerHeader);
        }
        Ok(Packet {
            source: be32(header, 12),
            destination: be32(header, 16),
            ttl: header[8],
        })
    }

    #[inline(always)]
    fn age<F: Frame>(frame: &mut F, at: usize) -> Result<Difference, DropReason> {
        let header = frame.chunk::<20>(at).ok_or(DropReason::Truncated)?;
        header[8] = header[8].wrapping_sub(1);
        let checksum = be16(header, 10);
        put16(
            header,
            10,
            Difference::default().minus(0x0100).apply(checksum),
        );
        // The TTL loses what the header's checksum gains.
        Ok(Difference::default())
    }
}

/// Inner IPv6 (RFC 8200).
pub(crate) struct InnerV6;

impl Inner for InnerV6 {
    type Address = [u64; 2];

    #[inline(always)]
    fn parse<F: Frame>(
        frame: &mut F,
        at: usize,
        space: usize,
    ) -> Result<Packet<[u64; 2]>, DropReason> {
        if space < 40 {
            return Err(DropReason::Truncated);
        }
        let header = frame.chunk::<40>(at).ok_or(DropReason::Truncated)?;
        if header[0] >> 4 != 6 || 40 + be16(header, 4) as usize > space {
            return Err(DropReason::InnerHeader);
        }
        Ok(Packet {
            source: address_v6(header, 8),
            destination: address_v6(header, 24),
            ttl: header[7],
        })
    }

    #[inline(always)]
    fn age<F: Frame>(frame: &mut F, at: usize) -> Result<Difference, DropReason> {
        let header = frame.chunk::<40>(at).ok_or(DropReason::Truncated)?;
        header[7] = header[7].wrapping_sub(1);
        Ok(Difference::default().minus(1))
    }
}
