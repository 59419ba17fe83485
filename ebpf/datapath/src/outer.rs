//! The outer IP headers.

use isthmus_abi::{DropReason, HypervisorEntry};

use crate::bytes::{address_v6, be16, be32, put_address_v6, put16, put32};
use crate::checksum::Difference;
use crate::decide::is_mapped;
use crate::frame::Frame;
use crate::settings::Settings;

/// TTL and hop limit of what the router sends (RFC 1340's default).
const TTL: u8 = 64;
/// Protocol number of UDP.
const UDP: u8 = 17;

/// What the router keeps of an outer header that is addressed to it.
pub(crate) struct Envelope {
    /// Bytes of UDP header and payload, as the IP header says.
    pub(crate) payload: usize,
    /// Outer source address, an IPv4 address mapped; zero for an address that
    /// no VTEP can have.
    pub(crate) source: [u64; 2],
    /// Outer destination address, one of the own VTEPs.
    pub(crate) vtep: [u64; 2],
}

/// An outer IP family.
pub(crate) trait Outer {
    /// Bytes of its header without options.
    const LENGTH: usize;

    /// Reads the header at `at`; `None` where it is not whole UDP to an own VTEP.
    fn recognise<F: Frame, S: Settings>(frame: &mut F, at: usize, settings: &S)
    -> Option<Envelope>;

    /// Sends the packet from the VTEP it came to to the VTEP `to`; returns what
    /// that does to the sum over UDP's pseudo header.
    fn redirect<F: Frame>(frame: &mut F, at: usize, to: [u64; 2])
    -> Result<Difference, DropReason>;
}

/// Outer IPv4 (RFC 791).
pub(crate) struct OuterV4;

impl Outer for OuterV4 {
    const LENGTH: usize = 20;

    #[inline(always)]
    fn recognise<F: Frame, S: Settings>(
        frame: &mut F,
        at: usize,
        settings: &S,
    ) -> Option<Envelope> {
        let header = frame.chunk::<20>(at)?;
        // Version 4 without options; neither offset nor More Fragments.
        let plain = header[0] == 0x45 && be16(header, 6) & 0x3fff == 0 && header[9] == UDP;
        if !plain || !settings.is_vtep_v4(be32(header, 16)) {
            return None;
        }
        Some(Envelope {
            // A length below the header's own contradicts every UDP length.
            payload: (be16(header, 2) as usize).wrapping_sub(Self::LENGTH),
            source: HypervisorEntry::mapped(be32(header, 12)),
            vtep: HypervisorEntry::mapped(be32(header, 16)),
        })
    }

    #[inline(always)]
    fn redirect<F: Frame>(
        frame: &mut F,
        at: usize,
        to: [u64; 2],
    ) -> Result<Difference, DropReason> {
        let header = frame.chunk::<20>(at).ok_or(DropReason::Truncated)?;
        let to = to[1] as u32;
        let from = be32(header, 16);
        // The own address moves from one field to the other.
        let addresses = Difference::default().minus(be32(header, 12)).plus(to);
        let ttl = Difference::default()
            .minus((header[8] as u32) << 8)
            .plus((TTL as u32) << 8);
        let checksum = be16(header, 10);
        header[8] = TTL;
        put16(header, 10, addresses.and(ttl).apply(checksum));
        put32(header, 12, from);
        put32(header, 16, to);
        Ok(addresses)
    }
}

/// Outer IPv6 (RFC 8200).
pub(crate) struct OuterV6;

impl Outer for OuterV6 {
    const LENGTH: usize = 40;

    #[inline(always)]
    fn recognise<F: Frame, S: Settings>(
        frame: &mut F,
        at: usize,
        settings: &S,
    ) -> Option<Envelope> {
        let header = frame.chunk::<40>(at)?;
        let plain = header[0] >> 4 == 6 && header[6] == UDP;
        if !plain || !settings.is_vtep_v6(address_v6(header, 24)) {
            return None;
        }
        let source = address_v6(header, 8);
        Some(Envelope {
            payload: be16(header, 4) as usize,
            // A mapped address would pass for the IPv4 address it maps.
            source: if is_mapped(source) { [0, 0] } else { source },
            vtep: address_v6(header, 24),
        })
    }

    #[inline(always)]
    fn redirect<F: Frame>(
        frame: &mut F,
        at: usize,
        to: [u64; 2],
    ) -> Result<Difference, DropReason> {
        let header = frame.chunk::<40>(at).ok_or(DropReason::Truncated)?;
        let source = address_v6(header, 8);
        let from = address_v6(header, 24);
        header[7] = TTL;
        put_address_v6(header, 8, from);
        put_address_v6(header, 24, to);
        Ok(Difference::default()
            .minus_wide(source[0])
            .minus_wide(source[1])
            .plus_wide(to[0])
            .plus_wide(to[1]))
    }
}
