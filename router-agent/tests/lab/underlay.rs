//! What is not the router's business passes untouched.

use std::io::{Read as _, Write as _};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use isthmus_lab::traffic::{Endpoint, FrameSocket, Ping, ping};
use isthmus_lab::{Lab, Underlay};

use crate::agent::Agent;
use crate::world::World;

const TIMEOUT: Duration = Duration::from_secs(5);

/// The gateway and the bystander as ends of traffic in the underlay.
fn ends(world: &World) -> Vec<(Endpoint, Endpoint)> {
    let gateway = world.lab.gateway();
    let addresses = gateway
        .port()
        .addresses()
        .into_iter()
        .zip(world.lab.bystander_uplink().addresses());
    addresses
        .map(|(here, there)| {
            let here = Endpoint {
                namespace: gateway.namespace().clone(),
                address: here,
                id: 0,
            };
            let there = Endpoint {
                namespace: world.lab.bystander().clone(),
                address: there,
                id: 0,
            };
            (here, there)
        })
        .collect()
}

#[test]
fn management_sessions_to_the_gateways_own_addresses_go_on() -> Result<()> {
    let world = World::build(Lab::builder().underlay(Underlay::Dual))?;
    let _agent = Agent::start(&world.lab)?;
    for (gateway, bystander) in ends(&world) {
        // The first packet asks for the gateway's MAC: ARP and ND work too.
        ensure!(
            ping(&bystander, &gateway, Ping::default())?,
            "{} is not reached",
            gateway.address
        );
        ensure!(
            ping(&gateway, &bystander, Ping::default())?,
            "the gateway does not reach out"
        );
        session(&gateway, &bystander).with_context(|| format!("at {}", gateway.address))?;
    }
    Ok(())
}

/// A TCP session with many small and some large messages, as SSH has.
fn session(gateway: &Endpoint, bystander: &Endpoint) -> Result<()> {
    let address: IpAddr = gateway.address;
    let listener = gateway
        .namespace
        .run(|| TcpListener::bind(SocketAddr::new(address, 22)))??;
    let server = std::thread::spawn(move || -> std::io::Result<()> {
        let (mut stream, _) = listener.accept()?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        let mut buffer = [0; 4096];
        loop {
            match stream.read(&mut buffer)? {
                0 => return Ok(()),
                length => stream.write_all(&buffer[..length])?,
            }
        }
    });
    let mut client = bystander
        .namespace
        .run(|| TcpStream::connect_timeout(&SocketAddr::new(address, 22), TIMEOUT))??;
    client.set_read_timeout(Some(TIMEOUT))?;
    for length in (1..200).chain([1000, 4000]) {
        let message = vec![length as u8; length];
        client.write_all(&message)?;
        let mut echo = vec![0; length];
        client.read_exact(&mut echo)?;
        ensure!(echo == message);
    }
    drop(client);
    server.join().expect("the server's thread")?;
    Ok(())
}

#[test]
fn lldp_reaches_the_gateways_stack_byte_for_byte() -> Result<()> {
    let world = World::build(Lab::builder())?;
    let _agent = Agent::start(&world.lab)?;
    let gateway = world.lab.gateway();
    let listening = FrameSocket::open(gateway.namespace(), &gateway.port().interface)?;
    let uplink = world.lab.bystander_uplink();
    let sending = FrameSocket::open(world.lab.bystander(), &uplink.interface)?;
    // To the nearest bridge, from the bystander, Ethertype of LLDP (IEEE 802.1AB).
    let mut frame = vec![0x01, 0x80, 0xc2, 0x00, 0x00, 0x0e];
    frame.extend(uplink.mac.0);
    frame.extend([0x88, 0xcc]);
    frame.extend((0..100).map(|byte: u8| byte.wrapping_mul(7)));
    sending.send(&frame)?;
    listening.expect("the LLDP frame", TIMEOUT, |seen| seen == frame)?;
    Ok(())
}
