//! Bidirectional Forwarding Detection (RFC 5880) as hypervisors speak it with
//! their gateways: asynchronous mode, without authentication, in IPv4 and UDP
//! to port 3784 (RFC 5881) inside VXLAN with VNI 0.
//!
//! The router keeps no session: what it answers follows from the question
//! alone, so that any number of hypervisors can ask, and so that an agent that
//! is gone changes nothing. It answers each packet with one, and so is as fast
//! as who asks.

use isthmus_abi::{DropReason, Liveness};

use crate::bytes::{be16, be32, put16, put32};
use crate::checksum::Difference;
use crate::frame::Frame;

/// Bytes of the inner packet: IPv4, UDP and control packet.
pub(crate) const LENGTH: usize = IP + UDP + CONTROL;

const IP: usize = 20;
const UDP: usize = 8;
/// Bytes of a control packet without authentication.
const CONTROL: usize = 24;
/// Protocol number of UDP.
const PROTOCOL: u8 = 17;
/// Where control packets of a single hop go (RFC 5881, section 4).
const PORT: u16 = 3784;
/// Where they come from: the first of 49152 to 65535 (RFC 5881, section 4).
const SOURCE_PORT: u16 = 49_152;
/// TTL of every control packet, so that none comes from afar (RFC 5881,
/// section 5).
const TTL: u8 = 255;
/// Protocol version.
const VERSION: u8 = 1;
/// Answers missed until a session is down.
const DETECT_MULTIPLIER: u8 = 3;
/// Desired Min TX Interval, microseconds, while a session is up.
const INTERVAL: u32 = 100_000;
/// The same before (RFC 5880, section 6.8.3: at least a second).
const SLOW_INTERVAL: u32 = 1_000_000;
/// Required Min RX Interval, microseconds: how often may be asked.
const LEAST_INTERVAL: u32 = 10_000;

/// Flags of the second byte, below the state.
const POLL: u8 = 0x20;
const FINAL: u8 = 0x10;
const AUTHENTICATION: u8 = 0x04;
const MULTIPOINT: u8 = 0x01;

/// Diagnostic codes (RFC 5880, section 4.1).
const NEIGHBOR_SIGNALED_DOWN: u8 = 3;
const PATH_DOWN: u8 = 5;
const ADMINISTRATIVELY_DOWN: u8 = 7;

/// Session state (RFC 5880, section 4.1).
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    AdminDown = 0,
    Down = 1,
    Init = 2,
    Up = 3,
}

/// A control packet that was asked with.
pub(crate) struct Control {
    state: State,
    is_poll: bool,
    /// The hypervisor's discriminator.
    mine: u32,
    /// What it takes for the gateway's, 0 while it does not know.
    yours: u32,
}

/// What is answered.
pub(crate) struct Answer {
    diagnostic: u8,
    state: State,
    is_final: bool,
    mine: u32,
    yours: u32,
}

/// Reads the inner packet at `at`, which has [`LENGTH`] bytes.
#[inline(always)]
pub(crate) fn parse<F: Frame>(frame: &mut F, at: usize) -> Result<Control, DropReason> {
    let packet = frame.chunk::<LENGTH>(at).ok_or(DropReason::Truncated)?;
    let is_bfd = packet[0] == 0x45
        && be16(packet, 6) & 0x3fff == 0
        && packet[9] == PROTOCOL
        && be16(packet, IP + 2) == PORT;
    if !is_bfd {
        return Err(DropReason::VniZero);
    }
    let control = IP + UDP;
    let flags = packet[control + 1];
    let control = Control {
        state: match flags >> 6 {
            0 => State::AdminDown,
            1 => State::Down,
            2 => State::Init,
            _ => State::Up,
        },
        is_poll: flags & POLL != 0,
        mine: be32(packet, control + 4),
        yours: be32(packet, control + 8),
    };
    let is_valid = be16(packet, 2) as usize == LENGTH
        && be16(packet, IP + 4) as usize == UDP + CONTROL
        && packet[8] == TTL
        && packet[IP + UDP] >> 5 == VERSION
        && flags & (AUTHENTICATION | MULTIPOINT) == 0
        && packet[IP + UDP + 2] != 0
        && packet[IP + UDP + 3] as usize == CONTROL
        && control.mine != 0
        && (control.yours != 0 || matches!(control.state, State::AdminDown | State::Down));
    if is_valid {
        Ok(control)
    } else {
        Err(DropReason::BfdInvalid)
    }
}

/// The gateway's discriminator towards a hypervisor: the same after every
/// restart, and not 0.
#[inline(always)]
pub(crate) const fn discriminator(own: [u64; 2], hypervisor: [u64; 2]) -> u32 {
    let both = fold(own).wrapping_mul(0x9e37_79b1) ^ fold(hypervisor);
    if both == 0 { 1 } else { both }
}

#[inline(always)]
const fn fold([high, low]: [u64; 2]) -> u32 {
    let word = high ^ low;
    (word >> 32) as u32 ^ word as u32
}

impl Control {
    /// What is answered by a gateway with this discriminator: the step of the
    /// state machine (RFC 5880, section 6.8.6) of one who is Down before each.
    #[inline(always)]
    pub(crate) fn answer(
        &self,
        discriminator: u32,
        liveness: Liveness,
    ) -> Result<Answer, DropReason> {
        // Another session's, of a gateway that had the address before.
        if self.yours != 0 && self.yours != discriminator {
            return Err(DropReason::BfdInvalid);
        }
        let (state, diagnostic) = match liveness {
            Liveness::Draining => (State::AdminDown, ADMINISTRATIVELY_DOWN),
            Liveness::NotSynced => (State::Down, PATH_DOWN),
            Liveness::Serving => match self.state {
                State::AdminDown => (State::Down, NEIGHBOR_SIGNALED_DOWN),
                State::Down => (State::Init, 0),
                State::Init | State::Up => (State::Up, 0),
            },
        };
        Ok(Answer {
            diagnostic,
            state,
            is_final: self.is_poll,
            mine: discriminator,
            yours: self.mine,
        })
    }
}

/// Writes the answer over the question at `at`; returns what that does to a sum
/// over the packet.
#[inline(always)]
pub(crate) fn put<F: Frame>(
    frame: &mut F,
    at: usize,
    answer: &Answer,
) -> Result<Difference, DropReason> {
    let packet = frame.chunk::<LENGTH>(at).ok_or(DropReason::Truncated)?;
    let mut difference = Difference::default();
    let mut word = IP;
    while word < LENGTH {
        difference = difference.minus(be32(packet, word));
        word += 4;
    }

    // The addresses change places, which the sums do not notice.
    let [source, destination] = [be32(packet, 12), be32(packet, 16)];
    put32(packet, 12, destination);
    put32(packet, 16, source);
    put16(packet, IP, SOURCE_PORT);
    put16(packet, IP + 2, PORT);
    // None (RFC 768): the outer checksum, if any, covers it.
    put16(packet, IP + 6, 0);

    let control = IP + UDP;
    let is_up = matches!(answer.state, State::Up);
    packet[control] = VERSION << 5 | answer.diagnostic;
    packet[control + 1] = (answer.state as u8) << 6 | if answer.is_final { FINAL } else { 0 };
    packet[control + 2] = DETECT_MULTIPLIER;
    packet[control + 3] = CONTROL as u8;
    put32(packet, control + 4, answer.mine);
    put32(packet, control + 8, answer.yours);
    put32(
        packet,
        control + 12,
        if is_up { INTERVAL } else { SLOW_INTERVAL },
    );
    put32(packet, control + 16, LEAST_INTERVAL);
    // No echo.
    put32(packet, control + 20, 0);

    let mut word = IP;
    while word < LENGTH {
        difference = difference.plus(be32(packet, word));
        word += 4;
    }
    Ok(difference)
}
