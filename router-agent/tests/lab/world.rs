//! Worlds that the tests share, and questions that they ask of them.

use std::net::IpAddr;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use isthmus_lab::traffic::{Outcome, Patience, Ping, Responders, Transfer, ping, reach, transfer};
use isthmus_lab::{Family, Lab, LabBuilder, Member, Namespace, Peering, Vpc, wait_until};
use rtnetlink::Handle;

/// How long anything may take to come into force.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Blue and green, one member each, on different hypervisors, and a stranger in
/// red beside green.
pub(crate) struct World {
    pub(crate) lab: Lab,
    pub(crate) blue: Member,
    pub(crate) green: Member,
    pub(crate) red: Member,
}

impl World {
    /// Builds the lab; blue and green are peered in its manifests.
    pub(crate) fn build(builder: LabBuilder) -> Result<Self> {
        isthmus_lab::check_machine()?;
        let mut lab = builder.build()?;
        let [blue_vpc, green_vpc, red_vpc] = [1, 2, 3].map(|vni| vpc(&mut lab, vni));
        let blue = member(&mut lab, &blue_vpc, 0, 2)?;
        let green = member(&mut lab, &green_vpc, 1, 2)?;
        let red = member(&mut lab, &red_vpc, 1, 2)?;
        lab.peer(Peering::between(&blue_vpc, &green_vpc));
        Ok(Self {
            lab,
            blue,
            green,
            red,
        })
    }
}

/// The VPC 10.VNI.0.0/24 and fd00:VNI::/64.
pub(crate) fn vpc(lab: &mut Lab, vni: u32) -> Vpc {
    let cidrs = [format!("10.{vni}.0.0/24"), format!("fd00:{vni}::/64")];
    lab.vpc(vni, cidrs.map(|cidr| cidr.parse().expect("a CIDR")))
}

/// The member with this host number in its VPC, in both families.
pub(crate) fn member(lab: &mut Lab, vpc: &Vpc, hypervisor: usize, host: u32) -> Result<Member> {
    let vni = vpc.vni();
    let addresses = [
        format!("10.{vni}.0.{host}"),
        format!("fd00:{vni}::{host:x}"),
    ];
    let addresses = addresses.map(|address| address.parse::<IpAddr>().expect("an address"));
    Ok(lab.member(vpc, hypervisor, addresses)?)
}

/// Waits until `condition` holds.
pub(crate) fn eventually(what: &str, condition: impl FnMut() -> Result<bool>) -> Result<()> {
    wait_until(what, PATIENCE, condition)
}

/// Whether a UDP request from one member is answered by the other.
pub(crate) fn reaches(from: &Member, to: &Member, family: Family) -> Result<bool> {
    let pair = (
        from.at(family).context("no address")?,
        to.at(family).context("no address")?,
    );
    let _responders = Responders::start(std::slice::from_ref(&pair.1))?;
    let patience = Patience {
        rounds: 2,
        quiet: Duration::from_millis(150),
    };
    let outcome = reach(&[pair], patience)?[0];
    ensure!(
        !matches!(outcome, Outcome::Misdelivered { .. }),
        "misdelivered: {outcome:?}"
    );
    Ok(outcome == Outcome::Reached)
}

/// ICMP, UDP and TCP in both families and directions, with packets as large as
/// the members' MTU allows.
pub(crate) fn talk(lab: &Lab, first: &Member, second: &Member) -> Result<()> {
    for family in [Family::V4, Family::V6] {
        let headers = if family == Family::V4 { 28 } else { 48 };
        let full = Ping {
            payload: lab.member_mtu() as usize - headers,
            ..Ping::default()
        };
        for (from, to) in [(first, second), (second, first)] {
            let [a, b] = [from, to].map(|member| member.at(family));
            let (a, b) = (a.context("no address")?, b.context("no address")?);
            ensure!(ping(&a, &b, Ping::default())?, "ICMP fails over {family:?}");
            ensure!(
                ping(&a, &b, full)?,
                "ICMP of full size fails over {family:?}"
            );
            ensure!(reaches(from, to, family)?, "UDP fails over {family:?}");
            transfer(&a, &b, Transfer::default()).with_context(|| format!("over {family:?}"))?;
        }
    }
    Ok(())
}

/// Asks the kernel for something over rtnetlink, in a namespace.
pub(crate) fn rtnetlink<F>(
    namespace: &Namespace,
    request: impl FnOnce(Handle) -> F + Send,
) -> Result<()>
where
    F: Future<Output = std::result::Result<(), rtnetlink::Error>>,
{
    namespace.run(|| -> Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .build()?;
        runtime.block_on(async {
            let (connection, handle, _) = rtnetlink::new_connection()?;
            let driven = tokio::spawn(connection);
            let answer = request(handle).await;
            driven.abort();
            Ok(answer?)
        })
    })?
}

/// Index of an interface, in a namespace.
pub(crate) fn index_of(namespace: &Namespace, interface: &str) -> Result<u32> {
    let name = std::ffi::CString::new(interface)?;
    // SAFETY: a string that ends with zero and lives through the call.
    let index = namespace.run(|| unsafe { libc::if_nametoindex(name.as_ptr()) })?;
    ensure!(index != 0, "there is no {interface}");
    Ok(index)
}
