//! From what is dirty to writes in order.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::held::Flight;
use super::render::Frame;
use super::shelf::{Shelf, Slice};
use super::slicer::Slicer;
use super::write::{Phase, Plan, PlannedWrite, Settled, SliceKey, SliceKind, SliceWrite};
use crate::changes::MemberId;
use crate::compiler::Compiler;
use crate::entries::ObjectName;
use crate::object::{Kind, ObjectRef};

/// A dirty slice that no write is on its way for.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Due {
    phase: Phase,
    kind: SliceKind,
    name: Arc<str>,
    id: u32,
}

/// What a slice is to be, and the fingerprint of it.
struct Rendering {
    write: SliceWrite,
    fingerprint: u64,
}

impl Slicer {
    /// Writes of at most `max` slices, the earliest phases first.
    pub(super) fn emit(&mut self, compiler: &Compiler, max: usize) -> Plan {
        let peering = due(&self.peering, SliceKind::Peering, |slice| {
            if slice.keys.is_empty() || slice.errand.loses {
                Phase::RoutesGo
            } else {
                Phase::Routes
            }
        });
        let forwarding = due(&self.forwarding, SliceKind::Forwarding, |slice| {
            if slice.vpc.is_none() {
                Phase::VpcsGo
            } else if slice.keys.is_empty() {
                Phase::EmptyGo
            } else {
                Phase::Members
            }
        });
        let mut all: Vec<Due> = peering.chain(forwarding).collect();
        all.sort_unstable();
        let mut plan = Plan::default();
        for due in all.into_iter().take(max) {
            match due.kind {
                SliceKind::Peering => {
                    let slice = self.peering.slices.get(due.id);
                    let (rendering, carries) = slice
                        .map(|slice| self.render_peering(compiler, slice))
                        .unwrap_or_default();
                    decide(&mut self.peering, &due, rendering, carries, &mut plan);
                }
                SliceKind::Forwarding => {
                    let slice = self.forwarding.slices.get(due.id);
                    let (rendering, carries) = slice
                        .map(|slice| self.render_forwarding(compiler, slice))
                        .unwrap_or_default();
                    decide(&mut self.forwarding, &due, rendering, carries, &mut plan);
                }
            }
        }
        plan
    }

    fn render_forwarding(
        &self,
        compiler: &Compiler,
        slice: &Slice<MemberId>,
    ) -> (Option<Rendering>, Vec<ObjectRef>) {
        let keys = slice.errand.keys.iter();
        let members = keys.filter(|key| slice.keys.binary_search(key).is_ok());
        let members = members.filter_map(|id| compiler.emitted_member(*id));
        let carries = (members.map(|(member, _)| ObjectRef {
            kind: Kind::VpcMember,
            name: member.full_name().to_object_name(),
        }))
        .chain(peerings(&slice.errand.peerings))
        .collect();
        let rendering = self.frame(slice).map(|frame| {
            let object = frame.forwarding(compiler, &slice.keys);
            Rendering {
                fingerprint: self.fingerprints.of_forwarding(&object),
                write: SliceWrite::ApplyForwarding(Box::new(object)),
            }
        });
        (rendering, carries)
    }

    fn render_peering(
        &self,
        compiler: &Compiler,
        slice: &Slice<ipnet::IpNet>,
    ) -> (Option<Rendering>, Vec<ObjectRef>) {
        let mut halves = slice.errand.peerings.clone();
        if let Some(vpc) = &slice.vpc {
            for prefix in &slice.errand.keys {
                halves.extend(compiler.halves_towards(vpc, *prefix));
            }
        }
        let rendering = self.frame(slice).map(|frame| {
            let object = frame.peering(compiler, &slice.keys);
            Rendering {
                fingerprint: self.fingerprints.of_peering(&object),
                write: SliceWrite::ApplyPeering(Box::new(object)),
            }
        });
        (rendering, peerings(&halves).collect())
    }

    /// `None` of a slice that is not to be.
    fn frame<'a, K>(&'a self, slice: &'a Slice<K>) -> Option<Frame<'a>> {
        let vpc = slice.vpc.as_ref()?;
        (!slice.keys.is_empty()).then_some(())?;
        Some(Frame {
            name: &slice.name,
            vpc,
            placed: self.vpcs.get(vpc)?,
            held: slice.held,
        })
    }
}

fn peerings(names: &BTreeSet<ObjectName>) -> impl Iterator<Item = ObjectRef> {
    names.iter().map(|name| ObjectRef {
        kind: Kind::VpcPeering,
        name: name.clone(),
    })
}

fn due<K>(
    shelf: &Shelf<K>,
    kind: SliceKind,
    phase: impl Fn(&Slice<K>) -> Phase,
) -> impl Iterator<Item = Due> {
    shelf.dirty.iter().filter_map(move |id| {
        let slice = shelf.slices.get(*id)?;
        slice.flight.is_none().then(|| Due {
            phase: phase(slice),
            kind,
            name: slice.name.clone(),
            id: *id,
        })
    })
}

/// Plans the write that makes a slice what it is to be, where it is not.
fn decide<K: Copy + Ord + std::fmt::Debug>(
    shelf: &mut Shelf<K>,
    due: &Due,
    rendering: Option<Rendering>,
    carries: Vec<ObjectRef>,
    plan: &mut Plan,
) {
    shelf.dirty.remove(&due.id);
    let Some(slice) = shelf.slices.get_mut(due.id) else {
        return;
    };
    let held = slice.held;
    let fingerprint = rendering.as_ref().map(|rendering| rendering.fingerprint);
    let errand = std::mem::take(&mut slice.errand);
    let key = SliceKey {
        kind: due.kind,
        name: due.name.clone(),
    };
    if held.fingerprint == fingerprint {
        let is_there = fingerprint.is_some();
        if is_there {
            shelf.finish_merge(due.id);
        } else {
            shelf.drop_if_gone(due.id);
        }
        if !carries.is_empty() {
            plan.settled.push(Settled {
                key,
                resource_version: if is_there { held.resource_version } else { 0 },
                carries,
            });
        }
        return;
    }
    slice.flight = Some(Flight {
        base: held.resource_version,
        fingerprint,
        errand,
    });
    let write = rendering.map_or_else(
        || SliceWrite::Delete {
            key,
            resource_version: held.resource_version.to_string(),
        },
        |rendering| rendering.write,
    );
    plan.writes.push(PlannedWrite {
        write,
        phase: due.phase,
        carries,
    });
}
