//! Which slice each member is in.

use crate::changes::MemberId;

/// No slice.
const NONE: u32 = u32::MAX;

/// Four bytes a member.
#[derive(Debug, Default)]
pub(super) struct Homes(Vec<u32>);

impl Homes {
    pub(super) fn get(&self, member: MemberId) -> Option<u32> {
        let home = self.0.get(member.0 as usize).copied();
        home.filter(|home| *home != NONE)
    }

    pub(super) fn set(&mut self, member: MemberId, home: Option<u32>) {
        let place = member.0 as usize;
        if place >= self.0.len() {
            if home.is_none() {
                return;
            }
            self.0.resize(place + 1, NONE);
        }
        self.0[place] = home.unwrap_or(NONE);
    }
}
