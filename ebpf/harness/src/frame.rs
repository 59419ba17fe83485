//! Frames as fields, to be written out as bytes.

use std::net::IpAddr;

/// Next header: IPv6 destination options.
const DESTINATION_OPTIONS: u8 = 60;
/// Protocol for experiments (RFC 3692): what most inner packets carry.
pub(crate) const EXPERIMENT: u8 = 253;

/// A checksum to be filled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checksum {
    /// 0: none.
    None,
    /// The right one.
    Right,
    /// The right one, exclusive-or this.
    Wrong(u16),
}

/// An outer IP header.
#[derive(Clone, Debug)]
pub struct OuterSpec {
    /// Source, of the same family as the destination.
    pub source: IpAddr,
    /// Destination.
    pub destination: IpAddr,
    /// TTL or hop limit.
    pub ttl: u8,
    /// DSCP and ECN.
    pub traffic_class: u8,
    /// Flags and fragment offset (IPv4).
    pub fragment: u16,
    /// Protocol or next header.
    pub protocol: u8,
    /// Options (IPv4, a multiple of 4) or extension headers (IPv6).
    pub options: Vec<u8>,
    /// Added to the right length.
    pub length_error: i32,
}

/// An inner IP packet.
#[derive(Clone, Debug)]
pub struct InnerSpec {
    /// Source.
    pub source: IpAddr,
    /// Destination.
    pub destination: IpAddr,
    /// TTL or hop limit.
    pub ttl: u8,
    /// Flags and fragment offset (IPv4).
    pub fragment: u16,
    /// Protocol, or next header where there are no extension headers.
    pub protocol: u8,
    /// Options (IPv4) or extension headers (IPv6).
    pub options: Vec<u8>,
    /// Exclusive-or of the first byte, version and header length.
    pub first_byte_error: u8,
    /// Added to the right length.
    pub length_error: i32,
    /// Header checksum (IPv4).
    pub checksum: Checksum,
    /// What follows the header.
    pub payload: Vec<u8>,
}

/// A VXLAN frame.
#[derive(Clone, Debug)]
pub struct FrameSpec {
    /// Outer destination MAC.
    pub to: u64,
    /// Outer source MAC.
    pub from: u64,
    /// EtherType and control information of the tags.
    pub tags: Vec<(u16, u16)>,
    /// EtherType, where it is not that of the outer family.
    pub ethertype: Option<u16>,
    /// Outer IP.
    pub outer: OuterSpec,
    /// UDP source port.
    pub source_port: u16,
    /// UDP destination port.
    pub port: u16,
    /// Added to the right UDP length.
    pub udp_length_error: i32,
    /// UDP checksum.
    pub checksum: Checksum,
    /// VXLAN header.
    pub vxlan: u64,
    /// Inner destination MAC.
    pub inner_to: u64,
    /// Inner source MAC.
    pub inner_from: u64,
    /// Inner EtherType, where it is not that of the inner family.
    pub inner_ethertype: Option<u16>,
    /// Inner IP.
    pub inner: InnerSpec,
    /// After the inner packet, inside the UDP payload.
    pub inner_padding: usize,
    /// After the outer packet.
    pub padding: usize,
    /// Bytes to keep, where not all.
    pub cut: Option<usize>,
}

impl FrameSpec {
    /// The frame's bytes.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let mut payload = self.vxlan.to_be_bytes().to_vec();
        payload.extend(mac(self.inner_to));
        payload.extend(mac(self.inner_from));
        let family = ethertype(self.inner.source);
        payload.extend(self.inner_ethertype.unwrap_or(family).to_be_bytes());
        payload.extend(self.inner.bytes());
        payload.resize(payload.len() + self.inner_padding, 0xee);
        let length = (payload.len() + 8) as i32;
        let mut udp = self.source_port.to_be_bytes().to_vec();
        udp.extend(self.port.to_be_bytes());
        udp.extend(((length + self.udp_length_error) as u16).to_be_bytes());
        udp.extend([0, 0]);
        udp.extend(payload);
        let right = match udp_checksum(self.outer.source, self.outer.destination, &udp) {
            0 => 0xffff,
            right => right,
        };
        udp[6..8].copy_from_slice(&resolve(self.checksum, right).to_be_bytes());

        let mut frame = mac(self.to).to_vec();
        frame.extend(mac(self.from));
        for (ethertype, control) in &self.tags {
            frame.extend(ethertype.to_be_bytes());
            frame.extend(control.to_be_bytes());
        }
        frame.extend(
            self.ethertype
                .unwrap_or(ethertype(self.outer.source))
                .to_be_bytes(),
        );
        frame.extend(self.outer.bytes(udp.len()));
        frame.extend(udp);
        frame.resize(frame.len() + self.padding, 0xdd);
        frame.truncate(self.cut.unwrap_or(usize::MAX));
        frame
    }
}

impl OuterSpec {
    fn bytes(&self, payload: usize) -> Vec<u8> {
        let header = Header {
            source: self.source,
            destination: self.destination,
            ttl: self.ttl,
            traffic_class: self.traffic_class,
            fragment: self.fragment,
            protocol: self.protocol,
            options: &self.options,
            length_error: self.length_error,
            checksum: Checksum::Right,
        };
        header.bytes(payload)
    }
}

impl InnerSpec {
    fn bytes(&self) -> Vec<u8> {
        let header = Header {
            source: self.source,
            destination: self.destination,
            ttl: self.ttl,
            traffic_class: 0,
            fragment: self.fragment,
            protocol: if self.source.is_ipv6() && !self.options.is_empty() {
                DESTINATION_OPTIONS
            } else {
                self.protocol
            },
            options: &self.options,
            length_error: self.length_error,
            checksum: self.checksum,
        };
        let mut bytes = header.bytes(self.payload.len());
        bytes[0] ^= self.first_byte_error;
        bytes.extend(&self.payload);
        bytes
    }
}

struct Header<'a> {
    source: IpAddr,
    destination: IpAddr,
    ttl: u8,
    traffic_class: u8,
    fragment: u16,
    protocol: u8,
    options: &'a [u8],
    length_error: i32,
    checksum: Checksum,
}

impl Header<'_> {
    fn bytes(&self, payload: usize) -> Vec<u8> {
        let mut header = Vec::new();
        match (self.source, self.destination) {
            (IpAddr::V4(source), IpAddr::V4(destination)) => {
                let length = (20 + self.options.len() + payload) as i32 + self.length_error;
                header.push(0x45 + (self.options.len() / 4) as u8);
                header.push(self.traffic_class);
                header.extend((length as u16).to_be_bytes());
                header.extend(0x1234_u16.to_be_bytes());
                header.extend(self.fragment.to_be_bytes());
                header.extend([self.ttl, self.protocol, 0, 0]);
                header.extend(source.octets());
                header.extend(destination.octets());
                header.extend(self.options);
                let right = !(sum(&header) as u16);
                header[10..12].copy_from_slice(&resolve(self.checksum, right).to_be_bytes());
            }
            (source, destination) => {
                let length = (self.options.len() + payload) as i32 + self.length_error;
                let first = 6 << 28 | u32::from(self.traffic_class) << 20 | 0x5_4321;
                header.extend(first.to_be_bytes());
                header.extend((length as u16).to_be_bytes());
                header.extend([self.protocol, self.ttl]);
                header.extend(octets(source));
                header.extend(octets(destination));
                header.extend(self.options);
            }
        }
        header
    }
}

fn resolve(checksum: Checksum, right: u16) -> u16 {
    match checksum {
        Checksum::None => 0,
        Checksum::Right => right,
        Checksum::Wrong(error) => right ^ error,
    }
}

fn ethertype(address: IpAddr) -> u16 {
    if address.is_ipv4() { 0x0800 } else { 0x86dd }
}

fn mac(mac: u64) -> [u8; 6] {
    let [_, _, mac @ ..] = mac.to_be_bytes();
    mac
}

/// The 16 bytes of an IPv6 address, the 4 of an IPv4 address.
fn octets(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    }
}

/// Ones' complement sum of big-endian 16-bit words (RFC 1071).
pub(crate) fn sum(bytes: &[u8]) -> u32 {
    let mut sum = 0_u32;
    for pair in bytes.chunks(2) {
        sum += u32::from(pair[0]) << 8 | pair.get(1).map_or(0, |low| u32::from(*low));
        sum = (sum & 0xffff) + (sum >> 16);
    }
    sum
}

/// UDP's checksum, computed; the field itself must be 0 in `udp`.
pub(crate) fn udp_checksum(source: IpAddr, destination: IpAddr, udp: &[u8]) -> u16 {
    let mut pseudo = octets(source);
    pseudo.extend(octets(destination));
    pseudo.extend((udp.len() as u32).to_be_bytes());
    pseudo.extend([0, 0, 0, 17]);
    pseudo.extend(udp);
    !(sum(&pseudo) as u16)
}
