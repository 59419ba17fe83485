//! `lab-node` on machines that are somewhere else: here the gateway's and the
//! bystander's namespaces of a lab stand for them.

use std::collections::BTreeSet;
use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use isthmus_lab::protocol::{Answer, NewMember, Request};
use isthmus_lab::{Lab, LabError, Mac, Namespace, Remote, wait_until};

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(10);
const VNI: u32 = 7;

/// A machine, and the one member on it.
struct Place {
    remote: Remote,
    vtep: IpAddr,
    name: &'static str,
    address: IpAddr,
    mac: Mac,
}

impl Place {
    fn start(namespace: &Namespace, device: &str, number: u8) -> Result<Self> {
        let mut remote = Remote::start(namespace.command(env!("CARGO_BIN_EXE_lab-node")))?;
        let device = device.to_owned();
        let gateway_mac = None;
        let answer = remote.ask(&Request::Hypervisor {
            device,
            gateway_mac,
        })?;
        let Answer::Hypervisor { vtep, member_mtu } = answer else {
            bail!("{answer:?}");
        };
        ensure!(member_mtu == 1450, "{member_mtu}");
        let (name, address) = ("only", IpAddr::from([10, 104, 0, number]));
        let mac = Mac::of_member(number.into());
        let member = NewMember {
            name: name.to_owned(),
            vni: VNI,
            cidrs: vec!["10.104.0.0/24".parse()?],
            addresses: vec![address],
            mac,
            gateway: "172.16.0.99".parse()?,
        };
        done(&mut remote, &Request::Member(member))?;
        Ok(Self {
            remote,
            vtep,
            name,
            address,
            mac,
        })
    }

    fn knows(&mut self, other: &Self) -> Result<()> {
        let (vni, mac, vtep) = (VNI, other.mac, other.vtep);
        done(&mut self.remote, &Request::Neighbour { vni, mac, vtep })
    }

    fn pings(&mut self, to: IpAddr) -> Result<bool> {
        let answer = self.remote.ask(&Request::Ping {
            from: self.name.to_owned(),
            to,
            attempts: 2,
            patience_ms: 500,
        })?;
        let Answer::Pinged { answered } = answer else {
            bail!("{answer:?}");
        };
        Ok(answered)
    }
}

fn done(remote: &mut Remote, request: &Request) -> Result<()> {
    let answer = remote.ask(request)?;
    ensure!(answer == Answer::Done, "{answer:?}");
    Ok(())
}

/// Two machines with a member each that know of each other.
fn two_places(lab: &Lab) -> Result<[Place; 2]> {
    let mut first = Place::start(lab.gateway().namespace(), "eth0", 2)?;
    let mut second = Place::start(lab.bystander(), "eth0", 3)?;
    first.knows(&second)?;
    second.knows(&first)?;
    Ok([first, second])
}

/// Names of the interfaces in a namespace.
fn interfaces(namespace: &Namespace) -> Result<BTreeSet<String>> {
    // Unlike /sys, this is the thread's own namespace.
    let table = namespace.run(|| fs::read_to_string("/proc/thread-self/net/dev"))??;
    let names = table.lines().filter_map(|line| line.split_once(':'));
    Ok(names.map(|(name, _)| name.trim().to_owned()).collect())
}

#[test]
fn members_on_two_machines_ping_and_transfer() -> Result<()> {
    isthmus_lab::check_machine()?;
    let lab = Lab::builder().hypervisors(0).build()?;
    let [mut first, mut second] = two_places(&lab)?;
    ensure!(first.pings(second.address)?, "no answer");
    ensure!(second.pings(first.address)?, "no answer back");
    ensure!(!first.pings("10.104.0.9".parse()?)?, "nobody answered");

    let (transfer, bytes, patience_ms) = (1, 1 << 20, 5_000);
    let answer = second.remote.ask(&Request::ReceiveTransfer {
        transfer,
        member: second.name.to_owned(),
        address: second.address,
        bytes,
        patience_ms,
    })?;
    let Answer::Listening { port } = answer else {
        bail!("{answer:?}");
    };
    let sending = Request::SendTransfer {
        from: first.name.to_owned(),
        to: SocketAddr::new(second.address, port),
        bytes,
        patience_ms,
    };
    done(&mut first.remote, &sending)?;
    done(&mut second.remote, &Request::FinishTransfer { transfer })
}

#[test]
fn a_stream_between_machines_says_what_was_lost_and_when() -> Result<()> {
    isthmus_lab::check_machine()?;
    let lab = Lab::builder().hypervisors(0).build()?;
    let [mut first, mut second] = two_places(&lab)?;
    ensure!(first.pings(second.address)?);
    let (stream, rate) = (5, 5_000);
    let answer = second.remote.ask(&Request::Receive {
        stream,
        member: second.name.to_owned(),
        address: second.address,
    })?;
    let Answer::Listening { port } = answer else {
        bail!("{answer:?}");
    };
    let answer = first.remote.ask(&Request::Send {
        stream,
        from: first.name.to_owned(),
        to: SocketAddr::new(second.address, port),
        rate,
        payload: 64,
    })?;
    ensure!(matches!(answer, Answer::Sending { .. }), "{answer:?}");
    let began = Instant::now();
    let arrive = |second: &mut Place, packets| {
        let mut target = None;
        wait_until("the arrival of packets", PATIENCE, || {
            let answer = second.remote.ask(&Request::Progress { stream })?;
            let Answer::Progress { arrived, sent } = answer else {
                bail!("{answer:?}");
            };
            ensure!(sent.is_none(), "the sender is on the other machine");
            let arrived = arrived.context("no receiver")?;
            Ok(arrived >= *target.get_or_insert(arrived + packets))
        })
    };
    arrive(&mut second, 2_000)?;
    // What is sent to nobody is lost, until the way is back.
    let (vni, mac) = (VNI, second.mac);
    let nobody = "172.16.0.99".parse()?;
    let lost_from = began.elapsed();
    first.remote.ask(&Request::Neighbour {
        vni,
        mac,
        vtep: nobody,
    })?;
    wait_until("packets are lost", PATIENCE, || {
        Ok::<_, anyhow::Error>(began.elapsed() > lost_from + Duration::from_millis(100))
    })?;
    first.knows(&second)?;
    let lost_until = began.elapsed();
    arrive(&mut second, 2_000)?;

    let answer = first.remote.ask(&Request::StopSending { stream })?;
    let Answer::Sent { packets: sent } = answer else {
        bail!("{answer:?}");
    };
    let answer = second
        .remote
        .ask(&Request::StopReceiving { stream, sent })?;
    let Answer::Received { report, gaps } = answer else {
        bail!("{answer:?}");
    };
    ensure!(
        report.sent == sent && report.misdelivered == 0,
        "{report:?}"
    );
    let [gap] = gaps[..] else {
        bail!("one gap was made, and there are {gaps:?}");
    };
    ensure!(
        gap.packets == report.lost && gap.packets > 300,
        "{report:?}"
    );
    let at = |sequence: u64| Duration::from_secs_f64(sequence as f64 / f64::from(rate));
    let slack = Duration::from_millis(250);
    ensure!(at(gap.first) + slack > lost_from, "{gaps:?} {lost_from:?}");
    ensure!(
        at(gap.first + gap.packets) < lost_until + slack,
        "{gaps:?} {lost_until:?}"
    );
    Ok(())
}

#[test]
fn what_cannot_be_done_is_said_in_a_sentence_and_ends_nothing() -> Result<()> {
    isthmus_lab::check_machine()?;
    let lab = Lab::builder().hypervisors(0).build()?;
    let mut remote = Remote::start(lab.bystander().command(env!("CARGO_BIN_EXE_lab-node")))?;
    let mut says = |request: &Request| match remote.ask(request) {
        Err(LabError::Remote(why)) => Ok(why),
        other => bail!("{other:?}"),
    };
    let hypervisor = |device: &str| Request::Hypervisor {
        device: device.to_owned(),
        gateway_mac: None,
    };
    ensure!(says(&hypervisor("eth7"))?.contains("eth7"));
    ensure!(
        says(&Request::Progress { stream: 1 }).is_err(),
        "nothing of it is here"
    );
    let removal = Request::Remove {
        member: "web-1".to_owned(),
    };
    ensure!(says(&removal)? == "there is no hypervisor");
    remote.ask(&hypervisor("eth0"))?;
    let answer = remote.ask(&removal);
    ensure!(
        matches!(&answer, Err(LabError::Remote(why)) if why.contains("web-1")),
        "{answer:?}"
    );
    Ok(())
}

#[test]
fn nothing_shows_on_the_machine_and_nothing_stays() -> Result<()> {
    isthmus_lab::check_machine()?;
    let lab = Lab::builder().hypervisors(0).build()?;
    let before = interfaces(lab.bystander())?;
    let [first, second] = two_places(&lab)?;
    assert_eq!(interfaces(lab.bystander())?, before, "a VXLAN device shows");
    drop(first);
    drop(second);
    assert_eq!(interfaces(lab.bystander())?, before);
    // The UDP port is free as soon as the kernel has taken the devices away.
    wait_until("the port of VXLAN is free", PATIENCE, || {
        let bound = lab
            .bystander()
            .run(|| std::net::UdpSocket::bind("0.0.0.0:4789").is_ok())?;
        Ok::<_, anyhow::Error>(bound)
    })
}
