//! The objects, and their changes.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use futures::TryStreamExt as _;
use isthmus_crds::{Vpc, VpcMember, VpcPeering};
use isthmus_e2e::{ControlPlane, Gateway};
use isthmus_lab::wait_until;
use kube::api::{Patch, PatchParams, PostParams};
use kube::{Api, Client};
use serde_json::json;

use crate::api::ApiCounts;

const NAMESPACE: &str = "default";
/// Members of a VPC.
const PER_VPC: u32 = 100;
/// Writes under way at a time.
const AT_ONCE: usize = 32;
/// How long loading and settling may take.
const PATIENCE: Duration = Duration::from_secs(1_800);
/// Nothing is written when nothing was for this long.
const QUIET: Duration = Duration::from_secs(3);

/// Writes all objects.
pub(crate) fn load(cluster: &ControlPlane, members: u32) -> Result<()> {
    let (client, runtime) = cluster.client();
    let vpcs = members / PER_VPC;
    runtime.block_on(async {
        create::<Vpc>(client, (1..=vpcs).map(vpc)).await?;
        create::<VpcPeering>(client, (1..=vpcs / 2).map(peering)).await?;
        create::<VpcMember>(client, (0..members).map(member)).await
    })
}

async fn create<K>(client: &Client, objects: impl Iterator<Item = serde_json::Value>) -> Result<()>
where
    K: kube::Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>
        + serde::Serialize
        + serde::de::DeserializeOwned
        + Clone
        + std::fmt::Debug,
{
    let api = Api::<K>::namespaced(client.clone(), NAMESPACE);
    futures::stream::iter(objects.map(Ok))
        .try_for_each_concurrent(AT_ONCE, |object| {
            let api = &api;
            async move {
                let object: K = serde_json::from_value(object)?;
                api.create(&PostParams::default(), &object).await?;
                anyhow::Ok(())
            }
        })
        .await
}

/// Waits until a gateway's tables have all members.
pub(crate) fn wait_for_members(gateway: &Gateway, members: u32) -> Result<()> {
    wait_until("the programming of all members", PATIENCE, || {
        let held = gateway.metric("isthmus_map_entries{map=\"MEMBERS_V4\"}")?;
        Ok(held >= u64::from(members))
    })
}

/// Waits until nobody writes any more.
pub(crate) fn wait_until_idle(cluster: &ControlPlane) -> Result<()> {
    let start = Instant::now();
    let (mut counts, mut since) = (ApiCounts::read(cluster)?, Instant::now());
    while since.elapsed() < QUIET {
        ensure!(start.elapsed() < PATIENCE, "writes do not end");
        std::thread::sleep(Duration::from_millis(200));
        let now = ApiCounts::read(cluster)?;
        if now != counts {
            (counts, since) = (now, Instant::now());
        }
    }
    Ok(())
}

/// A member gets another MAC.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Change {
    member: u32,
    /// The MAC, 48 bits.
    pub(crate) mac: u64,
}

impl Change {
    /// One of many, spread over all members.
    pub(crate) fn number(number: u32, members: u32) -> Self {
        Self {
            member: number.wrapping_mul(0x9e37_79b1) % members,
            mac: 0x0200_0100_0000 | u64::from(number),
        }
    }

    /// VNI and address of the member.
    pub(crate) fn key(&self) -> (u32, Ipv4Addr) {
        (self.member / PER_VPC + 1, address(self.member))
    }

    /// Sends it without waiting for the answer.
    pub(crate) fn send(self, cluster: &ControlPlane) {
        let (client, runtime) = cluster.client();
        let api = Api::<VpcMember>::namespaced(client.clone(), NAMESPACE);
        let name = format!("m{}", self.member);
        let patch = json!({"spec": {"mac": text(self.mac)}});
        runtime.spawn(async move {
            let patched = api
                .patch(&name, &PatchParams::default(), &Patch::Merge(patch))
                .await
                .context("a change is refused");
            if let Err(error) = patched {
                eprintln!("{error:#}");
            }
        });
    }
}

fn vpc(number: u32) -> serde_json::Value {
    let network = Ipv4Addr::from_bits(0x0a00_0000 | number << 8);
    json!({
        "apiVersion": "isthmus.dev/v1alpha1", "kind": "Vpc",
        "metadata": {"name": format!("v{number}")},
        "spec": {"vni": number, "cidrs": [format!("{network}/24")], "pool": "default"},
    })
}

fn peering(pair: u32) -> serde_json::Value {
    json!({
        "apiVersion": "isthmus.dev/v1alpha1", "kind": "VpcPeering",
        "metadata": {"name": format!("p{pair}")},
        "spec": {"vpc": format!("v{}", 2 * pair - 1), "peer": {"name": format!("v{}", 2 * pair)}},
    })
}

fn member(number: u32) -> serde_json::Value {
    json!({
        "apiVersion": "isthmus.dev/v1alpha1", "kind": "VpcMember",
        "metadata": {"name": format!("m{number}")},
        "spec": {
            "vpc": format!("v{}", number / PER_VPC + 1),
            "addresses": [address(number)],
            "mac": text(0x0200_0000_0000 | u64::from(number)),
            "hypervisor": format!("172.16.0.{}", 11 + number % 2),
        },
    })
}

/// A VPC has 256 addresses; the first two are the network's and the gateway's.
fn address(member: u32) -> Ipv4Addr {
    Ipv4Addr::from_bits(0x0a00_0000 | (member / PER_VPC + 1) << 8 | (member % PER_VPC + 2))
}

fn text(mac: u64) -> String {
    let bytes = mac.to_be_bytes();
    let digits: Vec<_> = bytes[2..]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    digits.join(":")
}
