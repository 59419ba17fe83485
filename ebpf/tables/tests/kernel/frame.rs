//! Frames as hypervisors send them.

use std::net::Ipv4Addr;

use crate::configuration::{GATEWAY_MAC, PORT_MAC, VTEP};

/// The hypervisor that sends.
pub(crate) const SENDER: Ipv4Addr = Ipv4Addr::new(172, 16, 0, 11);

/// Where things are in a frame.
pub(crate) const OUTER_DESTINATION: usize = 30;
pub(crate) const VNI: usize = 46;
pub(crate) const INNER_DESTINATION_MAC: usize = 50;

/// UDP from [`SENDER`] to the VTEP's VXLAN port: this VXLAN header, this inner
/// frame (shorter than 150 bytes).
pub(crate) fn vxlan(header: [u8; 8], inner: &[u8]) -> Vec<u8> {
    let length = inner.len() as u8 + 16;
    let mut frame = mac(PORT_MAC).to_vec();
    frame.extend([2, 0, 0, 0, 0, 1, 0x08, 0x00]);
    frame.extend([0x45, 0, 0, length + 20, 0, 0, 0, 0, 64, 17, 0, 0]);
    frame.extend(SENDER.octets());
    frame.extend(VTEP.to_be_bytes());
    frame.extend([0xc0, 0, 0x12, 0xb5, 0, length, 0, 0]);
    frame.extend(header);
    frame.extend(inner);
    frame
}

/// A member's packet, sent to the gateway.
pub(crate) fn packet(source: Ipv4Addr, destination: Ipv4Addr) -> Vec<u8> {
    let mut inner = mac(GATEWAY_MAC).to_vec();
    inner.extend([2, 0, 0, 0, 0, 2, 0x08, 0x00]);
    inner.extend([0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0]);
    inner.extend(source.octets());
    inner.extend(destination.octets());
    inner.extend([0; 8]);
    inner
}

fn mac(mac: u64) -> [u8; 6] {
    let [_, _, mac @ ..] = mac.to_be_bytes();
    mac
}
