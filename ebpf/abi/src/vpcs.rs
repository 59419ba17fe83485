//! Look-up of a VPC's route block.

/// [`VpcWord`]s in a line.
pub const VPCS_PER_LINE: usize = crate::LINE / size_of::<VpcWord>();

/// One entry of `VPCS`: the VNI in the high half, the first line of its route
/// block in `ROUTES` in the low half. The word 0 is a free slot. One store
/// moves a VPC from one set of routes to another.
#[repr(transparent)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VpcWord(pub u64);

impl VpcWord {
    /// The word of a VPC (`vni` not 0) whose block starts at `line`.
    #[must_use]
    pub const fn new(vni: u32, line: u32) -> Self {
        Self((vni as u64) << 32 | line as u64)
    }

    /// VXLAN network identifier, 0 in a free slot.
    #[must_use]
    pub const fn vni(self) -> u32 {
        (self.0 >> 32) as u32
    }

    /// First line of the route block.
    #[must_use]
    pub const fn line(self) -> u32 {
        self.0 as u32
    }

    /// The word that is hashed to place a VPC.
    #[must_use]
    pub const fn hashed(vni: u32) -> u64 {
        vni as u64
    }
}
