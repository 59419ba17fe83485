//! Looks at a forwarded frame with a parser that is not ours.

use std::net::IpAddr;

use anyhow::{Context as _, Result, bail, ensure};
use etherparse::{NetSlice, SlicedPacket, TransportSlice};

use crate::frame::{sum, udp_checksum};

/// Checks that a frame whose checksums were right before is a sound VXLAN
/// frame after: parses it with `etherparse`, the eight bytes of VXLAN by hand,
/// and computes every checksum from scratch.
///
/// # Errors
///
/// Names the first thing that is wrong.
pub fn check_forwarded(frame: &[u8]) -> Result<()> {
    let outer = SlicedPacket::from_ethernet(frame).context("outer headers")?;
    let (source, destination): (IpAddr, IpAddr) = match outer.net.context("no outer IP")? {
        NetSlice::Ipv4(ip) => {
            ensure!(sum(ip.header().slice()) == 0xffff, "outer IPv4 checksum");
            ensure!(ip.header().ttl() == 64, "outer TTL");
            (
                ip.header().source_addr().into(),
                ip.header().destination_addr().into(),
            )
        }
        NetSlice::Ipv6(ip) => {
            ensure!(ip.header().hop_limit() == 64, "outer hop limit");
            (
                ip.header().source_addr().into(),
                ip.header().destination_addr().into(),
            )
        }
        NetSlice::Arp(_) => bail!("ARP"),
    };
    let Some(TransportSlice::Udp(udp)) = outer.transport else {
        bail!("no UDP")
    };
    if udp.checksum() != 0 {
        let mut bytes = udp.slice().to_vec();
        bytes[6..8].fill(0);
        let right = match udp_checksum(source, destination, &bytes) {
            0 => 0xffff,
            right => right,
        };
        ensure!(
            udp.checksum() == right,
            "UDP checksum {:04x}, not {right:04x}",
            udp.checksum()
        );
    }
    let (vxlan, inner) = udp.payload().split_at(8);
    ensure!(
        vxlan[..4] == [8, 0, 0, 0] && vxlan[7] == 0,
        "VXLAN flags or reserved bits"
    );
    let inner = SlicedPacket::from_ethernet(inner).context("inner headers")?;
    match inner.net.context("no inner IP")? {
        NetSlice::Ipv4(ip) => {
            ensure!(sum(ip.header().slice()) == 0xffff, "inner IPv4 checksum");
        }
        NetSlice::Ipv6(_) => {}
        NetSlice::Arp(_) => bail!("inner ARP"),
    }
    Ok(())
}
