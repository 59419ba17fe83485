//! Traffic inside a VPC, over the kernel's own VXLAN and without a router, on
//! every kind of underlay.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use isthmus_lab::traffic::{
    FrameSocket, Outcome, Patience, Ping, Responders, Stream, StreamConfig, Transfer, ping, reach,
    transfer,
};
use isthmus_lab::{Family, Lab, LabBuilder, Member, MemberSpec, Peering, Underlay};

fn ip(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

/// Two members of one VPC, one on each hypervisor.
fn two_members(builder: LabBuilder) -> Result<(Lab, Member, Member)> {
    isthmus_lab::check_machine()?;
    let mut lab = builder.build()?;
    let vpc = lab.vpc(1, ["10.104.0.0/20".parse()?, "fd00:104::/64".parse()?]);
    let first = lab.member(&vpc, 0, [ip("10.104.0.2"), ip("fd00:104::2")])?;
    let second = lab.member(&vpc, 1, [ip("10.104.0.3"), ip("fd00:104::3")])?;
    Ok((lab, first, second))
}

/// Pings of full size and a TCP transfer, in both families and directions.
fn everything_passes(lab: &Lab, first: &Member, second: &Member) -> Result<()> {
    for family in [Family::V4, Family::V6] {
        let a = first.at(family).context("no address")?;
        let b = second.at(family).context("no address")?;
        let ip_and_icmp = if family == Family::V4 { 28 } else { 48 };
        let full = Ping {
            payload: lab.member_mtu() as usize - ip_and_icmp,
            ..Ping::default()
        };
        for (from, to) in [(&a, &b), (&b, &a)] {
            ensure!(
                ping(from, to, Ping::default())?,
                "no answer over {family:?}"
            );
            ensure!(
                ping(from, to, full)?,
                "no answer to a full packet over {family:?}"
            );
            transfer(from, to, Transfer::default())?;
        }
    }
    Ok(())
}

#[test]
fn members_on_two_hypervisors_talk_over_ipv4() -> Result<()> {
    let (lab, first, second) = two_members(Lab::builder())?;
    everything_passes(&lab, &first, &second)
}

#[test]
fn members_on_two_hypervisors_talk_over_ipv6() -> Result<()> {
    let (lab, first, second) = two_members(Lab::builder().underlay(Underlay::V6))?;
    everything_passes(&lab, &first, &second)
}

#[test]
fn members_talk_over_a_dual_stack_hub_with_jumbo_frames() -> Result<()> {
    let builder = Lab::builder().underlay(Underlay::Dual).hub(true).mtu(9000);
    let (lab, first, second) = two_members(builder)?;
    everything_passes(&lab, &first, &second)
}

#[test]
fn a_tagged_underlay_works_or_says_that_the_kernel_has_no_vlans() -> Result<()> {
    let (lab, first, second) = match two_members(Lab::builder().vlan(100).hub(true)) {
        Err(error) => {
            // A kernel without VLANs is told of in a sentence, and can show no more.
            let sentence = error.to_string();
            ensure!(
                sentence.starts_with("The kernel has no 802.1Q devices"),
                "{sentence}"
            );
            return Ok(());
        }
        Ok(built) => built,
    };
    everything_passes(&lab, &first, &second)?;
    // The VLAN's interface shows only frames that came tagged with it.
    let port = lab.gateway().port();
    let tagged = FrameSocket::open(lab.gateway().namespace(), &port.address_interface)?;
    let (from, to) = (
        first.at(Family::V4).unwrap(),
        second.at(Family::V4).unwrap(),
    );
    // Multicast reaches the gateway whatever MACs the VLAN's interface filters.
    ensure!(ping(&from, &to, Ping::default())?);
    let bystander = FrameSocket::open(lab.bystander(), &lab.bystander_uplink().address_interface)?;
    let mut frame = vec![0xff; 6];
    frame.extend(lab.bystander_uplink().mac.0);
    frame.extend([0x88, 0xb5]);
    frame.extend([7; 50]);
    bystander.send(&frame)?;
    tagged.expect("the broadcast on the VLAN", Duration::from_secs(2), |it| {
        it == frame
    })?;
    Ok(())
}

#[test]
fn the_gateway_sees_frames_of_others_on_a_hub_and_answers_at_its_own_addresses() -> Result<()> {
    let (lab, first, second) = two_members(Lab::builder().underlay(Underlay::Dual).hub(true))?;
    let port = lab.gateway().port();
    let capture = FrameSocket::open(lab.gateway().namespace(), &port.interface)?;
    let (from, to) = (
        first.at(Family::V4).unwrap(),
        second.at(Family::V4).unwrap(),
    );
    ensure!(ping(&from, &to, Ping::default())?);
    let hypervisor = lab.hypervisors()[1].uplink().mac;
    capture.expect("a frame to a hypervisor", Duration::from_secs(2), |frame| {
        frame.starts_with(&hypervisor.0)
    })?;
    for address in port.addresses() {
        let host = lab.bystander_uplink().address(Family::of(address)).unwrap();
        let endpoint =
            |namespace: &isthmus_lab::Namespace, address| isthmus_lab::traffic::Endpoint {
                namespace: namespace.clone(),
                address,
                id: 0,
            };
        let (host, gateway) = (
            endpoint(lab.bystander(), host),
            endpoint(lab.gateway().namespace(), address),
        );
        ensure!(
            ping(&host, &gateway, Ping::default())?,
            "the gateway is silent at {address}"
        );
        transfer(
            &host,
            &gateway,
            Transfer {
                bytes: 1 << 20,
                ..Transfer::default()
            },
        )?;
    }
    Ok(())
}

#[test]
fn vpcs_are_isolated_without_a_router_even_with_the_same_addresses() -> Result<()> {
    let (mut lab, first, second) = two_members(Lab::builder())?;
    let twin_vpc = lab.vpc(2, ["10.104.0.0/20".parse()?]);
    let other_vpc = lab.vpc(3, ["10.105.0.0/20".parse()?]);
    let shadow = lab.member(&twin_vpc, 1, [ip("10.104.0.3")])?;
    let other = lab.member(&other_vpc, 1, [ip("10.105.0.2")])?;
    let [a, b, shadow, other] =
        [&first, &second, &shadow, &other].map(|member| member.at(Family::V4).unwrap());
    let _responders = Responders::start(&[b.clone(), shadow.clone(), other.clone()])?;
    let pairs = [(a.clone(), b.clone()), (a, other.clone()), (other, b)];
    let outcomes = reach(&pairs, Patience::default())?;
    assert_eq!(
        outcomes,
        [Outcome::Reached, Outcome::NotReached, Outcome::NotReached]
    );
    Ok(())
}

#[test]
fn a_member_moves_and_comes_back_without_losing_a_packet() -> Result<()> {
    let (mut lab, first, second) = two_members(Lab::builder())?;
    let (from, to) = (
        first.at(Family::V4).unwrap(),
        second.at(Family::V4).unwrap(),
    );
    ensure!(ping(&from, &to, Ping::default())?);
    let stream = Stream::start(&from, &to, StreamConfig::default())?;
    let mut place = second.clone();
    for hypervisor in [0, 1] {
        stream.wait_for(2_000, Duration::from_secs(5))?;
        let twin = lab.twin(&place, hypervisor)?;
        stream.also_at(&twin.at(Family::V4).unwrap())?;
        lab.redirect(&twin)?;
        let now: Vec<_> = lab.members().filter(|it| it.id() == second.id()).collect();
        assert_eq!(
            now.iter().map(|it| it.hypervisor()).collect::<Vec<_>>(),
            [hypervisor]
        );
        stream.wait_for(2_000, Duration::from_secs(5))?;
        lab.remove(&place)?;
        ensure!(lab.remove(&place).is_err(), "a place was removed twice");
        place = twin;
    }
    stream.wait_for(2_000, Duration::from_secs(5))?;
    let report = stream.stop()?;
    ensure!(report.is_perfect(), "{report:?}");
    Ok(())
}

#[test]
fn a_member_answers_for_the_prefix_that_it_routes() -> Result<()> {
    let (mut lab, first, _second) = two_members(Lab::builder())?;
    let node =
        MemberSpec::new([ip("10.104.0.9")]).prefix("10.104.4.0/26".parse()?, [ip("10.104.4.5")]);
    let vpc = first.vpc().clone();
    let node = lab.member(&vpc, 1, node)?;
    ensure!(ping(
        &first.at(Family::V4).unwrap(),
        &node.endpoint(ip("10.104.4.5")),
        Ping::default()
    )?);
    ensure!(
        lab.manifests()
            .members
            .contains(r#"prefixes: ["10.104.4.0/26"]"#)
    );
    Ok(())
}

#[test]
fn forty_vpcs_with_120_members_stand_within_seconds_and_reach_their_own() -> Result<()> {
    isthmus_lab::check_machine()?;
    let start = Instant::now();
    let mut lab = Lab::builder().build()?;
    let mut members = Vec::new();
    for number in 0..40_u8 {
        let vpc = lab.vpc(
            1000 + u32::from(number),
            [format!("10.{number}.0.0/24").parse()?],
        );
        for host in 0..3_u8 {
            let address = ip(&format!("10.{number}.0.{}", 2 + host));
            members.push(lab.member(&vpc, usize::from(host % 2), [address])?);
        }
        if let [.., other, _] = lab.vpcs() {
            let peering = Peering::between(other, &vpc);
            lab.peer(peering);
        }
    }
    let built = start.elapsed();
    ensure!(built < Duration::from_secs(15), "building took {built:?}");
    let endpoints: Vec<_> = members
        .iter()
        .map(|member| member.at(Family::V4).unwrap())
        .collect();
    let _responders = Responders::start(&endpoints)?;
    let mut pairs = Vec::new();
    let mut expected = Vec::new();
    for step in 1..=8 {
        for (at, from) in members.iter().enumerate() {
            let to = (at + step) % members.len();
            pairs.push((endpoints[at].clone(), endpoints[to].clone()));
            let same = from.vpc() == members[to].vpc();
            expected.push(if same {
                Outcome::Reached
            } else {
                Outcome::NotReached
            });
        }
    }
    let start = Instant::now();
    assert_eq!(reach(&pairs, Patience::default())?, expected);
    eprintln!(
        "built in {built:?}, {} pairs in {:?}",
        pairs.len(),
        start.elapsed()
    );
    Ok(())
}
