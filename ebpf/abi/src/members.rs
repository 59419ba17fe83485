//! The forwarding map: members by VNI and address.

/// Members in a line of `MEMBERS_V4`.
pub const MEMBERS_PER_LINE_V4: usize = crate::LINE / size_of::<MemberEntryV4>();
/// Members in a line of `MEMBERS_V6`.
pub const MEMBERS_PER_LINE_V6: usize = crate::LINE / size_of::<MemberEntryV6>();

/// Where a member is: its MAC in the high 48 bits, the index of its hypervisor
/// in the low 16. The word 0 is no member.
#[repr(transparent)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MemberWord(pub u64);

impl MemberWord {
    /// The word of a member with this MAC (48 bits) on this hypervisor (not 0).
    #[must_use]
    pub const fn new(mac: u64, hypervisor: u16) -> Self {
        Self(mac << 16 | hypervisor as u64)
    }

    /// MAC, 48 bits.
    #[must_use]
    pub const fn mac(self) -> u64 {
        self.0 >> 16
    }

    /// Index into `HYPERVISORS`.
    #[must_use]
    pub const fn hypervisor(self) -> u16 {
        self.0 as u16
    }
}

/// One IPv4 member. Free when `key` is 0; published by the store of `key`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MemberEntryV4 {
    /// VNI in the high half, address in the low half: also what is hashed.
    pub key: u64,
    /// MAC and hypervisor.
    pub value: MemberWord,
}

impl MemberEntryV4 {
    /// The key of an address in a VPC.
    #[inline(always)]
    #[must_use]
    pub const fn key(vni: u32, address: u32) -> u64 {
        (vni as u64) << 32 | address as u64
    }
}

/// One IPv6 member. Free when `vni` is 0; published by the store of `vni`,
/// after the address and the value.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MemberEntryV6 {
    /// Address, high and low halves.
    pub address: [u64; 2],
    /// VXLAN network identifier.
    pub vni: u64,
    /// MAC and hypervisor.
    pub value: MemberWord,
}

/// Key of `PREFIXES_V4`, in the byte order that `LPM_TRIE` asks for
/// (`struct bpf_lpm_trie_key_u8`, linux/bpf.h). The value is a [`MemberWord`].
#[repr(C, packed)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PrefixKeyV4 {
    /// 32 bits of VNI plus the prefix's own length; native order.
    pub prefix_len: u32,
    /// VNI, big endian.
    pub vni: [u8; 4],
    /// Address, network order.
    pub address: [u8; 4],
}

/// Key of `PREFIXES_V6`; see [`PrefixKeyV4`].
#[repr(C, packed)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PrefixKeyV6 {
    /// 32 bits of VNI plus the prefix's own length; native order.
    pub prefix_len: u32,
    /// VNI, big endian.
    pub vni: [u8; 4],
    /// Address, network order.
    pub address: [u8; 16],
}

const _: () = assert!(size_of::<MemberEntryV4>() == 16 && size_of::<MemberEntryV6>() == 32);
const _: () = assert!(size_of::<PrefixKeyV4>() == 12 && size_of::<PrefixKeyV6>() == 24);
