//! Grace periods, shared by everything that waits for one.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{Refused, Writer};
use crate::grace::GraceError;

/// Most grace periods of one settling: a way to room has few moves of three.
const MAX_GRACES: u32 = 48;

/// What settling did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settled {
    /// Grace periods that it took.
    pub graces: u32,
    /// Entries that had been deferred and have no room: they are not in their
    /// table, which is full for them.
    pub refused: Vec<Refused>,
}

impl Writer {
    /// Whether something waits to be settled.
    #[must_use]
    pub fn is_pending(&self) -> bool {
        self.members_v4.is_pending()
            || self.members_v6.is_pending()
            || self.vpcs.is_pending()
            || self.blocks.is_pending()
            || self.hypervisors.is_pending()
            || self.labels.is_pending()
    }

    /// Whether an entry is deferred: readers do not see it yet.
    #[must_use]
    pub fn has_deferred(&self) -> bool {
        self.members_v4.has_deferred() || self.members_v6.has_deferred() || self.vpcs.has_deferred()
    }

    /// Puts deferred entries in place and makes what was removed free for
    /// others. All that waits shares the grace periods; without any readers
    /// none is taken.
    ///
    /// # Errors
    ///
    /// A grace period that the kernel refused. Nothing is lost then; the next
    /// call takes it up.
    pub fn settle(&mut self) -> Result<Settled, GraceError> {
        let mut settled = Settled::default();
        self.members_v4.plan_moves(&self.tables.members_v4);
        self.members_v6.plan_moves(&self.tables.members_v6);
        self.vpcs.plan_moves(&self.tables.vpcs);
        while self.is_pending() {
            if self.tables.is_read() {
                self.grace.wait()?;
                settled.graces += 1;
            }
            self.step();
            let stuck = !self.members_v4.is_moving()
                && !self.members_v6.is_moving()
                && !self.vpcs.is_moving()
                && self.has_deferred();
            if stuck || settled.graces >= MAX_GRACES {
                self.refuse_deferred(&mut settled.refused);
            }
        }
        Ok(settled)
    }

    pub(super) fn step(&mut self) {
        self.members_v4.step(&self.tables.members_v4);
        self.members_v6.step(&self.tables.members_v6);
        self.vpcs.step(&self.tables.vpcs);
        self.blocks.step();
        self.hypervisors.step(&self.tables.hypervisors);
        self.labels.step();
    }

    fn refuse_deferred(&mut self, refused: &mut Vec<Refused>) {
        for (key, _) in self.members_v4.refuse_deferred() {
            let address = IpAddr::V4(Ipv4Addr::from_bits(key as u32));
            refused.push(Refused::Member {
                vni: (key >> 32) as u32,
                address,
            });
        }
        for (key, _) in self.members_v6.refuse_deferred() {
            let bits = u128::from(key.high) << 64 | u128::from(key.low);
            let address = IpAddr::V6(Ipv6Addr::from_bits(bits));
            refused.push(Refused::Member {
                vni: key.vni,
                address,
            });
        }
        for (vni, line) in self.vpcs.refuse_deferred() {
            self.blocks.retire(line, false);
            refused.push(Refused::Vpc { vni });
        }
    }
}
