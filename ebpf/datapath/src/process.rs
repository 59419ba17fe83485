//! The way of one frame through the router.

use isthmus_abi::DropReason;

use crate::bytes::{be16, be64, mac, put_mac, put16};
use crate::checksum::Difference;
use crate::decide::{Path, Query, decide};
use crate::frame::Frame;
use crate::inner::{Inner, InnerV4, InnerV6};
use crate::outer::{Envelope, Outer, OuterV4, OuterV6};
use crate::settings::Settings;
use crate::tables::Tables;
use crate::verdict::Verdict;

/// EtherType of IPv4.
const IPV4: u16 = 0x0800;
/// EtherType of IPv6.
const IPV6: u16 = 0x86dd;
/// EtherType of a VLAN tag (802.1Q).
const VLAN: u16 = 0x8100;
/// Bytes of an Ethernet header.
const ETHERNET: usize = 14;
/// Bytes of an Ethernet header with one tag.
const TAGGED: usize = 18;
/// Bytes of a UDP header.
const UDP: usize = 8;
/// Bytes of a VXLAN header.
const VXLAN: usize = 8;
/// Bytes from the UDP header to the inner IP header.
const OVERHEAD: usize = UDP + VXLAN + ETHERNET;
/// The I flag, alone, in a VXLAN header (RFC 7348, section 5).
const I_FLAG: u64 = 0x08 << 56;

/// Takes one frame through the router: says what becomes of it and, if it is
/// forwarded, rewrites it in place. Otherwise the frame is untouched.
#[inline(always)]
pub fn process<F: Frame, S: Settings, T: Tables>(
    frame: &mut F,
    settings: &S,
    tables: &T,
) -> Verdict {
    let Some(ethernet) = frame.chunk::<ETHERNET>(0) else {
        return Verdict::Passed;
    };
    let ethertype = be16(ethernet, 12);
    if mac(ethernet, 0) != settings.port_mac() {
        return Verdict::Passed;
    }
    if settings.vlan() == 0 {
        match ethertype {
            IPV4 => to_vtep::<OuterV4, ETHERNET, _, _, _>(frame, settings, tables),
            IPV6 => to_vtep::<OuterV6, ETHERNET, _, _, _>(frame, settings, tables),
            _ => Verdict::Passed,
        }
    } else {
        let Some(tag) = frame.chunk::<4>(ETHERNET) else {
            return Verdict::Passed;
        };
        if ethertype != VLAN || be16(tag, 0) & 0xfff != settings.vlan() {
            return Verdict::Passed;
        }
        match be16(tag, 2) {
            IPV4 => to_vtep::<OuterV4, TAGGED, _, _, _>(frame, settings, tables),
            IPV6 => to_vtep::<OuterV6, TAGGED, _, _, _>(frame, settings, tables),
            _ => Verdict::Passed,
        }
    }
}

/// A frame whose outer IP header is at `IP`.
#[inline(always)]
fn to_vtep<O: Outer, const IP: usize, F: Frame, S: Settings, T: Tables>(
    frame: &mut F,
    settings: &S,
    tables: &T,
) -> Verdict {
    let Some(envelope) = O::recognise(frame, IP, settings) else {
        return Verdict::Passed;
    };
    match frame.chunk::<UDP>(IP + O::LENGTH) {
        Some(udp) if be16(udp, 2) == settings.vxlan_port() => {}
        _ => return Verdict::Passed,
    }
    match vxlan::<O, IP, F, S, T>(frame, settings, tables, &envelope) {
        Ok(peering) => Verdict::Forwarded { peering },
        Err(reason) => Verdict::Dropped(reason),
    }
}

/// A frame that is VXLAN to an own VTEP. Returns the index of the peering.
#[inline(always)]
fn vxlan<O: Outer, const IP: usize, F: Frame, S: Settings, T: Tables>(
    frame: &mut F,
    settings: &S,
    tables: &T,
    envelope: &Envelope,
) -> Result<u32, DropReason> {
    let udp_at = IP + O::LENGTH;
    let available = frame.length().wrapping_sub(udp_at);
    let udp = frame.chunk::<UDP>(udp_at).ok_or(DropReason::Truncated)?;
    let length = be16(udp, 4) as usize;
    if envelope.payload > available || length != envelope.payload {
        return Err(DropReason::OuterLength);
    }
    if length < OVERHEAD {
        return Err(DropReason::Truncated);
    }
    let vxlan = be64(
        frame
            .chunk::<VXLAN>(udp_at + UDP)
            .ok_or(DropReason::Truncated)?,
        0,
    );
    let ethernet = frame
        .chunk::<ETHERNET>(udp_at + UDP + VXLAN)
        .ok_or(DropReason::Truncated)?;
    let vni = (vxlan >> 8) as u32 & 0x00ff_ffff;
    if vxlan & I_FLAG == 0 {
        return Err(DropReason::VxlanFlags);
    }
    if vni == 0 {
        return Err(DropReason::VniZero);
    }
    if mac(ethernet, 0) != settings.gateway_mac() {
        return Err(DropReason::InnerMac);
    }
    let space = length - OVERHEAD;
    match be16(ethernet, 12) {
        IPV4 => route::<O, InnerV4, IP, F, S, T>(frame, settings, tables, envelope, vni, space),
        IPV6 => route::<O, InnerV6, IP, F, S, T>(frame, settings, tables, envelope, vni, space),
        _ => Err(DropReason::InnerNotIp),
    }
}

/// A frame with an inner IP packet in `space` bytes.
#[inline(always)]
fn route<O: Outer, I: Inner, const IP: usize, F: Frame, S: Settings, T: Tables>(
    frame: &mut F,
    settings: &S,
    tables: &T,
    envelope: &Envelope,
    vni: u32,
    space: usize,
) -> Result<u32, DropReason> {
    let packet = I::parse(frame, IP + O::LENGTH + OVERHEAD, space)?;
    let path = decide(
        tables,
        &Query {
            vni,
            source: packet.source,
            destination: packet.destination,
            ttl: packet.ttl,
            outer_source: envelope.source,
            port: settings.port(),
        },
    )?;
    rewrite::<O, I, IP, F, S>(frame, settings, &path)?;
    Ok(path.peering)
}

/// Sends the frame on its way. All bounds have been checked before.
#[inline(always)]
fn rewrite<O: Outer, I: Inner, const IP: usize, F: Frame, S: Settings>(
    frame: &mut F,
    settings: &S,
    path: &Path,
) -> Result<(), DropReason> {
    let udp_at = IP + O::LENGTH;
    let aged = I::age(frame, udp_at + OVERHEAD)?;

    let inner = frame
        .chunk::<ETHERNET>(udp_at + UDP + VXLAN)
        .ok_or(DropReason::Truncated)?;
    // The gateway's MAC moves from one field to the other.
    let macs = Difference::default()
        .minus_wide(mac(inner, 6))
        .plus_wide(path.member_mac);
    put_mac(inner, 0, path.member_mac);
    put_mac(inner, 6, settings.gateway_mac());

    let vxlan = frame
        .chunk::<VXLAN>(udp_at + UDP)
        .ok_or(DropReason::Truncated)?;
    let header = I_FLAG | (path.vni as u64) << 8;
    let headers = Difference::default()
        .minus_wide(be64(vxlan, 0))
        .plus_wide(header);
    vxlan.copy_from_slice(&header.to_be_bytes());

    let addresses = O::redirect(frame, IP, path.vtep)?;

    let udp = frame.chunk::<UDP>(udp_at).ok_or(DropReason::Truncated)?;
    let checksum = be16(udp, 6);
    if checksum != 0 {
        put16(
            udp,
            6,
            aged.and(macs)
                .and(headers)
                .and(addresses)
                .apply_udp(checksum),
        );
    }

    let outer = frame.chunk::<ETHERNET>(0).ok_or(DropReason::Truncated)?;
    put_mac(outer, 0, path.next_hop);
    put_mac(outer, 6, settings.port_mac());
    Ok(())
}
