//! What no write carries yet.

use std::collections::BTreeSet;

use super::slicer::Slicer;
use crate::compiler::Compiler;
use crate::entries::ObjectName;

impl Slicer {
    /// Whether a plan would have more to look at now: slices that changed and
    /// that no write is on its way for.
    #[must_use]
    pub fn has_due(&self) -> bool {
        let peering = self.peering.dirty.iter();
        let mut peering = peering.filter_map(|id| self.peering.slices.get(*id));
        let forwarding = self.forwarding.dirty.iter();
        let mut forwarding = forwarding.filter_map(|id| self.forwarding.slices.get(*id));
        peering.any(|slice| slice.flight.is_none())
            || forwarding.any(|slice| slice.flight.is_none())
    }

    /// The accepted peerings whose latest change slices wait to say, of which a
    /// write is on its way or that the last plan had no room for. Looks at those
    /// slices only.
    #[must_use]
    pub fn owed(&self, compiler: &Compiler) -> BTreeSet<ObjectName> {
        let mut owed = BTreeSet::new();
        let dirty = self.peering.dirty.iter();
        for slice in dirty.filter_map(|id| self.peering.slices.get(*id)) {
            owed.extend(slice.errand.peerings.iter().cloned());
            let Some(vpc) = &slice.vpc else { continue };
            for prefix in &slice.errand.keys {
                owed.extend(compiler.halves_towards(vpc, *prefix));
            }
        }
        let dirty = self.forwarding.dirty.iter();
        for slice in dirty.filter_map(|id| self.forwarding.slices.get(*id)) {
            owed.extend(slice.errand.peerings.iter().cloned());
        }
        owed
    }
}
