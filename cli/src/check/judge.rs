//! Lets the compiler judge manifests, alone or together with what is in the
//! cluster. Pure.

use std::collections::BTreeMap;

use isthmus_compiler::{Compiler, Event, Object, ObjectRef, Reason, Verdict};
use isthmus_manifests::error::Place;
use isthmus_manifests::store::Store;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::cluster::{ClusterObjects, Sight};
use super::rules::Rules;

/// What would become of one object.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// The object.
    pub object: ObjectRef,
    /// Where it stands; `None` of one that is only in the cluster.
    pub place: Option<Place>,
    /// What applying the manifests does to it; `None` where nobody looked at
    /// the cluster.
    pub change: Option<Change>,
    /// The verdict on it as it is in the cluster.
    pub before: Option<Verdict>,
    /// What becomes of it.
    pub outcome: Outcome,
}

/// What applying does to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It is made.
    Create,
    /// Its spec becomes another one.
    Update,
    /// Its spec is the same already.
    Same,
    /// It is in no manifest; what others become concerns it.
    Elsewhere,
}

/// What becomes of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The compiler's verdict.
    Judged(Verdict),
    /// The API server does not take it, for these reasons: `field: sentence`.
    Refused(Vec<String>),
    /// It depends on a namespace that may not be seen.
    Unseen {
        /// The namespace.
        namespace: String,
    },
}

impl Finding {
    /// Whether somebody should look before applying: the object is refused or
    /// rejected, or is in force and would not be any more.
    #[must_use]
    pub fn is_bad(&self) -> bool {
        let was_in_force = self.before.as_ref().is_some_and(Verdict::is_accepted);
        match &self.outcome {
            Outcome::Judged(verdict) => {
                let is_asked_for = self.place.is_some();
                (is_asked_for && verdict.is_rejected()) || (was_in_force && !verdict.is_accepted())
            }
            Outcome::Refused(_) => true,
            Outcome::Unseen { .. } => false,
        }
    }
}

/// Judges manifests alone.
#[must_use]
pub fn alone(manifests: &Store) -> Vec<Finding> {
    let mut compiler = Compiler::new();
    compiler.apply_all(
        manifests
            .objects()
            .map(|(.., object)| Event::Apply(object.clone())),
    );
    let verdicts = compiler.verdicts().into_iter();
    let finding = |(object, verdict): (ObjectRef, Verdict)| Finding {
        place: manifests.place(&object).cloned(),
        object,
        change: None,
        before: None,
        outcome: Outcome::Judged(verdict),
    };
    verdicts.map(finding).collect()
}

/// Judges manifests together with what is in the cluster: a finding for each
/// object of the manifests, and for each other one of which the verdict would
/// be another one; in order of kind and name.
#[must_use]
pub fn against(manifests: &Store, cluster: ClusterObjects) -> Vec<Finding> {
    let present: BTreeMap<_, _> = (cluster.objects.into_iter())
        .map(|object| (object.reference(), object))
        .collect();
    let mut compiler = Compiler::new();
    compiler.apply_all(present.values().cloned().map(Event::Apply));
    let before = compiler.verdicts();

    let rules = Rules::default();
    let mut refused = BTreeMap::new();
    let mut changes = BTreeMap::new();
    let mut events = Vec::new();
    for (key, _, object) in manifests.objects() {
        let old = present.get(key);
        let change = match old {
            None => Change::Create,
            Some(old) if has_same_spec(old, object) => Change::Same,
            Some(_) => Change::Update,
        };
        changes.insert(key.clone(), change);
        let refusals = old
            .map(|old| rules.refusals(old, object))
            .unwrap_or_default();
        if refusals.is_empty() {
            events.push(Event::Apply(aged(object.clone(), old)));
        } else {
            refused.insert(key.clone(), refusals);
        }
    }
    let objects: BTreeMap<_, _> = (manifests.objects())
        .map(|(key, _, it)| (key, it))
        .collect();
    let changed = compiler
        .apply_all(events)
        .into_iter()
        .flat_map(|it| it.verdicts);
    let elsewhere = changed.filter_map(|(object, verdict)| {
        let (before, verdict) = (before.get(&object)?, verdict?);
        let is_news = !objects.contains_key(&object) && is_another(before, &verdict);
        is_news.then_some((object, Outcome::Judged(verdict)))
    });
    let mut outcomes: BTreeMap<ObjectRef, Outcome> = elsewhere.collect();
    for (key, object) in &objects {
        let outcome = match (refused.remove(key), compiler.verdict(key)) {
            (Some(refusals), _) => Outcome::Refused(refusals),
            (None, Some(verdict)) => unseen(object, verdict, &cluster.sight)
                .unwrap_or_else(|| Outcome::Judged(verdict.clone())),
            // More objects than a compiler takes.
            (None, None) => continue,
        };
        outcomes.insert((*key).clone(), outcome);
    }
    let finding = |(object, outcome): (ObjectRef, Outcome)| Finding {
        place: manifests.place(&object).cloned(),
        change: Some(changes.get(&object).copied().unwrap_or(Change::Elsewhere)),
        before: before.get(&object).cloned(),
        object,
        outcome,
    };
    outcomes.into_iter().map(finding).collect()
}

/// Whether two verdicts differ in more than their sentence.
fn is_another(before: &Verdict, after: &Verdict) -> bool {
    (before.state(), before.reason()) != (after.state(), after.reason())
}

/// A verdict that is worth nothing, since the peer's namespace was not seen.
fn unseen(object: &Object, verdict: &Verdict, sight: &Sight) -> Option<Outcome> {
    let Object::VpcPeering(peering) = object else {
        return None;
    };
    let namespace = peering.spec.peer.namespace.as_ref()?;
    let is_about_peer = matches!(
        verdict.reason(),
        Some(Reason::PeerNotFound | Reason::PeerRejected | Reason::WaitingForPeer)
    );
    (is_about_peer && !sight.covers(namespace)).then(|| Outcome::Unseen {
        namespace: namespace.clone(),
    })
}

/// An object as it would be once it is applied: as old as the one that is there.
fn aged(mut object: Object, old: Option<&Object>) -> Object {
    let old = old.map(meta);
    let new = meta_mut(&mut object);
    new.creation_timestamp = old.and_then(|old| old.creation_timestamp.clone());
    new.uid = old.and_then(|old| old.uid.clone());
    object
}

fn has_same_spec(a: &Object, b: &Object) -> bool {
    match (a, b) {
        (Object::Vpc(a), Object::Vpc(b)) => a.spec == b.spec,
        (Object::VpcMember(a), Object::VpcMember(b)) => a.spec == b.spec,
        (Object::VpcPeering(a), Object::VpcPeering(b)) => a.spec == b.spec,
        (Object::TransitGateway(a), Object::TransitGateway(b)) => a.spec == b.spec,
        _ => false,
    }
}

const fn meta(object: &Object) -> &ObjectMeta {
    match object {
        Object::Vpc(object) => &object.metadata,
        Object::VpcMember(object) => &object.metadata,
        Object::VpcPeering(object) => &object.metadata,
        Object::TransitGateway(object) => &object.metadata,
    }
}

const fn meta_mut(object: &mut Object) -> &mut ObjectMeta {
    match object {
        Object::Vpc(object) => &mut object.metadata,
        Object::VpcMember(object) => &mut object.metadata,
        Object::VpcPeering(object) => &mut object.metadata,
        Object::TransitGateway(object) => &mut object.metadata,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;
    use std::sync::Arc;

    use isthmus_manifests::parse::parse_file;
    use isthmus_manifests::store::FileState;
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

    use super::*;

    fn manifests(text: &str) -> Store {
        let path: Arc<Path> = Arc::from(Path::new("a.yaml"));
        let mut store = Store::default();
        store.update(&path, FileState::Parsed(parse_file(&path, text)));
        assert!(store.errors().is_empty(), "{:?}", store.errors());
        store
    }

    fn cluster(text: &str) -> ClusterObjects {
        let store = manifests(text);
        let mut objects: Vec<_> = store.objects().map(|(.., object)| object.clone()).collect();
        for object in &mut objects {
            let created = "2026-01-01T00:00:00Z".parse().map(Time).unwrap();
            meta_mut(object).creation_timestamp = Some(created);
        }
        ClusterObjects {
            objects,
            ..ClusterObjects::default()
        }
    }

    fn vpc(name: &str, vni: u32, cidr: &str) -> String {
        format!(
            "--- {{apiVersion: isthmus.dev/v1alpha1, kind: Vpc, \
             metadata: {{name: {name}, namespace: {name}-ns}}, \
             spec: {{vni: {vni}, cidrs: [{cidr}]}}}}\n"
        )
    }

    fn half(vpc: &str, peer: &str) -> String {
        format!(
            "--- {{apiVersion: isthmus.dev/v1alpha1, kind: VpcPeering, \
             metadata: {{name: half, namespace: {vpc}-ns}}, \
             spec: {{vpc: {vpc}, peer: {{name: {peer}, namespace: {peer}-ns}}}}}}\n"
        )
    }

    fn told(findings: &[Finding]) -> Vec<(String, Option<Change>, &'static str, bool)> {
        let one = |finding: &Finding| {
            let state = match &finding.outcome {
                Outcome::Judged(verdict) => verdict.state(),
                Outcome::Refused(_) => "Refused",
                Outcome::Unseen { .. } => "Unseen",
            };
            (
                finding.object.to_string(),
                finding.change,
                state,
                finding.is_bad(),
            )
        };
        findings.iter().map(one).collect()
    }

    #[test]
    fn what_a_manifest_brings_into_force_elsewhere_is_told_and_is_no_fault() {
        let blue_waits = vpc("blue", 1, "10.1.0.0/16") + &half("blue", "green");
        let there = blue_waits + &vpc("green", 2, "10.2.0.0/16");
        let findings = against(&manifests(&half("green", "blue")), cluster(&there));
        assert_eq!(
            told(&findings),
            [
                (
                    "VpcPeering blue-ns/half".to_owned(),
                    Some(Change::Elsewhere),
                    "Accepted",
                    false
                ),
                (
                    "VpcPeering green-ns/half".to_owned(),
                    Some(Change::Create),
                    "Accepted",
                    false
                ),
            ]
        );
        assert_eq!(
            findings[0].before.as_ref().map(Verdict::state),
            Some("Waiting")
        );
    }

    #[test]
    fn an_object_that_exists_keeps_its_age() {
        let there = vpc("zzz", 1, "10.1.0.0/16");
        let wider = vpc("zzz", 1, "10.0.0.0/8") + &vpc("aaa", 1, "10.9.0.0/24");
        let findings = against(&manifests(&wider), cluster(&there));
        assert_eq!(
            told(&findings),
            [
                (
                    "Vpc aaa-ns/aaa".to_owned(),
                    Some(Change::Create),
                    "Rejected",
                    true
                ),
                (
                    "Vpc zzz-ns/zzz".to_owned(),
                    Some(Change::Update),
                    "Accepted",
                    false
                ),
            ]
        );
    }

    #[test]
    fn what_stays_rejected_elsewhere_is_not_the_manifests_fault() {
        let there = vpc("blue", 1, "10.1.0.0/16") + &vpc("red", 1, "10.2.0.0/16");
        let findings = against(&manifests(&vpc("green", 2, "10.3.0.0/16")), cluster(&there));
        assert_eq!(
            told(&findings),
            [(
                "Vpc green-ns/green".to_owned(),
                Some(Change::Create),
                "Accepted",
                false
            )]
        );
    }

    #[test]
    fn a_peering_with_a_namespace_out_of_sight_is_not_judged() {
        let there = ClusterObjects {
            sight: Sight::Namespaces(BTreeSet::from(["blue-ns".to_owned()])),
            ..cluster(&vpc("blue", 1, "10.1.0.0/16"))
        };
        let findings = against(&manifests(&half("blue", "green")), there);
        assert_eq!(
            told(&findings),
            [(
                "VpcPeering blue-ns/half".to_owned(),
                Some(Change::Create),
                "Unseen",
                false
            )]
        );
        // A fault of its own is told whatever may be seen.
        let there = ClusterObjects {
            sight: Sight::Namespaces(BTreeSet::new()),
            ..ClusterObjects::default()
        };
        let findings = against(&manifests(&half("blue", "green")), there);
        assert_eq!(told(&findings)[0].2, "Rejected");
    }
}
