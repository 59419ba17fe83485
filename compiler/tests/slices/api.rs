//! Random wishes of users, and the objects that an API server makes of them:
//! what is created has a new UID, and what is immutable is made anew.

use std::collections::BTreeMap;

use isthmus_compiler::{Event, Kind, Object, ObjectRef};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use proptest::prelude::*;

use crate::objects::{member, peering, uid, vpc};

/// What somebody does, over a universe that is small enough for conflicts.
#[derive(Clone, Debug)]
pub(crate) enum Wish {
    Vpc {
        name: &'static str,
        vni: u32,
        range: u8,
        pool: &'static str,
    },
    Member {
        namespace: &'static str,
        number: u8,
        vpc: &'static str,
        range: u8,
        host: u8,
    },
    Peering {
        name: &'static str,
        vpc: &'static str,
        peer: &'static str,
        narrow: Option<u8>,
    },
    Delete(u8),
}

const VPCS: [&str; 4] = ["a/v0", "a/v1", "b/v0", "b/v1"];
const PEERINGS: [&str; 6] = ["a/p0", "a/p1", "a/p2", "b/p0", "b/p1", "b/p2"];

pub(crate) fn wish() -> impl Strategy<Value = Wish> {
    let pick = |of: &'static [&'static str]| proptest::sample::select(of);
    prop_oneof![
        3 => (pick(&VPCS), 1..4u32, 0..4u8, pick(&["east", "west"]))
            .prop_map(|(name, vni, range, pool)| Wish::Vpc { name, vni, range, pool }),
        8 => (pick(&["a", "b"]), 0..12u8, pick(&["v0", "v1"]), 0..4u8, 1..4u8).prop_map(
            |(namespace, number, vpc, range, host)| Wish::Member {
                namespace, number, vpc, range, host
            }
        ),
        4 => (pick(&PEERINGS), pick(&["v0", "v1"]), pick(&VPCS), proptest::option::of(0..4u8))
            .prop_map(|(name, vpc, peer, narrow)| Wish::Peering { name, vpc, peer, narrow }),
        4 => any::<u8>().prop_map(Wish::Delete),
    ]
}

/// The objects that there are.
#[derive(Debug, Default)]
pub(crate) struct Api {
    pub(crate) objects: BTreeMap<ObjectRef, Object>,
    created: u32,
}

impl Api {
    /// VPCs 1, 2, 3 of 10.0.0.0/16, 10.1.0.0/16, 10.2.0.0/16 with four members
    /// each, the first two peered.
    pub(crate) fn populated() -> (Self, Vec<Event>) {
        let mut api = Self::default();
        let mut wishes = Vec::new();
        for (range, name) in (0..).zip(&VPCS[..3]) {
            let (namespace, vpc) = name.split_once('/').expect("a namespace");
            wishes.push(Wish::Vpc {
                name,
                vni: u32::from(range) + 1,
                range,
                pool: if range == 1 { "west" } else { "east" },
            });
            wishes.extend((0..6).map(|i| Wish::Member {
                namespace,
                number: range * 6 + i,
                vpc,
                range,
                host: 1,
            }));
        }
        wishes.push(Wish::Peering {
            name: "a/p0",
            vpc: "v0",
            peer: "a/v1",
            narrow: None,
        });
        let events = wishes.iter().flat_map(|wish| api.carry_out(wish)).collect();
        (api, events)
    }

    /// What the compiler is told of a wish.
    pub(crate) fn carry_out(&mut self, wish: &Wish) -> Vec<Event> {
        let object: Object = match wish {
            Wish::Vpc {
                name,
                vni,
                range,
                pool,
            } => vpc(name, *vni, 0, &format!("10.{range}.0.0/16"), pool).into(),
            Wish::Member {
                namespace,
                number,
                vpc,
                range,
                host,
            } => {
                let name = format!("{namespace}/m{number}");
                let mut member = member(&name, vpc, &format!("10.{range}.0.{}", number / 2 + 2));
                member.spec.hypervisor = [172, 16, 0, *host].into();
                if number % 4 == 0 {
                    let prefix = format!("10.{range}.{}.0/24", number + 1);
                    member.spec.prefixes = vec![prefix.parse().expect("a prefix")];
                }
                member.into()
            }
            Wish::Peering {
                name,
                vpc,
                peer,
                narrow,
            } => {
                let mut peering = peering(name, vpc, peer);
                let nets = narrow.map(|range| {
                    let nets = (0..5).map(|i| format!("10.{range}.{}.0/24", 3 * i));
                    nets.map(|net| net.parse().expect("a prefix")).collect()
                });
                peering.spec.export_prefixes = nets;
                peering.into()
            }
            Wish::Delete(which) => {
                let at = usize::from(*which) % self.objects.len().max(1);
                let Some(object) = self.objects.keys().nth(at).cloned() else {
                    return Vec::new();
                };
                self.objects.remove(&object);
                return vec![Event::Delete(object)];
            }
        };
        self.put(object)
    }

    fn put(&mut self, mut object: Object) -> Vec<Event> {
        let reference = object.reference();
        let mut events = Vec::new();
        let old = self.objects.get(&reference);
        let keeps = old.filter(|old| immutable(old) == immutable(&object));
        let kept = keeps.and_then(uid_of);
        if old.is_some() && kept.is_none() {
            events.push(Event::Delete(reference.clone()));
        }
        let uid = kept.unwrap_or_else(|| {
            self.created += 1;
            uid(self.created)
        });
        meta_mut(&mut object).uid = Some(uid);
        self.objects.insert(reference, object.clone());
        events.push(Event::Apply(object));
        events
    }

    /// UIDs of all members.
    pub(crate) fn member_uids(&self) -> BTreeMap<ObjectRef, Option<String>> {
        let members = self.objects.iter();
        members
            .filter(|(object, _)| object.kind == Kind::VpcMember)
            .map(|(reference, object)| (reference.clone(), uid_of(object)))
            .collect()
    }
}

fn immutable(object: &Object) -> String {
    match object {
        Object::Vpc(vpc) => vpc.spec.vni.to_string(),
        Object::VpcMember(member) => member.spec.vpc.clone(),
        Object::VpcPeering(peering) => format!("{} {:?}", peering.spec.vpc, peering.spec.peer),
        Object::TransitGateway(_) => String::new(),
    }
}

fn uid_of(object: &Object) -> Option<String> {
    match object {
        Object::Vpc(object) => object.metadata.uid.clone(),
        Object::VpcMember(object) => object.metadata.uid.clone(),
        Object::VpcPeering(object) => object.metadata.uid.clone(),
        Object::TransitGateway(object) => object.metadata.uid.clone(),
    }
}

fn meta_mut(object: &mut Object) -> &mut ObjectMeta {
    match object {
        Object::Vpc(object) => &mut object.metadata,
        Object::VpcMember(object) => &mut object.metadata,
        Object::VpcPeering(object) => &mut object.metadata,
        Object::TransitGateway(object) => &mut object.metadata,
    }
}
