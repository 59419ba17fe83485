//! The reference model: the decisions table in plain, slow Rust.
//!
//! Written from `docs/packet-decisions.md`, not from the brain: it reads fields
//! where the RFCs put them, looks entries up in hash maps, and computes each
//! checksum over all that it covers. A checksum that was wrong by some amount
//! must come out wrong by the same amount.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use isthmus_abi::{DropReason, Outcome};

use crate::bfd::{self, Control};
use crate::verdict::Judged;
use crate::world::World;

/// What must become of a frame.
#[must_use]
pub fn model(world: &World, frame: &[u8]) -> Judged {
    let mut out = frame.to_vec();
    let (outcome, peering) = match frame_to_us(world, frame) {
        None => (Outcome::Passed, None),
        Some(at) => match router(world, &mut out, &at) {
            Ok(Done::Forwarded(peering)) => (Outcome::Forwarded, Some(peering)),
            Ok(Done::Answered) => (Outcome::Answered, None),
            Err(reason) => (Outcome::Dropped(reason), None),
        },
    };
    Judged {
        outcome,
        peering,
        frame: out,
    }
}

/// What was done with a frame that was rewritten.
enum Done {
    Forwarded(u32),
    Answered,
}

/// Where the headers of a VXLAN frame to an own VTEP are.
struct At {
    ip: usize,
    udp: usize,
    /// Where the outer IP packet ends, as it says itself.
    end: usize,
    source: IpAddr,
    destination: IpAddr,
}

fn word(frame: &[u8], at: usize) -> Option<usize> {
    Some(usize::from(*frame.get(at)?) << 8 | usize::from(*frame.get(at + 1)?))
}

fn mac(frame: &[u8], at: usize) -> u64 {
    frame[at..at + 6]
        .iter()
        .fold(0, |mac, byte| mac << 8 | u64::from(*byte))
}

fn v4(frame: &[u8], at: usize) -> IpAddr {
    Ipv4Addr::new(frame[at], frame[at + 1], frame[at + 2], frame[at + 3]).into()
}

fn v6(frame: &[u8], at: usize) -> IpAddr {
    let bits = frame[at..at + 16]
        .iter()
        .fold(0, |bits, byte| bits << 8 | u128::from(*byte));
    Ipv6Addr::from_bits(bits).into()
}

fn frame_to_us(world: &World, frame: &[u8]) -> Option<At> {
    let config = &world.config;
    if frame.len() < 14 || mac(frame, 0) != config.port_mac {
        return None;
    }
    let mut ethertype = word(frame, 12)?;
    let mut ip = 14;
    if config.vlan != 0 {
        if ethertype != 0x8100 || word(frame, 14)? % 4096 != usize::from(config.vlan) {
            return None;
        }
        ethertype = word(frame, 16)?;
        ip = 18;
    }
    let (udp, end, source, destination) = match ethertype {
        0x0800 if frame.len() >= ip + 20 => {
            let fragment = word(frame, ip + 6)?;
            let more_or_later = fragment & 0x2000 != 0 || fragment & 0x1fff != 0;
            if frame[ip] != 0x45 || more_or_later || frame[ip + 9] != 17 {
                return None;
            }
            let end = ip + word(frame, ip + 2)?;
            (ip + 20, end, v4(frame, ip + 12), v4(frame, ip + 16))
        }
        0x86dd if frame.len() >= ip + 40 => {
            if frame[ip] / 16 != 6 || frame[ip + 6] != 17 {
                return None;
            }
            let end = ip + 40 + word(frame, ip + 4)?;
            (ip + 40, end, v6(frame, ip + 8), v6(frame, ip + 24))
        }
        _ => return None,
    };
    let own = match destination {
        IpAddr::V4(destination) => {
            !destination.is_unspecified() && config.vteps_v4.contains(&destination.to_bits())
        }
        IpAddr::V6(destination) => {
            let bits = destination.to_bits();
            bits != 0
                && config
                    .vteps_v6
                    .contains(&[(bits >> 64) as u64, bits as u64])
        }
    };
    let whole_udp = frame.len() >= udp + 8;
    let port = usize::from(config.vxlan_port);
    (own && whole_udp && word(frame, udp + 2)? == port).then_some(At {
        ip,
        udp,
        end,
        source,
        destination,
    })
}

fn router(world: &World, frame: &mut [u8], at: &At) -> Result<Done, DropReason> {
    use DropReason as Drop;
    let config = &world.config;
    let udp = at.udp;
    let length = word(frame, udp + 4).ok_or(Drop::Truncated)?;
    if at.end > frame.len() || udp + length != at.end {
        return Err(Drop::OuterLength);
    }
    let (vxlan, ethernet, ip) = (udp + 8, udp + 16, udp + 30);
    if ip > at.end {
        return Err(Drop::Truncated);
    }
    if frame[vxlan] & 8 == 0 {
        return Err(Drop::VxlanFlags);
    }
    let vni = frame[vxlan + 4..vxlan + 7]
        .iter()
        .fold(0, |vni, byte| vni << 8 | u32::from(*byte));
    if vni == 0 {
        return answer(world, frame, at);
    }
    if mac(frame, ethernet) != config.gateway_mac {
        return Err(Drop::InnerMac);
    }
    let space = at.end - ip;
    let (source, destination, ttl) = match word(frame, ethernet + 12) {
        Some(0x0800) => {
            if space < 20 {
                return Err(Drop::Truncated);
            }
            let header = usize::from(frame[ip] % 16) * 4;
            let total = word(frame, ip + 2).ok_or(Drop::Truncated)?;
            if frame[ip] / 16 != 4 || header < 20 || total < header || total > space {
                return Err(Drop::InnerHeader);
            }
            (v4(frame, ip + 12), v4(frame, ip + 16), ip + 8)
        }
        Some(0x86dd) => {
            if space < 40 {
                return Err(Drop::Truncated);
            }
            let payload = word(frame, ip + 4).ok_or(Drop::Truncated)?;
            if frame[ip] / 16 != 6 || 40 + payload > space {
                return Err(Drop::InnerHeader);
            }
            (v6(frame, ip + 8), v6(frame, ip + 24), ip + 7)
        }
        _ => return Err(Drop::InnerNotIp),
    };
    let route = world.route(vni, destination).ok_or(Drop::NoRoute)?;
    let to = world
        .member(route.peer_vni, destination)
        .ok_or(Drop::NoMember)?;
    let from = world.member(vni, source).ok_or(Drop::SpoofedSource)?;
    if from.vtep != at.source {
        return Err(Drop::SpoofedSource);
    }
    if world
        .route(route.peer_vni, source)
        .is_none_or(|back| back.peer_vni != vni)
    {
        return Err(Drop::SourceNotExported);
    }
    if frame[ttl] <= 1 {
        return Err(Drop::TtlExpired);
    }
    if to.vtep.is_ipv4() != at.destination.is_ipv4() {
        return Err(Drop::UnderlayFamily);
    }
    let next_hop = world.next_hops[&to.vtep];
    if next_hop == 0 {
        return Err(Drop::NextHopUnresolved);
    }

    let old = frame.to_vec();
    put(frame, vxlan, &[8, 0, 0, 0]);
    put(frame, vxlan + 4, &(route.peer_vni << 8).to_be_bytes());
    put(frame, ethernet, &to.mac.to_be_bytes()[2..]);
    put(frame, ethernet + 6, &config.gateway_mac.to_be_bytes()[2..]);
    frame[ttl] -= 1;
    if source.is_ipv4() {
        let header = ip..ip + 20;
        let checksum = carried(&old[header.clone()], &frame[header], 10, 0, 0);
        put(frame, ip + 10, &checksum.to_be_bytes());
    }
    send(world, &old, frame, at, to.vtep, next_hop)?;
    Ok(Done::Forwarded(route.peering))
}

/// A frame with VNI 0.
fn answer(world: &World, frame: &mut [u8], at: &At) -> Result<Done, DropReason> {
    use DropReason as Drop;
    let (vxlan, ethernet, ip) = (at.udp + 8, at.udp + 16, at.udp + 30);
    let (udp, control) = (ip + 20, ip + 28);
    let is_bfd = word(frame, ethernet + 12) == Some(0x0800)
        && at.end >= control + 24
        && frame[ip] == 0x45
        && word(frame, ip + 6).is_some_and(|fragment| fragment & 0x3fff == 0)
        && frame[ip + 9] == 17
        && word(frame, udp + 2) == Some(usize::from(bfd::PORT));
    if !is_bfd {
        return Err(Drop::VniZero);
    }
    let question = Control::parse(&frame[control..control + 24]);
    let is_whole = word(frame, ip + 2) == Some(52) && word(frame, udp + 4) == Some(32);
    if !is_whole || frame[ip + 8] != 255 || !question.is_valid() {
        return Err(Drop::BfdInvalid);
    }
    if !world.next_hops.contains_key(&at.source) {
        return Err(Drop::BfdUnknown);
    }
    let own = bfd::discriminator(at.destination, at.source);
    if question.yours != 0 && question.yours != own {
        return Err(Drop::BfdInvalid);
    }
    let old = frame.to_vec();
    put(frame, vxlan, &[8, 0, 0, 0, 0, 0, 0, 0]);
    put(frame, ethernet, &old[ethernet + 6..ethernet + 12]);
    put(frame, ethernet + 6, &old[ethernet..ethernet + 6]);
    put(frame, ip + 12, &old[ip + 16..ip + 20]);
    put(frame, ip + 16, &old[ip + 12..ip + 16]);
    let reply = question.answered(own, world.liveness);
    put(frame, udp, &reply.udp(49_152, bfd::PORT));
    send(world, &old, frame, at, at.source, mac(&old, 6))?;
    Ok(Done::Answered)
}

/// The outer headers of what goes from the VTEP that it came to to another, and
/// the checksum over all that changed since `old`.
fn send(
    world: &World,
    old: &[u8],
    frame: &mut [u8],
    at: &At,
    vtep: IpAddr,
    next_hop: u64,
) -> Result<(), DropReason> {
    put(frame, 0, &next_hop.to_be_bytes()[2..]);
    put(frame, 6, &world.config.port_mac.to_be_bytes()[2..]);
    match (at.destination, vtep) {
        (IpAddr::V4(own), IpAddr::V4(other)) => {
            frame[at.ip + 8] = 64;
            put(frame, at.ip + 12, &own.octets());
            put(frame, at.ip + 16, &other.octets());
            let header = at.ip..at.ip + 20;
            let checksum = carried(&old[header.clone()], &frame[header], 10, 0, 0);
            put(frame, at.ip + 10, &checksum.to_be_bytes());
        }
        (IpAddr::V6(own), IpAddr::V6(other)) => {
            frame[at.ip + 7] = 64;
            put(frame, at.ip + 8, &own.octets());
            put(frame, at.ip + 24, &other.octets());
        }
        _ => return Err(DropReason::UnderlayFamily),
    }
    let udp = at.udp;
    if word(frame, udp + 6) != Some(0) {
        let body = udp..at.end;
        let before = pseudo(at.source) + pseudo(at.destination);
        let after = pseudo(at.destination) + pseudo(vtep);
        let checksum = carried(&old[body.clone()], &frame[body], 6, before, after);
        let checksum = if checksum == 0 { 0xffff } else { checksum };
        put(frame, udp + 6, &checksum.to_be_bytes());
    }
    Ok(())
}

fn put(frame: &mut [u8], at: usize, bytes: &[u8]) {
    frame[at..at + bytes.len()].copy_from_slice(bytes);
}

/// Sum of an address's 16-bit words.
fn pseudo(address: IpAddr) -> u64 {
    match address {
        IpAddr::V4(address) => total(&address.octets()),
        IpAddr::V6(address) => total(&address.octets()),
    }
}

/// Plain sum of big-endian 16-bit words.
fn total(bytes: &[u8]) -> u64 {
    bytes
        .chunks(2)
        .map(|pair| u64::from(pair[0]) << 8 | pair.get(1).map_or(0, |low| u64::from(*low)))
        .sum()
}

/// The checksum (at `field`) of `new` that is as wrong as that of `old` was,
/// with what else is summed before and after; in 0..0xffff.
fn carried(old: &[u8], new: &[u8], field: usize, before: u64, after: u64) -> u16 {
    const MODULUS: u64 = 0xffff;
    let residue = (total(old) + before) % MODULUS;
    let mut blank = new.to_vec();
    blank[field..field + 2].fill(0);
    let rest = (total(&blank) + after) % MODULUS;
    ((residue + MODULUS - rest) % MODULUS) as u16
}
