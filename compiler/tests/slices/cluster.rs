//! A compiler, a slicer, and what an API server would hold.

use std::collections::{BTreeMap, BTreeSet};

use crate::ledger::Ledger;
use isthmus_compiler::slices::{
    Plan, PlannedWrite, SliceKey, SliceKind, SliceLimits, SliceWrite, Slicer,
};
use isthmus_compiler::{
    Changes, Compiler, Event, MemberKey, MemberTarget, Object, ObjectName, ObjectRef, RouteKey,
    RouteTarget,
};
use isthmus_crds::labels::{POOL_LABEL_PREFIX, VNI_LABEL};
use isthmus_crds::{ForwardingSlice, PeeringSlice, Vni, VpcIdentity};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

/// Four members and three routes a slice.
pub(crate) const LIMITS: SliceLimits = SliceLimits {
    members: 4,
    routes: 3,
};

pub(crate) struct Cluster {
    pub(crate) compiler: Compiler,
    pub(crate) slicer: Slicer,
    pub(crate) store: Store,
    pub(crate) ledger: Ledger,
}

/// What an API server holds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Store {
    pub(crate) forwarding: BTreeMap<String, ForwardingSlice>,
    pub(crate) peering: BTreeMap<String, PeeringSlice>,
    pub(crate) version: u64,
}

/// Somebody else wrote since.
#[derive(Debug)]
pub(crate) struct Conflict;

impl Store {
    /// Carries out a write; gives the new version.
    pub(crate) fn write(&mut self, write: &SliceWrite) -> Result<String, Conflict> {
        let based = |there: Option<&ObjectMeta>, on: &Option<String>| match (there, on) {
            (None, Some(_)) => Err(Conflict),
            (Some(there), Some(_)) if there.resource_version != *on => Err(Conflict),
            _ => Ok(()),
        };
        self.version += 1;
        let version = Some(self.version.to_string());
        match write {
            SliceWrite::ApplyForwarding(slice) => {
                let name = slice.metadata.name.clone().expect("a name");
                let there = self.forwarding.get(&name).map(|slice| &slice.metadata);
                based(there, &slice.metadata.resource_version)?;
                let mut slice = (**slice).clone();
                slice.metadata.resource_version = version.clone();
                self.forwarding.insert(name, slice);
            }
            SliceWrite::ApplyPeering(slice) => {
                let name = slice.metadata.name.clone().expect("a name");
                let there = self.peering.get(&name).map(|slice| &slice.metadata);
                based(there, &slice.metadata.resource_version)?;
                let mut slice = (**slice).clone();
                slice.metadata.resource_version = version.clone();
                self.peering.insert(name, slice);
            }
            SliceWrite::Delete {
                key,
                resource_version,
            } => {
                let on = Some(resource_version.clone());
                match key.kind {
                    SliceKind::Forwarding => {
                        let there = self.forwarding.get(&*key.name);
                        based(there.map(|slice| &slice.metadata), &on)?;
                        self.forwarding.remove(&*key.name);
                    }
                    SliceKind::Peering => {
                        let there = self.peering.get(&*key.name);
                        based(there.map(|slice| &slice.metadata), &on)?;
                        self.peering.remove(&*key.name);
                    }
                }
            }
        }
        Ok(self.version.to_string())
    }

    pub(crate) fn has(&self, key: &SliceKey) -> bool {
        match key.kind {
            SliceKind::Forwarding => self.forwarding.contains_key(&*key.name),
            SliceKind::Peering => self.peering.contains_key(&*key.name),
        }
    }

    pub(crate) fn observed_by(&self, slicer: &mut Slicer) {
        (self.forwarding.values()).for_each(|slice| slicer.observe_forwarding(slice));
        (self.peering.values()).for_each(|slice| slicer.observe_peering(slice));
    }

    /// Everything that the slices say, each entry once; the entries' VPC must
    /// be the one that has the VNI.
    pub(crate) fn contents(&self, compiler: &Compiler) -> Contents {
        let mut all = Contents::default();
        for (name, slice) in &self.forwarding {
            assert!(slice.spec.members.len() <= LIMITS.members, "{name}");
            check_frame(compiler, &slice.metadata, slice.spec.vni, &slice.spec.vpc);
            let vni = slice.spec.vni;
            for member in &slice.spec.members {
                let target = MemberTarget {
                    mac: member.mac,
                    hypervisor: member.hypervisor,
                };
                let addresses = member.addresses.iter().map(|address| (*address).into());
                let nets = addresses.chain(member.prefixes.iter().map(|prefix| prefix.net()));
                for prefix in nets.collect::<BTreeSet<_>>() {
                    let before = all.members.insert(MemberKey { vni, prefix }, target);
                    assert_eq!(before, None, "{name}: {vni} {prefix} is in two slices");
                }
            }
        }
        for (name, slice) in &self.peering {
            assert!(slice.spec.routes.len() <= LIMITS.routes, "{name}");
            check_frame(compiler, &slice.metadata, slice.spec.vni, &slice.spec.vpc);
            let vni = slice.spec.vni;
            for route in &slice.spec.routes {
                let peering = ObjectName {
                    namespace: route.peering.namespace.clone(),
                    name: route.peering.name.clone(),
                };
                let target = RouteTarget {
                    peer_vni: route.peer_vni,
                    peering: peering.into(),
                };
                let peers = compiler.peers(&owner(&slice.spec.vpc));
                let peers: Vec<_> = peers
                    .filter_map(|peer| compiler.vpc(&peer.vpc))
                    .filter(|peer| peer.vni == route.peer_vni)
                    .map(|peer| peer.uid)
                    .collect();
                assert_eq!(peers, std::slice::from_ref(&route.peer_uid), "{name}");
                let prefix = route.prefix.net();
                let before = all.routes.insert(RouteKey { vni, prefix }, target);
                assert_eq!(before, None, "{name}: {vni} {prefix} is in two slices");
            }
        }
        all
    }

    /// `0: web-1 web-2` for each slice of a VNI, by ordinal.
    pub(crate) fn members_of(&self, vni: u32) -> Vec<String> {
        let slices = self.forwarding.values();
        let slices = slices.filter(|slice| slice.spec.vni.get() == vni);
        slices
            .map(|slice| {
                let name = slice.metadata.name.as_deref().unwrap_or_default();
                let ordinal = name.rsplit('-').next().unwrap_or_default();
                let members = slice.spec.members.iter();
                let members: Vec<_> = members.map(|member| member.name.as_str()).collect();
                format!("{ordinal}: {}", members.join(" "))
            })
            .collect()
    }
}

fn owner(vpc: &VpcIdentity) -> ObjectName {
    ObjectName {
        namespace: vpc.namespace.clone(),
        name: vpc.name.clone(),
    }
}

/// A slice's VPC, VNI and labels are what they have to be.
fn check_frame(compiler: &Compiler, meta: &ObjectMeta, vni: Vni, vpc: &VpcIdentity) {
    let name = owner(vpc);
    let accepted = compiler.vpc(&name).expect("an accepted Vpc");
    assert_eq!((accepted.vni, &accepted.uid), (vni, &vpc.uid));
    let peers = compiler.peers(&name);
    let mut pools: BTreeSet<_> = peers
        .filter_map(|peer| compiler.vpc(&peer.vpc))
        .map(|peer| peer.pool.to_string())
        .collect();
    pools.insert(accepted.pool.to_string());
    assert_eq!(pools_of(meta), pools, "{:?}", meta.name);
    let labels = meta.labels.as_ref().expect("labels");
    assert_eq!(labels.get(VNI_LABEL), Some(&vni.to_string()));
}

pub(crate) fn pools_of(meta: &ObjectMeta) -> BTreeSet<String> {
    let labels = meta.labels.iter().flatten();
    let pools = labels.filter_map(|(key, _)| key.strip_prefix(POOL_LABEL_PREFIX));
    pools.map(str::to_owned).collect()
}

/// Entries of both maps.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Contents {
    pub(crate) routes: BTreeMap<RouteKey, RouteTarget>,
    pub(crate) members: BTreeMap<MemberKey, MemberTarget>,
}

impl Contents {
    pub(crate) fn of(compiler: &Compiler) -> Self {
        Self {
            routes: compiler.routes().collect(),
            members: compiler.members().collect(),
        }
    }
}

impl Cluster {
    pub(crate) fn new(objects: impl IntoIterator<Item = Object>) -> Self {
        let mut cluster = Self {
            compiler: Compiler::new(),
            slicer: Slicer::new(LIMITS),
            store: Store::default(),
            ledger: Ledger::default(),
        };
        for object in objects {
            let reference = object.reference();
            cluster.apply(object);
            let verdict = cluster.compiler.verdict(&reference);
            assert!(verdict.is_some_and(|verdict| !verdict.is_rejected()));
        }
        cluster.settle();
        cluster
    }

    pub(crate) fn apply(&mut self, object: impl Into<Object>) {
        let changes = self.compiler.apply(object.into());
        self.note(&changes);
    }

    pub(crate) fn delete(&mut self, object: &ObjectRef) {
        let changes = self.compiler.delete(object);
        self.note(&changes);
    }

    pub(crate) fn apply_all(&mut self, events: impl IntoIterator<Item = Event>) {
        let changes = self.compiler.apply_all(events);
        self.note(&changes);
    }

    fn note(&mut self, changes: &[Changes]) {
        changes.iter().for_each(|changes| self.slicer.note(changes));
    }

    pub(crate) fn plan(&mut self) -> Plan {
        self.plan_some(usize::MAX)
    }

    pub(crate) fn plan_some(&mut self, max: usize) -> Plan {
        let plan = self.slicer.plan(&self.compiler, max);
        self.ledger.settle(&plan);
        plan
    }

    /// Carries out a write and confirms it and what it carries.
    pub(crate) fn land(&mut self, planned: &PlannedWrite) -> Result<(), Conflict> {
        let version = self.store.write(&planned.write)?;
        self.ledger.remember(&self.store);
        self.confirm(planned, &version);
        Ok(())
    }

    /// A write was answered.
    pub(crate) fn confirm(&mut self, planned: &PlannedWrite, version: &str) {
        let key = planned.write.key();
        let number = version.parse().expect("a number");
        self.ledger.carry(&planned.carries, &key, number);
        match planned.write {
            SliceWrite::Delete { .. } => self.slicer.deleted(&key),
            _ => self.slicer.written(&key, version),
        }
    }

    /// Plans and writes until there is nothing to do; tells the writes. The
    /// slices then say what the compiler says.
    pub(crate) fn settle(&mut self) -> Vec<String> {
        let mut told = Vec::new();
        for _ in 0..100 {
            let plan = self.plan();
            if plan.is_empty() {
                self.ledger.explains(&self.store);
                let contents = self.store.contents(&self.compiler);
                assert_eq!(contents, Contents::of(&self.compiler));
                return told;
            }
            for planned in plan.writes {
                told.push(tell(&planned.write));
                self.land(&planned).expect("based on what is there");
            }
        }
        panic!("never settles: {told:?}");
    }

    /// Another operator takes over from what is there.
    pub(crate) fn restart(&mut self) {
        self.ledger.forget();
        self.slicer = Slicer::new(LIMITS);
        self.store.observed_by(&mut self.slicer);
        self.slicer.note_everything(&self.compiler);
    }
}

/// `write forwarding 1-00000001-0` or `delete ..`.
pub(crate) fn tell(write: &SliceWrite) -> String {
    let SliceKey { kind, name } = write.key();
    let what = match write {
        SliceWrite::Delete { .. } => "delete",
        _ => "write",
    };
    let kind = match kind {
        SliceKind::Forwarding => "forwarding",
        SliceKind::Peering => "peering",
    };
    format!("{what} {kind} {}", name.trim_start_matches("vni-"))
}
