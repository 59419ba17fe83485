//! What reaches the gateway's ports.

use std::net::IpAddr;
use std::time::Duration;

use anyhow::{Result, ensure};
use isthmus_lab::traffic::{Endpoint, FrameSocket, Ping, ping};
use isthmus_lab::{Family, Lab, Underlay};

#[test]
fn traffic_for_other_vpcs_goes_to_the_port_that_it_is_steered_to() -> Result<()> {
    isthmus_lab::check_machine()?;
    let builder = Lab::builder().gateway_ports(2).underlay(Underlay::Dual);
    let mut lab = builder.vtep_family(1, Family::V6).build()?;
    let vpc = lab.vpc(7, ["10.104.0.0/20".parse()?]);
    let addresses: [IpAddr; 2] = ["10.104.0.2".parse()?, "10.104.0.3".parse()?];
    let members = [
        lab.member(&vpc, 0, addresses[0])?,
        lab.member(&vpc, 1, addresses[1])?,
    ];
    let elsewhere = Endpoint {
        namespace: lab.bystander().clone(),
        address: "10.105.0.2".parse()?,
        id: 0,
    };
    for number in [0, 1] {
        let port = &lab.gateway().ports()[number];
        for (hypervisor, member) in members.iter().enumerate() {
            lab.steer(&vpc, hypervisor, number)?;
            let capture = FrameSocket::open(lab.gateway().namespace(), &port.interface)?;
            let from = member.endpoint(addresses[hypervisor]);
            let once = Ping {
                attempts: 1,
                patience: Duration::from_millis(10),
                payload: 8,
            };
            ensure!(
                !ping(&from, &elsewhere, once)?,
                "a gateway without a router answered"
            );
            let station = lab.hypervisors()[hypervisor].uplink().mac;
            let ethertype = if hypervisor == 0 {
                [0x08, 0x00]
            } else {
                [0x86, 0xdd]
            };
            capture.expect("VXLAN at the port", Duration::from_secs(2), |frame| {
                frame.starts_with(&port.mac.0)
                    && frame[6..12] == station.0
                    && frame[12..14] == ethertype
            })?;
        }
    }
    ensure!(lab.steer(&vpc, 0, 2).is_err(), "there is no third port");
    Ok(())
}
