//! How many bytes an agent takes for each member, beyond the tables: slices as they
//! come from a cluster, and the desired state that follows: `slices_memory [MEMBERS]`.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Instant;

use anyhow::{Context as _, ensure};
use isthmus_compiler::slices::SliceKind;
use isthmus_crds::{
    ForwardingSlice, ForwardingSliceSpec, MacAddress, SliceMember, Vni, VpcIdentity,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use router_agent::cluster::received::Received;
use router_agent::cluster::watch::{Slice, SliceEvent, SliceNews};
use router_agent::dataplane::{Desired, Touched};

/// Members of a slice, and of a VPC.
const EACH: u32 = 100;

fn main() -> anyhow::Result<()> {
    let count: u32 = match std::env::args().nth(1) {
        Some(text) => text.parse().context("a number of members")?,
        None => 100_000,
    };
    let mut received = Received::new(vec!["default".to_owned()]);
    let mut desired = Desired::default();
    let before = resident()?;
    let begin = Instant::now();
    // As the API server lists them: in order of their names.
    let mut numbers: Vec<u32> = (0..count / EACH).collect();
    numbers.sort_unstable_by_key(|number| name(*number));
    let listed = numbers
        .into_iter()
        .map(|number| Ok(SliceNews::Listed(slice(number)?)));
    let news = [Ok(SliceNews::ListBegins)].into_iter().chain(listed);
    for news in news.chain([Ok::<_, anyhow::Error>(SliceNews::ListEnds)]) {
        let event = SliceEvent {
            pool: 0,
            kind: SliceKind::Forwarding,
            news: news?,
        };
        for change in received.take(event) {
            desired.apply(&change, &mut Touched::default());
        }
    }
    ensure!(
        desired.member_count() == count as usize,
        "a member is missing"
    );
    let bytes = resident()?.saturating_sub(before);
    println!(
        "{} bytes a member, in {:?}",
        bytes / count as usize,
        begin.elapsed()
    );
    Ok(())
}

fn name(number: u32) -> String {
    format!("vni-{}-3f2a9c1b-0", number + 1)
}

fn slice(number: u32) -> anyhow::Result<Slice> {
    let members = (0..EACH).map(|i| {
        let [a, b, c, d] = (number * EACH + i).to_be_bytes();
        Ok(SliceMember {
            name: format!("member-{i}"),
            addresses: vec![IpAddr::from([10, b, c, d])],
            prefixes: Vec::new(),
            mac: MacAddress::new([2, 0, a, b, c, d])?,
            hypervisor: IpAddr::V4(Ipv4Addr::from(0xac10_0000 + number % 1_000)),
        })
    });
    let spec = ForwardingSliceSpec {
        vni: Vni::new(number + 1)?,
        vpc: VpcIdentity {
            namespace: "team-a".to_owned(),
            name: format!("vpc-{number}"),
            uid: format!("6f1c2d3e-0000-4000-8000-{number:012x}"),
        },
        members: members.collect::<anyhow::Result<_>>()?,
    };
    let metadata = ObjectMeta {
        name: Some(name(number)),
        resource_version: Some((number + 1).to_string()),
        ..ObjectMeta::default()
    };
    Ok(Slice::Forwarding(Box::new(ForwardingSlice {
        metadata,
        spec,
    })))
}

fn resident() -> anyhow::Result<usize> {
    let text = std::fs::read_to_string("/proc/self/statm")?;
    let pages = text.split(' ').nth(1).context("resident pages")?;
    Ok(pages.parse::<usize>()? * 4096)
}
