//! A source that is not what it says never passes, whoever forges it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use etherparse::PacketBuilder;
use isthmus_lab::traffic::FrameSocket;
use isthmus_lab::{Lab, Mac, Member, VXLAN_PORT};

use crate::agent::Agent;
use crate::world::{World, eventually};

/// How long a frame that must not arrive is waited for.
const QUIET: Duration = Duration::from_millis(300);

/// A VXLAN frame that somebody in the underlay makes up.
#[derive(Clone, Debug)]
struct Forged {
    vtep: Ipv4Addr,
    vni: u32,
    mac: Mac,
    source: IpAddr,
    destination: IpAddr,
    marker: [u8; 16],
}

/// Whoever injects frames, and whoever must not see them.
struct Forger<'w> {
    world: &'w World,
    agent: &'w Agent,
    socket: FrameSocket,
    victim: FrameSocket,
    next: u8,
}

impl<'w> Forger<'w> {
    fn new(world: &'w World, agent: &'w Agent) -> Result<Self> {
        let socket = FrameSocket::open(
            world.lab.bystander(),
            &world.lab.bystander_uplink().interface,
        )?;
        let victim = FrameSocket::open(world.green.namespace(), Member::INTERFACE)?;
        Ok(Self {
            world,
            agent,
            socket,
            victim,
            next: 0,
        })
    }

    /// What blue itself would send to green.
    fn honest(&mut self, v6: bool) -> Result<Forged> {
        self.next += 1;
        let pick = |member: &Member| {
            member
                .addresses()
                .iter()
                .copied()
                .find(|address| address.is_ipv6() == v6)
        };
        let vtep = match self.world.lab.vtep_of(&self.world.blue)? {
            IpAddr::V4(vtep) => vtep,
            IpAddr::V6(vtep) => anyhow::bail!("{vtep} in an IPv4 underlay"),
        };
        Ok(Forged {
            vtep,
            vni: self.world.blue.vpc().vni(),
            mac: self.world.blue.mac(),
            source: pick(&self.world.blue).context("no address")?,
            destination: pick(&self.world.green).context("no address")?,
            marker: [self.next; 16],
        })
    }

    /// Sends a frame; whether green gets it.
    fn arrives(&self, forged: &Forged) -> Result<bool> {
        self.socket.send(&self.bytes(forged)?)?;
        let marker = &forged.marker;
        let seen = self
            .victim
            .capture(QUIET, |frame| frame.ends_with(marker))?;
        Ok(seen.is_some())
    }

    /// Requires that a frame is dropped, and under this name.
    fn is_dropped(&self, what: &str, forged: &Forged, reason: &str) -> Result<()> {
        let before = self.agent.dropped(reason)?;
        ensure!(!self.arrives(forged)?, "{what}: {forged:?} arrived");
        eventually(&format!("{what} is counted as {reason}"), || {
            Ok(self.agent.dropped(reason)? > before)
        })
    }

    fn bytes(&self, forged: &Forged) -> Result<Vec<u8>> {
        let inner = PacketBuilder::ethernet2(forged.mac.0, self.world.lab.gateway_mac().0);
        let inner = match (forged.source, forged.destination) {
            (IpAddr::V4(from), IpAddr::V4(to)) => inner.ipv4(from.octets(), to.octets(), 64),
            (IpAddr::V6(from), IpAddr::V6(to)) => inner.ipv6(from.octets(), to.octets(), 64),
            (from, to) => anyhow::bail!("{from} and {to} are of different families"),
        };
        let mut payload = vec![0x08, 0, 0, 0];
        payload.extend((forged.vni << 8).to_be_bytes());
        inner.udp(4000, 4001).write(&mut payload, &forged.marker)?;
        let port = self.world.lab.gateway().port();
        let vtep = port.v4.context("the gateway has no IPv4 address")?;
        let mut frame = Vec::new();
        PacketBuilder::ethernet2(self.world.lab.bystander_uplink().mac.0, port.mac.0)
            .ipv4(forged.vtep.octets(), vtep.octets(), 64)
            .udp(50_000, VXLAN_PORT)
            .write(&mut frame, &payload)?;
        Ok(frame)
    }
}

#[test]
fn spoofed_addresses_hypervisors_and_vpcs_never_pass() -> Result<()> {
    let world = World::build(Lab::builder())?;
    let agent = Agent::start(&world.lab)?;
    let mut forger = Forger::new(&world, &agent)?;
    for v6 in [false, true] {
        let honest = forger.honest(v6)?;
        ensure!(
            forger.arrives(&honest)?,
            "the honest frame does not pass: {honest:?}"
        );

        let nobody: IpAddr = if v6 {
            "fd00:1::77".parse()?
        } else {
            "10.1.0.77".parse()?
        };
        let mut forged = forger.honest(v6)?;
        forged.source = nobody;
        forger.is_dropped("an address that no member has", &forged, "SpoofedSource")?;

        let mut forged = forger.honest(v6)?;
        forged.source = forged.destination;
        forger.is_dropped("an address of another VPC", &forged, "SpoofedSource")?;

        let mut forged = forger.honest(v6)?;
        forged.source = if v6 {
            Ipv6Addr::LOCALHOST.into()
        } else {
            Ipv4Addr::LOCALHOST.into()
        };
        forger.is_dropped("the loopback address", &forged, "SpoofedSource")?;

        let mut forged = forger.honest(v6)?;
        let IpAddr::V4(other) = world.lab.vtep_of(&world.green)? else {
            unreachable!("IPv4")
        };
        forged.vtep = other;
        forger.is_dropped("another hypervisor's VTEP", &forged, "SpoofedSource")?;

        let mut forged = forger.honest(v6)?;
        forged.vtep = world.lab.bystander_uplink().v4.context("no address")?;
        forger.is_dropped("a VTEP that is no hypervisor's", &forged, "SpoofedSource")?;

        let mut forged = forger.honest(v6)?;
        forged.vni = world.red.vpc().vni();
        forger.is_dropped("an unpeered VPC", &forged, "NoRoute")?;

        let mut forged = forger.honest(v6)?;
        forged.vni = world.green.vpc().vni();
        forger.is_dropped("the destination's own VPC", &forged, "NoRoute")?;

        let mut forged = forger.honest(v6)?;
        forged.vni = 0;
        forger.is_dropped("VNI 0", &forged, "VniZero")?;
    }
    Ok(())
}
