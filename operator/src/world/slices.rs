//! Writes of slices: what is due, and what became of it.

use isthmus_compiler::slices::{PlannedWrite, SliceKey, SliceKind, SliceWrite};
use isthmus_compiler::{Kind, ObjectRef};
use isthmus_crds::{
    ForwardingSlice, ForwardingSliceSpec, PeeringSlice, PeeringSliceSpec, Vni, VpcIdentity,
};
use kube::api::ObjectMeta;

use super::World;
use super::agenda::Subject;
use super::follow::reference;
use super::progress::Progress;
use crate::intake::{Foreign, Slice};

impl World {
    /// Writes that are due, at most `max`, in order of their phases; none before
    /// the lists are complete. Each is to be answered by
    /// [`World::slice_written`], [`World::slice_deleted`] or
    /// [`World::slice_failed`].
    pub fn plan_slices(&mut self, max: usize) -> Vec<PlannedWrite> {
        if !self.is_complete() || max == 0 {
            return Vec::new();
        }
        self.has_planned = true;
        let mut writes = Vec::new();
        while writes.len() < max && (self.slicer.has_due() || writes.is_empty()) {
            let plan = self.slicer.plan(&self.compiler, max - writes.len());
            if plan.is_empty() && !self.slicer.has_due() {
                break;
            }
            for settled in plan.settled {
                for object in &settled.carries {
                    self.settle(object, &settled.key, settled.resource_version);
                }
            }
            for mut planned in plan.writes {
                self.identify(&mut planned.write);
                self.depart(&planned);
                writes.push(planned);
            }
        }
        if self.carriage.has_unplanned() && !self.slicer.has_due() {
            let owed = self.slicer.owed(&self.compiler);
            for peering in self.carriage.settle(&owed) {
                self.mark(&reference(Kind::VpcPeering, &peering));
            }
        }
        writes
    }

    /// A slice was applied, and has this version and UID now.
    pub fn slice_written(&mut self, key: &SliceKey, resource_version: &str, uid: &str) {
        self.uids.insert(key.clone(), uid.into());
        if self.doubtful.remove(key) {
            self.missing.insert(key.clone());
        }
        self.slicer.written(key, resource_version);
        self.land(key, resource_version.parse().unwrap_or(0), false);
    }

    /// A slice was deleted, or was not there.
    pub fn slice_deleted(&mut self, key: &SliceKey) {
        self.doubtful.remove(key);
        self.slicer.deleted(key);
        self.carriage.deleted(key);
    }

    /// A write failed, or nobody knows; a later plan has it again. What was read
    /// meanwhile is to be told first, by [`World::slice_read`].
    pub fn slice_failed(&mut self, key: &SliceKey) {
        if self.doubtful.remove(key) {
            self.missing.insert(key.clone());
        }
        self.slicer.failed(key);
        for object in self.carriage.fail(key) {
            if object.kind == Kind::VpcMember
                && let Some(id) = self.compiler.member_id(&object.name)
                && let Some(member) = self.ledger.member_mut(id)
                && member.progress == Progress::InFlight
            {
                member.progress = Progress::Awaiting;
            }
        }
    }

    /// What a read of a slice found, which counts whatever its version.
    pub fn slice_read(&mut self, key: &SliceKey, found: Option<&Slice>) {
        match found {
            Some(slice) => {
                self.slicer.doubt(key);
                self.observe(slice);
            }
            None => {
                self.missing.remove(key);
                self.uids.remove(key);
                self.slicer.observe_gone(key, None);
            }
        }
    }

    /// Slices that a full list did not have: each is to be read, and to be told
    /// of by [`World::slice_read`], unless a write of it went out meanwhile, whose
    /// answer will tell.
    pub fn take_missing_slices(&mut self) -> Vec<SliceKey> {
        let missing = std::mem::take(&mut self.missing);
        missing.into_iter().collect()
    }

    /// A read of a missing slice failed: it is still to be read.
    pub fn slice_is_missing(&mut self, key: SliceKey) {
        self.missing.insert(key);
    }

    fn depart(&mut self, planned: &PlannedWrite) {
        self.carriage.depart(planned);
        for object in &planned.carries {
            match object.kind {
                Kind::VpcMember => {
                    if let Some(id) = self.compiler.member_id(&object.name)
                        && let Some(member) = self.ledger.member_mut(id)
                        && member.progress == Progress::Awaiting
                    {
                        member.progress = Progress::InFlight;
                    }
                }
                _ => self.agenda.mark_soon(Subject::Object(object.clone())),
            }
        }
    }

    /// Has a slice that is there applied to none but itself: a version alone does
    /// not keep the API server from making what is gone anew.
    fn identify(&self, write: &mut SliceWrite) {
        let uid = self.uids.get(&write.key()).map(ToString::to_string);
        let metadata = match write {
            SliceWrite::ApplyForwarding(slice) => &mut slice.metadata,
            SliceWrite::ApplyPeering(slice) => &mut slice.metadata,
            SliceWrite::Delete { .. } => return,
        };
        if metadata.resource_version.is_some() {
            metadata.uid = uid;
        }
    }

    /// A slice says already what changed of an object. A member that the API server
    /// says is programmed was so by a leader before; one that a slice did not say,
    /// since its Vpc is another, is not.
    fn settle(&mut self, object: &ObjectRef, key: &SliceKey, version: u64) {
        match object.kind {
            Kind::VpcMember => {
                if let Some(id) = self.compiler.member_id(&object.name)
                    && let Some(member) = self.ledger.member(id)
                    && member.progress == Progress::Awaiting
                {
                    if member.is_programmed() {
                        self.set_progress(id, Progress::Programmed);
                    } else {
                        self.await_gateways(id, version);
                    }
                }
            }
            _ => {
                self.carriage.need(&object.name, key.kind, version);
                self.agenda.mark_soon(Subject::Object(object.clone()));
            }
        }
    }

    pub(super) fn land(&mut self, key: &SliceKey, version: u64, is_gone: bool) {
        let carried = if is_gone {
            self.carriage.gone(key, version)
        } else {
            self.carriage.land(key, version)
        };
        self.arrive(key, version, &carried);
    }

    /// What a write carried has arrived.
    pub(super) fn arrive(&mut self, key: &SliceKey, version: u64, carried: &[ObjectRef]) {
        for object in carried {
            match object.kind {
                Kind::VpcMember => {
                    if key.kind == SliceKind::Forwarding
                        && let Some(id) = self.compiler.member_id(&object.name)
                        && let Some(member) = self.ledger.member(id)
                        && member.progress == Progress::InFlight
                    {
                        self.await_gateways(id, version);
                    }
                }
                _ => self.mark(object),
            }
        }
    }

    /// What is not the operator's work is nobody's: it is replaced where a slice
    /// has that name, and deleted elsewhere.
    pub(super) fn observe_foreign(&mut self, foreign: &Foreign) {
        let metadata = ObjectMeta {
            name: Some(foreign.key.name.to_string()),
            resource_version: foreign.version.clone(),
            ..ObjectMeta::default()
        };
        let vpc = VpcIdentity {
            namespace: String::new(),
            name: String::new(),
            uid: String::new(),
        };
        let Ok(vni) = Vni::new(1) else { return };
        match foreign.key.kind {
            SliceKind::Forwarding => self.slicer.observe_forwarding(&ForwardingSlice {
                metadata,
                spec: ForwardingSliceSpec {
                    vni,
                    vpc,
                    members: Vec::new(),
                },
            }),
            SliceKind::Peering => self.slicer.observe_peering(&PeeringSlice {
                metadata,
                spec: PeeringSliceSpec {
                    vni,
                    vpc,
                    routes: Vec::new(),
                },
            }),
        }
    }
}
