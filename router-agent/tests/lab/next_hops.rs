//! Next hops on real links: routers between, MACs that change, hypervisors that
//! nobody answers for, a gateway that gets another address.

use std::net::IpAddr;

use anyhow::{Context, Result, ensure};
use etherparse::{SlicedPacket, TransportSlice};
use isthmus_lab::traffic::{FrameSocket, Stream, StreamConfig};
use isthmus_lab::{Family, Lab, Mac, Namespace, Underlay, Uplink, VXLAN_PORT};

use crate::agent::Agent;
use crate::world::{PATIENCE, World, eventually, member, reaches, talk};

/// Packets that must arrive before and after an event: a quarter of a second.
const BREATH: u64 = 5_000;
const NEW_MAC: Mac = Mac([0x02, 0x00, 0xac, 0x10, 0xff, 0x01]);

/// Waits for a VXLAN packet that the gateway sends to `mac`.
fn expect_vxlan(seen: &FrameSocket, lab: &Lab, mac: Mac) -> Result<()> {
    let gateway = lab.gateway().port().mac;
    seen.expect("VXLAN from the gateway", PATIENCE, |frame| {
        frame.starts_with(&mac.0)
            && frame[6..12] == gateway.0
            && SlicedPacket::from_ethernet(frame).is_ok_and(|packet| {
                matches!(packet.transport, Some(TransportSlice::Udp(udp))
                    if udp.destination_port() == VXLAN_PORT)
            })
    })?;
    Ok(())
}

#[test]
fn a_hypervisor_behind_a_router_is_reached_at_the_routers_mac() -> Result<()> {
    for underlay in [Underlay::V4, Underlay::V6] {
        let world = World::build(Lab::builder().underlay(underlay).behind_router(1))?;
        let agent = Agent::start(&world.lab)?;
        let router = world.lab.router().context("no router")?;
        let seen = FrameSocket::open(router.namespace(), &router.near().interface)?;
        talk(&world.lab, &world.blue, &world.green).with_context(|| format!("{underlay:?}"))?;
        expect_vxlan(&seen, &world.lab, router.near().mac)?;
        ensure!(agent.dropped("NextHopUnresolved")? == 0);
    }
    Ok(())
}

/// Who leads from the gateway to green: the router, or green's hypervisor.
fn next_hop(lab: &Lab) -> (&Namespace, &Uplink) {
    let green = &lab.hypervisors()[1];
    match lab.router() {
        Some(router) => (router.namespace(), router.near()),
        None => (green.namespace(), green.uplink()),
    }
}

/// Lets blue send to green while the next hop's MAC becomes another one.
fn changes_its_mac(world: &World) -> Result<()> {
    let [blue, green] = [&world.blue, &world.green].map(|it| it.at(Family::V4));
    let (blue, green) = (blue.context("no address")?, green.context("no address")?);
    let stream = Stream::start(&blue, &green, StreamConfig::default())?;
    stream.wait_for(BREATH, PATIENCE)?;
    let (namespace, uplink) = next_hop(&world.lab);
    let seen = FrameSocket::open(namespace, &uplink.interface)?;
    uplink.set_mac(NEW_MAC)?;
    expect_vxlan(&seen, &world.lab, NEW_MAC)?;
    stream.wait_for(BREATH, PATIENCE)?;
    let report = stream.stop()?;
    ensure!(report.misdelivered == 0, "{report:?}");
    Ok(())
}

/// Sets network sysctls in a namespace.
fn set(namespace: &Namespace, sysctls: &[(String, &str)]) -> Result<()> {
    namespace.run(|| -> Result<()> {
        for (name, value) in sysctls {
            let path = format!("/proc/sys/net/{name}");
            std::fs::write(&path, value).with_context(|| path.clone())?;
        }
        Ok(())
    })?
}

#[test]
fn a_next_hop_that_announces_its_new_mac_is_followed_at_once() -> Result<()> {
    for underlay in [Underlay::V4, Underlay::V6] {
        for lab in [Lab::builder(), Lab::builder().behind_router(1)] {
            let world = World::build(lab.underlay(underlay))?;
            let (namespace, uplink) = next_hop(&world.lab);
            // Gratuitous ARP (RFC 5227, section 3), unsolicited advertisement (RFC 4861, 7.2.6).
            let name = &uplink.address_interface;
            set(
                namespace,
                &[
                    (format!("ipv4/conf/{name}/arp_notify"), "1"),
                    (format!("ipv6/conf/{name}/ndisc_notify"), "1"),
                ],
            )?;
            let _agent = Agent::start(&world.lab)?;
            changes_its_mac(&world).with_context(|| format!("{underlay:?}"))?;
        }
    }
    Ok(())
}

#[test]
fn a_new_mac_that_nobody_announces_is_found_out_by_asking() -> Result<()> {
    for underlay in [Underlay::V4, Underlay::V6] {
        let world = World::build(Lab::builder().underlay(underlay).behind_router(1))?;
        let gateway = world.lab.gateway();
        let name = &gateway.port().address_interface;
        // The kernel's own doubts come after half a minute; here at once.
        let doubts = [
            ("base_reachable_time_ms", "500"),
            ("delay_first_probe_time", "1"),
            ("retrans_time_ms", "200"),
        ];
        let doubts: Vec<_> = ["ipv4", "ipv6"]
            .iter()
            .flat_map(|family| {
                doubts.map(|(which, value)| (format!("{family}/neigh/{name}/{which}"), value))
            })
            .collect();
        set(gateway.namespace(), &doubts)?;
        let _agent = Agent::start(&world.lab)?;
        changes_its_mac(&world).with_context(|| format!("{underlay:?}"))?;
    }
    Ok(())
}

#[test]
fn a_hypervisor_that_nobody_answers_for_costs_only_its_own_members_packets() -> Result<()> {
    let mut world = World::build(Lab::builder().hypervisors(3))?;
    let vpc = world.green.vpc().clone();
    let lonely = member(&mut world.lab, &vpc, 2, 3)?;
    let hypervisor = &world.lab.hypervisors()[2];
    hypervisor.uplink().remove_address(hypervisor.vtep())?;

    let port = world.lab.gateway().port().address_interface.clone();
    let agent = Agent::launch(&world.lab, [port], &[])?;
    eventually("the agent is ready", || {
        Ok(agent.get("/readyz").is_ok_and(|(status, _)| status == 200))
    })?;
    eventually("two of three hypervisors are resolved", || {
        Ok(agent.metric("isthmus_hypervisors_unresolved")? == 1)
    })?;
    ensure!(agent.metric("isthmus_hypervisors")? == 3);
    ensure!(!reaches(&world.blue, &lonely, Family::V4)?);
    ensure!(agent.dropped("NextHopUnresolved")? > 0, "not counted");
    talk(&world.lab, &world.blue, &world.green)?;

    hypervisor.uplink().add_address(hypervisor.vtep())?;
    eventually("the hypervisor's members are reached", || {
        reaches(&world.blue, &lonely, Family::V4)
    })?;
    ensure!(agent.metric("isthmus_hypervisors_unresolved")? == 0);
    Ok(())
}

#[test]
fn another_address_of_the_gateway_is_its_vtep_and_the_old_one_is_none_any_more() -> Result<()> {
    let world = World::build(Lab::builder())?;
    let _agent = Agent::start(&world.lab)?;
    let steer = |gateway: IpAddr| -> Result<()> {
        for member in [&world.blue, &world.green] {
            let hypervisor = member.hypervisor();
            world.lab.steer_to(member.vpc(), hypervisor, gateway)?;
        }
        Ok(())
    };
    let port = world.lab.gateway().port();
    let old: IpAddr = port.v4.context("no IPv4")?.into();
    let new: IpAddr = "172.16.0.9".parse()?;
    ensure!(reaches(&world.blue, &world.green, Family::V4)?);
    port.remove_address(old)?;
    port.add_address(new)?;
    steer(new)?;
    eventually("the router answers at the new address", || {
        reaches(&world.blue, &world.green, Family::V4)
    })?;
    steer(old)?;
    ensure!(
        !reaches(&world.blue, &world.green, Family::V4)?,
        "the router answers at the old address"
    );
    steer(new)?;
    ensure!(reaches(&world.blue, &world.green, Family::V4)?);
    Ok(())
}
