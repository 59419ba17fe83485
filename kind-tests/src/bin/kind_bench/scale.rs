//! A cluster full of VPCs.

use std::fmt::Write as _;
use std::net::IpAddr;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use isthmus_benchmark::Row;
use isthmus_kind_tests::faults::{AGENTS, OPERATORS};
use isthmus_kind_tests::world::World;
use isthmus_kind_tests::{Kubectl, ProgrammedWatch};
use serde_json::Value;

const TEAM: &str = "bench-scale";
const VPCS: usize = 200;
/// Members of a VPC.
const MEMBERS: usize = 10;
const PEERINGS: usize = 500;
/// VPCs whose first members live.
const ALIVE: usize = 8;

/// The two VPCs of a peering: each VPC in turn with the next, then with the one
/// after that, and so on.
const fn pair(number: usize) -> (usize, usize) {
    (number % VPCS, (number % VPCS + number / VPCS + 1) % VPCS)
}

pub(crate) fn measure(world: &mut World, rows: &mut Vec<Row>) -> Result<()> {
    let cell = format!("{VPCS}-vpcs");
    let vteps = [0, 1].map(|at| world.vtep(at));
    let vpcs: String = (0..VPCS)
        .map(|number| vpc(number, &vteps, MEMBERS))
        .collect();
    world.declare(&vpcs)?;
    let watch = ProgrammedWatch::start(&world.kubectl, "vpcpeerings", TEAM)?;
    let peerings: String = (0..PEERINGS).map(peering).collect();
    world.declare(&peerings)?;
    let taken = watch.finish(PEERINGS, Duration::from_secs(300))?;
    rows.push(Row::with_p99(&cell, "created to programmed", "ms", &taken));

    let alive: String = (0..ALIVE).map(|number| vpc(number, &vteps, 1)).collect();
    world.bring(&alive)?;
    let member = |vpc: usize| format!("{TEAM}/member-{vpc}-0");
    for one in 0..ALIVE {
        for two in (0..ALIVE).filter(|two| *two != one) {
            let is_peered = (0..PEERINGS).any(|number| {
                let pair = pair(number);
                pair == (one, two) || pair == (two, one)
            });
            let talks = world.pings(&member(one), &member(two))?;
            ensure!(talks == is_peered, "VPC {one} and {two}: {talks}");
        }
    }
    for (what, pods) in [("operator", OPERATORS), ("agent", AGENTS)] {
        let bytes = memory(&world.kubectl, pods)?;
        let mib: Vec<f64> = bytes
            .iter()
            .map(|bytes| bytes / f64::from(1 << 20))
            .collect();
        rows.push(Row::of(&cell, &format!("{what}'s memory"), "MiB", &mib));
    }
    Ok(())
}

/// A VPC and its first members, on one hypervisor and the other in turn.
fn vpc(number: usize, vteps: &[IpAddr; 2], members: usize) -> String {
    let (vni, third) = (5_000 + number, number);
    let mut text = format!(
        "---
apiVersion: isthmus.dev/v1alpha1
kind: Vpc
metadata: {{name: vpc-{number}, namespace: {TEAM}}}
spec: {{vni: {vni}, cidrs: [10.200.{third}.0/24]}}
"
    );
    for member in 0..members {
        let (host, vtep) = (member + 2, vteps[(number + member) % 2]);
        // Writing to a string cannot fail.
        let _written = write!(
            text,
            "---
apiVersion: isthmus.dev/v1alpha1
kind: VpcMember
metadata: {{name: member-{number}-{member}, namespace: {TEAM}}}
spec: {{vpc: vpc-{number}, addresses: [10.200.{third}.{host}], mac: \"02:00:00:20:{number:02x}:{host:02x}\", hypervisor: \"{vtep}\"}}
"
        );
    }
    text
}

fn peering(number: usize) -> String {
    let (one, two) = pair(number);
    format!(
        "---
apiVersion: isthmus.dev/v1alpha1
kind: VpcPeering
metadata: {{name: p-{one}-{two}, namespace: {TEAM}}}
spec: {{vpc: vpc-{one}, peer: {{name: vpc-{two}}}}}
"
    )
}

/// Working sets of pods, in bytes, as their kubelets see them.
fn memory(kubectl: &Kubectl, pods: &str) -> Result<Vec<f64>> {
    let pods = kubectl.get(&format!("pods {pods}"))?;
    let pods = pods["items"].as_array().context("a list")?;
    let of = |pod: &Value| {
        let node = pod["spec"]["nodeName"].as_str().context("a node")?;
        let path = format!("/api/v1/nodes/{node}/proxy/stats/summary");
        let stats: Value = serde_json::from_str(&kubectl.run(&format!("get --raw {path}"))?)?;
        let mut all = stats["pods"].as_array().into_iter().flatten();
        let its = all.find(|it| it["podRef"]["uid"] == pod["metadata"]["uid"]);
        let bytes = its.context("a pod that its kubelet knows")?;
        let bytes = bytes["containers"][0]["memory"]["workingSetBytes"].as_f64();
        bytes.context("a working set")
    };
    pods.iter().map(of).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_two_peerings_are_of_the_same_vpcs() {
        let pairs = (0..PEERINGS).map(|number| {
            let (one, two) = pair(number);
            (one.min(two), one.max(two))
        });
        let distinct: BTreeSet<_> = pairs.collect();
        assert_eq!(distinct.len(), PEERINGS);
    }
}
