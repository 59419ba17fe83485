//! Builders of objects, and a compiler among bystanders that no test may
//! disturb.

use isthmus_compiler::{
    Changes, Compiler, EntryChange, Kind, Object, ObjectName, ObjectRef, Reason, Verdict,
};
use isthmus_crds::{
    PeerRef, Vni, Vpc, VpcMember, VpcMemberSpec, VpcPeering, VpcPeeringSpec, VpcSpec,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};

/// Namespace of the bystanders.
const ELSEWHERE: &str = "elsewhere";

fn split(name: &str) -> (String, String) {
    let (namespace, name) = name.split_once('/').expect("namespace/name");
    (namespace.to_owned(), name.to_owned())
}

fn meta(name: &str) -> ObjectMeta {
    let (namespace, name) = split(name);
    ObjectMeta {
        name: Some(name),
        namespace: Some(namespace),
        ..ObjectMeta::default()
    }
}

fn cidrs(texts: &[&str]) -> Vec<isthmus_crds::Cidr> {
    texts
        .iter()
        .map(|text| text.parse().expect("a CIDR"))
        .collect()
}

pub(crate) fn vpc(name: &str, vni: u32, ranges: &[&str]) -> Vpc {
    Vpc {
        metadata: meta(name),
        spec: VpcSpec {
            vni: Vni::new(vni).expect("a VNI"),
            cidrs: cidrs(ranges),
            pool: "default".to_owned(),
        },
        status: None,
    }
}

/// At 02:00:00:00:00:01 on 172.16.0.1.
pub(crate) fn member(name: &str, vpc: &str, addresses: &[&str], prefixes: &[&str]) -> VpcMember {
    VpcMember {
        metadata: meta(name),
        spec: VpcMemberSpec {
            vpc: vpc.to_owned(),
            addresses: addresses
                .iter()
                .map(|text| text.parse().expect("an address"))
                .collect(),
            prefixes: cidrs(prefixes),
            mac: "02:00:00:00:00:01".parse().expect("a MAC address"),
            hypervisor: [172, 16, 0, 1].into(),
        },
        status: None,
    }
}

/// `peer` is a name in the own namespace, or `namespace/name`.
pub(crate) fn peering(name: &str, vpc: &str, peer: &str) -> VpcPeering {
    let peer = match peer.split_once('/') {
        Some((namespace, name)) => PeerRef {
            name: name.to_owned(),
            namespace: Some(namespace.to_owned()),
        },
        None => PeerRef {
            name: peer.to_owned(),
            namespace: None,
        },
    };
    VpcPeering {
        metadata: meta(name),
        spec: VpcPeeringSpec {
            vpc: vpc.to_owned(),
            peer,
            export_prefixes: None,
            import_prefixes: None,
        },
        status: None,
    }
}

pub(crate) fn exporting(mut peering: VpcPeering, prefixes: &[&str]) -> VpcPeering {
    peering.spec.export_prefixes = Some(cidrs(prefixes));
    peering
}

pub(crate) fn importing(mut peering: VpcPeering, prefixes: &[&str]) -> VpcPeering {
    peering.spec.import_prefixes = Some(cidrs(prefixes));
    peering
}

/// What the API server adds to an object.
pub(crate) trait Recorded: Into<Object> + Clone {
    fn metadata(&mut self) -> &mut ObjectMeta;

    /// Made in this second of some minute.
    fn made(mut self, second: u8) -> Self {
        let time = format!("2026-01-01T00:00:{second:02}Z");
        let time: Time = serde_yaml::from_str(&time).expect("a time");
        self.metadata().creation_timestamp = Some(time);
        self
    }

    fn uid(mut self, uid: &str) -> Self {
        self.metadata().uid = Some(uid.to_owned());
        self
    }

    fn reference(&self) -> ObjectRef {
        self.clone().into().reference()
    }
}

impl Recorded for Vpc {
    fn metadata(&mut self) -> &mut ObjectMeta {
        &mut self.metadata
    }
}

impl Recorded for VpcMember {
    fn metadata(&mut self) -> &mut ObjectMeta {
        &mut self.metadata
    }
}

impl Recorded for VpcPeering {
    fn metadata(&mut self) -> &mut ObjectMeta {
        &mut self.metadata
    }
}

pub(crate) fn vpc_ref(name: &str) -> ObjectRef {
    let (namespace, name) = split(name);
    ObjectRef::vpc(&namespace, &name)
}

pub(crate) fn member_ref(name: &str) -> ObjectRef {
    let (namespace, name) = split(name);
    ObjectRef::member(&namespace, &name)
}

pub(crate) fn peering_ref(name: &str) -> ObjectRef {
    let (namespace, name) = split(name);
    ObjectRef::peering(&namespace, &name)
}

/// A compiler that also holds bystanders: two peered VPCs, VNIs 901 and 902,
/// with members, in a namespace of their own. Their address ranges are those
/// that the tests use, so that only what must not matter is shared.
pub(crate) struct World {
    pub(crate) compiler: Compiler,
}

impl World {
    pub(crate) fn new(objects: impl IntoIterator<Item = Object>) -> Self {
        let mut compiler = Compiler::new();
        let bystanders: [Object; 5] = [
            vpc("elsewhere/one", 901, &["10.0.0.0/24", "fd00::/64"]).into(),
            vpc("elsewhere/two", 902, &["10.0.1.0/24", "fd01::/64"]).into(),
            member("elsewhere/m1", "one", &["10.0.0.2", "fd00::2"], &[]).into(),
            member(
                "elsewhere/m2",
                "two",
                &["10.0.1.2", "fd01::2"],
                &["10.0.1.128/25"],
            )
            .into(),
            peering("elsewhere/one-two", "one", "two").into(),
        ];
        for object in bystanders {
            let reference = object.reference();
            compiler.apply(object);
            assert!(
                compiler
                    .verdict(&reference)
                    .is_some_and(Verdict::is_accepted)
            );
        }
        let mut world = Self { compiler };
        for object in objects {
            world.apply(object);
        }
        world
    }

    pub(crate) fn apply(&mut self, object: impl Into<Object>) -> Vec<Changes> {
        let changes = self.compiler.apply(object.into());
        leave_bystanders_alone(&changes);
        changes
    }

    pub(crate) fn delete(&mut self, object: &ObjectRef) -> Vec<Changes> {
        let changes = self.compiler.delete(object);
        leave_bystanders_alone(&changes);
        changes
    }

    #[track_caller]
    pub(crate) fn accepts(&self, object: &ObjectRef) {
        let verdict = self.compiler.verdict(object);
        assert_eq!(verdict, Some(&Verdict::Accepted(None)), "{object}");
    }

    #[track_caller]
    pub(crate) fn rejects(&self, object: &ObjectRef, reason: Reason, sentence: &str) {
        self.explains(object, "Rejected", reason, sentence);
    }

    #[track_caller]
    pub(crate) fn waits(&self, object: &ObjectRef, sentence: &str) {
        self.explains(object, "Waiting", Reason::WaitingForPeer, sentence);
    }

    #[track_caller]
    pub(crate) fn explains(&self, object: &ObjectRef, state: &str, reason: Reason, text: &str) {
        let verdict = self.compiler.verdict(object).expect("a verdict");
        let explanation = verdict.explanation().expect("an explanation");
        let found = (
            verdict.state(),
            explanation.reason,
            explanation.message.as_str(),
        );
        assert_eq!(found, (state, reason, text), "{object}");
    }

    /// The peering map apart from the bystanders': `1 10.0.1.0/24 to 2 by
    /// team-a/blue-green`.
    pub(crate) fn routes(&self) -> Vec<String> {
        let mut routes: Vec<_> = (self.compiler.routes())
            .filter(|(key, _)| key.vni.get() < 900)
            .collect();
        routes.sort_by_key(|(key, _)| *key);
        let line = |ObjectName { namespace, name }: &ObjectName| format!("{namespace}/{name}");
        (routes.iter())
            .map(|(key, to)| {
                let by = line(&to.peering);
                format!("{} {} to {} by {by}", key.vni, key.prefix, to.peer_vni)
            })
            .collect()
    }

    /// The forwarding map apart from the bystanders': `1 10.0.0.2/32`.
    pub(crate) fn members(&self) -> Vec<String> {
        let mut keys: Vec<_> = (self.compiler.members())
            .map(|(key, _)| key)
            .filter(|key| key.vni.get() < 900)
            .collect();
        keys.sort();
        (keys.iter())
            .map(|key| format!("{} {}", key.vni, key.prefix))
            .collect()
    }
}

fn leave_bystanders_alone(changes: &[Changes]) {
    for changes in changes {
        for (object, _) in &changes.verdicts {
            assert_ne!(object.name.namespace, ELSEWHERE, "{object} is unrelated");
        }
        for entry in &changes.entries {
            let vni = match entry {
                EntryChange::Route(key, _) => key.vni,
                EntryChange::Member(key, _) => key.vni,
            };
            assert!(vni.get() < 900, "{entry:?} is unrelated");
        }
    }
}

/// The loser's reason and sentence; and whether the pair of objects is told
/// by different sentences when the other one wins.
pub(crate) struct Contest<'a, T> {
    /// What both need.
    pub(crate) context: &'a [Object],
    /// The lesser by namespace and name.
    pub(crate) first: T,
    pub(crate) second: T,
    pub(crate) reason: Reason,
    /// Of the second, when the first wins.
    pub(crate) sentence: &'a str,
}

impl<T: Recorded> Contest<'_, T> {
    /// The older wins; at one age the lesser UID; without either the lesser
    /// name: in whatever order they come. The loser takes the place once the
    /// winner is gone, and loses it when the winner is back.
    #[track_caller]
    pub(crate) fn is_decided_by_age(&self) {
        let (first, second) = (&self.first, &self.second);
        self.is_won_by(&first.clone().made(1), &second.clone().made(2));
        self.is_lost_by(first.clone().made(2), second.clone().made(1));
        self.is_won_by(
            &first.clone().made(1).uid("a"),
            &second.clone().made(1).uid("b"),
        );
        self.is_lost_by(
            first.clone().made(1).uid("b"),
            second.clone().made(1).uid("a"),
        );
        self.is_won_by(first, second);
        // What has a creation time is older than what has none.
        self.is_lost_by(first.clone(), second.clone().made(1));
    }

    #[track_caller]
    fn is_won_by(&self, first: &T, second: &T) {
        let (winner, loser) = (first.reference(), second.reference());
        for reversed in [false, true] {
            let mut world = World::new(self.context.iter().cloned());
            let mut objects = [first.clone(), second.clone()];
            if reversed {
                objects.reverse();
            }
            for object in objects {
                world.apply(object);
            }
            world.accepts(&winner);
            world.rejects(&loser, self.reason, self.sentence);

            world.delete(&winner);
            world.accepts(&loser);
            world.apply(first.clone());
            world.accepts(&winner);
            world.rejects(&loser, self.reason, self.sentence);
        }
    }

    #[track_caller]
    fn is_lost_by(&self, first: T, second: T) {
        let mut world = World::new(self.context.iter().cloned());
        let (loser, winner) = (first.reference(), second.reference());
        world.apply(first);
        world.accepts(&loser);
        world.apply(second);
        world.accepts(&winner);
        let verdict = world.compiler.verdict(&loser);
        assert!(verdict.is_some_and(Verdict::is_rejected));
        assert_ne!(loser.kind, Kind::TransitGateway);
    }
}
