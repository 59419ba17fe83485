//! The way of one frame through the router.

use isthmus_abi::DropReason;

use crate::bfd;
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
        Ok(verdict) => verdict,
        Err(reason) => Verdict::Dropped(reason),
    }
}

/// A frame that is VXLAN to an own VTEP.
#[inline(always)]
fn vxlan<O: Outer, const IP: usize, F: Frame, S: Settings, T: Tables>(
    frame: &mut F,
    settings: &S,
    tables: &T,
    envelope: &Envelope,
) -> Result<Verdict, DropReason> {
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
        return answer::<O, IP, F, S, T>(frame, settings, tables, envelope, length - OVERHEAD);
    }
    if mac(ethernet, 0) != settings.gateway_mac() {
        return Err(DropReason::InnerMac);
    }
    let space = length - OVERHEAD;
    let peering = match be16(ethernet, 12) {
        IPV4 => route::<O, InnerV4, IP, F, S, T>(frame, settings, tables, envelope, vni, space),
        IPV6 => route::<O, InnerV6, IP, F, S, T>(frame, settings, tables, envelope, vni, space),
        _ => Err(DropReason::InnerNotIp),
    }?;
    Ok(Verdict::Forwarded { peering })
}

/// A frame of VNI 0 with an inner packet in `space` bytes: BFD is answered.
#[inline(always)]
fn answer<O: Outer, const IP: usize, F: Frame, S: Settings, T: Tables>(
    frame: &mut F,
    settings: &S,
    tables: &T,
    envelope: &Envelope,
    space: usize,
) -> Result<Verdict, DropReason> {
    let udp_at = IP + O::LENGTH;
    let ethernet_at = udp_at + UDP + VXLAN;
    let ethernet = frame
        .chunk::<ETHERNET>(ethernet_at)
        .ok_or(DropReason::Truncated)?;
    if be16(ethernet, 12) != IPV4 || space < bfd::LENGTH {
        return Err(DropReason::VniZero);
    }
    let asked = bfd::parse(frame, udp_at + OVERHEAD)?;
    if !tables.is_hypervisor(envelope.source) {
        return Err(DropReason::BfdUnknown);
    }
    let discriminator = bfd::discriminator(envelope.vtep, envelope.source);
    let answer = asked.answer(discriminator, tables.liveness())?;
    let body = bfd::put(frame, udp_at + OVERHEAD, &answer)?;

    let ethernet = frame
        .chunk::<ETHERNET>(ethernet_at)
        .ok_or(DropReason::Truncated)?;
    let [to, from] = [mac(ethernet, 6), mac(ethernet, 0)];
    put_mac(ethernet, 0, to);
    put_mac(ethernet, 6, from);
    let headers = put_vxlan(frame, udp_at + UDP, 0)?;
    let outer = frame.chunk::<ETHERNET>(0).ok_or(DropReason::Truncated)?;
    let back = mac(outer, 6);
    send::<O, IP, F, S>(frame, settings, envelope.source, back, body.and(headers))?;
    Ok(Verdict::Answered)
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

    let headers = put_vxlan(frame, udp_at + UDP, path.vni)?;
    let body = aged.and(macs).and(headers);
    send::<O, IP, F, S>(frame, settings, path.vtep, path.next_hop, body)
}

/// Writes a VXLAN header at `at`; returns what that does to a sum over it.
#[inline(always)]
fn put_vxlan<F: Frame>(frame: &mut F, at: usize, vni: u32) -> Result<Difference, DropReason> {
    let vxlan = frame.chunk::<VXLAN>(at).ok_or(DropReason::Truncated)?;
    let header = I_FLAG | (vni as u64) << 8;
    let difference = Difference::default()
        .minus_wide(be64(vxlan, 0))
        .plus_wide(header);
    vxlan.copy_from_slice(&header.to_be_bytes());
    Ok(difference)
}

/// Writes the outer headers: from the VTEP and port that the frame came to, to
/// a VTEP by a next hop. `body` is what changed behind the UDP header.
#[inline(always)]
fn send<O: Outer, const IP: usize, F: Frame, S: Settings>(
    frame: &mut F,
    settings: &S,
    vtep: [u64; 2],
    next_hop: u64,
    body: Difference,
) -> Result<(), DropReason> {
    let addresses = O::redirect(frame, IP, vtep)?;

    let udp = frame
        .chunk::<UDP>(IP + O::LENGTH)
        .ok_or(DropReason::Truncated)?;
    let checksum = be16(udp, 6);
    if checksum != 0 {
        put16(udp, 6, body.and(addresses).apply_udp(checksum));
    }

    let outer = frame.chunk::<ETHERNET>(0).ok_or(DropReason::Truncated)?;
    put_mac(outer, 0, next_hop);
    put_mac(outer, 6, settings.port_mac());
    Ok(())
}
