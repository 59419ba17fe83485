//! After any history the slices say what a compiler says that sees only the end.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, ensure};
use isthmus_compiler::{Compiler, Event, MemberKey, MemberTarget, Object, RouteKey};
use isthmus_crds::{ForwardingSlice, PeeringSlice, Vni, Vpc, VpcMember, VpcPeering};
use serde_json::json;

use crate::scene::{Scene, eventually};

const NAMESPACES: [&str; 2] = ["team-a", "team-b"];

/// Both maps of the gateways.
#[derive(Debug, Default, PartialEq)]
struct Maps {
    members: BTreeMap<MemberKey, MemberTarget>,
    routes: BTreeMap<RouteKey, Vni>,
}

/// From the objects that there are, all at once.
async fn wanted(scene: &Scene) -> Result<Maps> {
    let mut objects: Vec<Object> = Vec::new();
    objects.extend(scene.list::<Vpc>().await?.into_iter().map(Into::into));
    objects.extend(scene.list::<VpcMember>().await?.into_iter().map(Into::into));
    objects.extend(
        scene
            .list::<VpcPeering>()
            .await?
            .into_iter()
            .map(Into::into),
    );
    let mut compiler = Compiler::new();
    compiler.apply_all(objects.into_iter().map(Event::Apply));
    Ok(Maps {
        members: compiler.members().collect(),
        routes: compiler
            .routes()
            .map(|(key, target)| (key, target.peer_vni))
            .collect(),
    })
}

/// What the slices say; each entry is in one.
async fn written(scene: &Scene) -> Result<Maps> {
    let mut maps = Maps::default();
    for slice in scene.list::<ForwardingSlice>().await? {
        ensure!(slice.spec.members.len() <= 4);
        let vni = slice.spec.vni;
        for member in slice.spec.members {
            let target = MemberTarget {
                mac: member.mac,
                hypervisor: member.hypervisor,
            };
            for address in member.addresses {
                let key = MemberKey {
                    vni,
                    prefix: address.into(),
                };
                ensure!(maps.members.insert(key, target).is_none(), "{key:?} twice");
            }
        }
    }
    for slice in scene.list::<PeeringSlice>().await? {
        for route in slice.spec.routes {
            let key = RouteKey {
                vni: slice.spec.vni,
                prefix: route.prefix.net(),
            };
            ensure!(
                maps.routes.insert(key, route.peer_vni).is_none(),
                "{key:?} twice"
            );
        }
    }
    Ok(maps)
}

struct Dice(fastrand::Rng);

impl Dice {
    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.0.usize(..all.len())]
    }

    fn below(&mut self, count: u32) -> u32 {
        self.0.u32(..count)
    }
}

/// One change by somebody; what the API server refuses changes nothing.
async fn change(scene: &Scene, dice: &mut Dice) {
    let namespace = dice.of(&NAMESPACES);
    let vpc = format!("v{}", dice.below(3));
    let name = format!("o{}", dice.below(8));
    let net = dice.below(4);
    let done = match dice.below(12) {
        0 | 1 => {
            let cidr = format!("10.{net}.0.0/16");
            let vni = 100 + dice.below(4);
            let pool = dice.of(&["default", "big"]);
            scene
                .vpc_of(namespace, &vpc, vni, &cidr, pool)
                .await
                .map(drop)
        }
        2..=5 => {
            let host = 2 + dice.below(6);
            let object = json!({
                "apiVersion": isthmus_crds::API_VERSION, "kind": "VpcMember",
                "metadata": {"name": name, "namespace": namespace},
                "spec": {
                    "vpc": vpc, "addresses": [format!("10.{net}.0.{host}")],
                    "mac": "02:00:00:00:00:02", "hypervisor": "172.16.0.11",
                },
            });
            scene.apply_value::<VpcMember>(&object).await.map(drop)
        }
        6..=8 => {
            let peer = format!("v{}", dice.below(3));
            let there = dice.of(&NAMESPACES);
            let mut object = json!({
                "apiVersion": isthmus_crds::API_VERSION, "kind": "VpcPeering",
                "metadata": {"name": name, "namespace": namespace},
                "spec": {"vpc": vpc, "peer": {"name": peer}},
            });
            if there != namespace {
                object["spec"]["peer"]["namespace"] = json!(there);
            }
            if dice.below(3) == 0 {
                object["spec"]["exportPrefixes"] = json!([format!("10.{net}.1.0/24")]);
            }
            scene.apply_value::<VpcPeering>(&object).await.map(drop)
        }
        9 => scene.delete::<Vpc>(namespace, &vpc).await,
        10 => scene.delete::<VpcMember>(namespace, &name).await,
        _ => scene.delete::<VpcPeering>(namespace, &name).await,
    };
    // Immutable fields and names that are not there.
    drop(done);
}

#[tokio::test]
async fn slices_after_random_histories_are_those_compiled_from_scratch() -> Result<()> {
    let count = std::env::var("ISTHMUS_HISTORIES").ok();
    let count: u64 = count
        .map_or(Ok(200), |text| text.parse())
        .context("ISTHMUS_HISTORIES")?;
    let seed = std::env::var("ISTHMUS_SEED").ok();
    let seed: u64 = seed
        .map_or(Ok(fastrand::u64(..)), |text| text.parse())
        .context("ISTHMUS_SEED")?;
    eprintln!("ISTHMUS_SEED={seed} ISTHMUS_HISTORIES={count}");
    let (scene, _operator) = Scene::with_operator().await?;
    let mut dice = Dice(fastrand::Rng::with_seed(seed));
    for history in 0..count {
        for _ in 0..8 + dice.below(20) {
            change(&scene, &mut dice).await;
        }
        let wanted = wanted(&scene).await?;
        eventually(&format!("history {history} of seed {seed}"), async || {
            let written = written(&scene).await?;
            ensure!(written == wanted, "{written:#?}\nis not\n{wanted:#?}");
            Ok(())
        })
        .await?;
    }
    Ok(())
}
