//! Reading back what the tables hold: for the difference to what they should,
//! and for people.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::atomic::{AtomicU64, Ordering};

use isthmus_abi::{MAX_PORTS, MemberWord, VpcWord};

use crate::Tables;
use crate::hypervisors;
use crate::labels::{self, Label};
use crate::prefixes;
use crate::reader::look_up;
use crate::routes::Block;
use crate::sys::SysError;
use crate::two_choice::slots::{Slot, SlotV4, SlotV6};
use crate::vteps;

/// One member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemberState {
    /// Its VPC.
    pub vni: u32,
    /// Its address.
    pub address: IpAddr,
    /// Its MAC and hypervisor.
    pub word: MemberWord,
}

/// One prefix of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PrefixState {
    /// The member's VPC.
    pub vni: u32,
    /// First address.
    pub address: IpAddr,
    /// Prefix length.
    pub length: u8,
    /// The member's MAC and hypervisor.
    pub word: MemberWord,
}

/// One hypervisor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HypervisorState {
    /// Its index.
    pub index: u16,
    /// Its VTEP's address.
    pub vtep: IpAddr,
    /// MAC of the next hop from each port; 0 while unknown.
    pub next_hops: [u64; MAX_PORTS],
}

impl Tables {
    /// Every member of both families.
    pub fn members(&self) -> impl Iterator<Item = MemberState> + '_ {
        let v4 = entries::<SlotV4>(&self.members_v4).map(|(key, word)| MemberState {
            vni: (key >> 32) as u32,
            address: IpAddr::V4(Ipv4Addr::from_bits(key as u32)),
            word,
        });
        let v6 = entries::<SlotV6>(&self.members_v6).map(|(key, word)| MemberState {
            vni: key.vni,
            address: IpAddr::V6(Ipv6Addr::from_bits(
                u128::from(key.high) << 64 | u128::from(key.low),
            )),
            word,
        });
        v4.chain(v6)
    }

    /// Every prefix of a member.
    ///
    /// # Errors
    ///
    /// The kernel's answer.
    pub fn prefixes(&self) -> Result<Vec<PrefixState>, SysError> {
        prefixes::all(self)
    }

    /// Every VPC with routes. `None` where its block is not sound: damage, or
    /// a change in between.
    pub fn routes(&self) -> impl Iterator<Item = (u32, Option<Block>)> + '_ {
        self.vpcs
            .iter()
            .map(|word| VpcWord(word.load(Ordering::Acquire)))
            .filter(|word| word.vni() != 0)
            .map(|word| {
                (
                    word.vni(),
                    Block::read(word.vni(), &self.routes, word.line()),
                )
            })
    }

    /// Every hypervisor.
    pub fn hypervisors(&self) -> impl Iterator<Item = HypervisorState> + '_ {
        (1..=u16::MAX).filter_map(|index| {
            let vtep = hypervisors::vtep(&self.hypervisors, index);
            (vtep != [0, 0]).then(|| HypervisorState {
                index,
                vtep: hypervisors::from_words(vtep),
                next_hops: hypervisors::next_hops(&self.hypervisors, index),
            })
        })
    }

    /// The hypervisors that are answered, by VTEP: those of
    /// [`Self::hypervisors`], unless something is wrong or changing.
    ///
    /// # Errors
    ///
    /// The kernel's answer.
    pub fn answered(&self) -> Result<HashMap<IpAddr, u32>, SysError> {
        let all = vteps::all(self)?.into_iter();
        Ok(all
            .map(|(vtep, index)| (hypervisors::from_words(vtep), index))
            .collect())
    }

    /// The VTEP of a hypervisor's index, `None` where that is free.
    #[must_use]
    pub fn vtep(&self, index: u16) -> Option<IpAddr> {
        let vtep = hypervisors::vtep(&self.hypervisors, index);
        (index != 0 && vtep != [0, 0]).then(|| hypervisors::from_words(vtep))
    }

    /// MAC of the next hop from each port to the hypervisor of an index; 0
    /// while unknown.
    #[must_use]
    pub fn next_hops(&self, index: u16) -> [u64; MAX_PORTS] {
        hypervisors::next_hops(&self.hypervisors, index)
    }

    /// Whether the router takes a member so as listing shows it. Not so where
    /// no look-up comes, or where the member is listed twice with different
    /// values; and of one that changes at this moment.
    #[must_use]
    pub fn finds(&self, member: &MemberState) -> bool {
        look_up(self, member.vni, member.address) == Some(member.word)
    }

    /// Number of prefixes that are shorter than a VNI: nobody's, and none that
    /// [`Self::prefixes`] lists.
    ///
    /// # Errors
    ///
    /// The kernel's answer.
    pub fn prefixes_of_nobody(&self) -> Result<u64, SysError> {
        prefixes::count_short(self)
    }

    /// What the index of a peering's counter counts.
    #[must_use]
    pub fn label(&self, index: u32) -> Option<Label> {
        (index < self.capacities().peerings)
            .then(|| labels::read(&self.labels, index))
            .flatten()
    }

    /// Every counter of a peering: index and what it counts.
    pub fn labels(&self) -> impl Iterator<Item = (u32, Label)> + '_ {
        (0..self.capacities().peerings)
            .filter_map(|index| Some((index, labels::read(&self.labels, index)?)))
    }
}

fn entries<S: Slot>(words: &[AtomicU64]) -> impl Iterator<Item = (S::Key, S::Value)> + '_ {
    words
        .chunks_exact(S::WORDS)
        .filter_map(|entry| Some((S::key(entry)?, S::value(entry))))
}
