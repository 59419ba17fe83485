//! BFD control packets as fields (RFC 5880, section 4.1).

use std::net::IpAddr;

use isthmus_abi::Liveness;

/// UDP port of BFD over a single hop (RFC 5881, section 4).
pub const PORT: u16 = 3784;

/// A control packet; intervals in microseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Control {
    /// Protocol version.
    pub version: u8,
    /// Diagnostic code.
    pub diagnostic: u8,
    /// 0 AdminDown, 1 Down, 2 Init, 3 Up.
    pub state: u8,
    /// The six bits below the state: P, F, C, A, D, M.
    pub flags: u8,
    /// Detect Mult.
    pub detect_multiplier: u8,
    /// Length field.
    pub length: u8,
    /// My Discriminator.
    pub mine: u32,
    /// Your Discriminator.
    pub yours: u32,
    /// Desired Min TX Interval.
    pub transmit: u32,
    /// Required Min RX Interval.
    pub receive: u32,
    /// Required Min Echo RX Interval.
    pub echo: u32,
}

impl Control {
    /// What a hypervisor asks with in a state, at 100 ms.
    #[must_use]
    pub fn question(state: u8, yours: u32) -> Self {
        Self {
            version: 1,
            diagnostic: 0,
            state,
            flags: 0,
            detect_multiplier: 3,
            length: 24,
            mine: 0x5eed_0001,
            yours,
            transmit: 100_000,
            receive: 100_000,
            echo: 0,
        }
    }

    /// What a gateway answers, given its discriminator.
    #[must_use]
    pub fn answered(&self, discriminator: u32, liveness: Liveness) -> Self {
        let (state, diagnostic) = match (liveness, self.state) {
            (Liveness::NotSynced, _) => (1, 5),
            (Liveness::Draining, _) => (0, 7),
            (Liveness::Serving, 0) => (1, 3),
            (Liveness::Serving, 1) => (2, 0),
            (Liveness::Serving, _) => (3, 0),
        };
        Self {
            version: 1,
            diagnostic,
            state,
            flags: if self.flags & 0x20 == 0 { 0 } else { 0x10 },
            detect_multiplier: 3,
            length: 24,
            mine: discriminator,
            yours: self.mine,
            transmit: if state == 3 { 100_000 } else { 1_000_000 },
            receive: 10_000,
            echo: 0,
        }
    }

    /// The 24 bytes.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = vec![
            self.version << 5 | self.diagnostic,
            self.state << 6 | self.flags,
            self.detect_multiplier,
            self.length,
        ];
        for word in [
            self.mine,
            self.yours,
            self.transmit,
            self.receive,
            self.echo,
        ] {
            bytes.extend(word.to_be_bytes());
        }
        bytes
    }

    /// The same behind a UDP header without checksum.
    #[must_use]
    pub fn udp(&self, source_port: u16, port: u16) -> Vec<u8> {
        let mut udp = Vec::new();
        for field in [source_port, port, 32, 0] {
            udp.extend(field.to_be_bytes());
        }
        udp.extend(self.bytes());
        udp
    }

    /// Reads 24 bytes.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Self {
        let word = |at: usize| {
            let bytes = bytes[at..at + 4].iter();
            bytes.fold(0, |word, byte| word << 8 | u32::from(*byte))
        };
        Self {
            version: bytes[0] / 32,
            diagnostic: bytes[0] % 32,
            state: bytes[1] / 64,
            flags: bytes[1] % 64,
            detect_multiplier: bytes[2],
            length: bytes[3],
            mine: word(4),
            yours: word(8),
            transmit: word(12),
            receive: word(16),
            echo: word(20),
        }
    }

    /// Whether a receiver without authentication goes on with it (RFC 5880,
    /// section 6.8.6).
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.version == 1
            && self.length == 24
            && self.detect_multiplier > 0
            && self.flags & 0x05 == 0
            && self.mine != 0
            && (self.yours != 0 || self.state < 2)
    }
}

/// The gateway's discriminator: the addresses' 32-bit words, all of one
/// exclusive-or'd, the own times the golden ratio; 1 instead of 0.
#[must_use]
pub fn discriminator(own: IpAddr, hypervisor: IpAddr) -> u32 {
    let fold = |address: IpAddr| {
        let bits = match address {
            IpAddr::V4(address) => address.to_ipv6_mapped().to_bits(),
            IpAddr::V6(address) => address.to_bits(),
        };
        (0..4).fold(0, |word, part| word ^ (bits >> (32 * part)) as u32)
    };
    match fold(own).wrapping_mul(0x9e37_79b1) ^ fold(hypervisor) {
        0 => 1,
        both => both,
    }
}
