//! One way to ask the tables for both families.

use isthmus_abi::MemberWord;

use crate::tables::{Route, Tables};

/// An inner address.
pub(crate) trait Address: Copy {
    fn route<T: Tables>(self, tables: &T, vni: u32) -> Option<Route>;
    fn member<T: Tables>(self, tables: &T, vni: u32) -> MemberWord;
}

impl Address for u32 {
    #[inline(always)]
    fn route<T: Tables>(self, tables: &T, vni: u32) -> Option<Route> {
        tables.route_v4(vni, self)
    }
    #[inline(always)]
    fn member<T: Tables>(self, tables: &T, vni: u32) -> MemberWord {
        tables.member_v4(vni, self)
    }
}

impl Address for [u64; 2] {
    #[inline(always)]
    fn route<T: Tables>(self, tables: &T, vni: u32) -> Option<Route> {
        tables.route_v6(vni, self)
    }
    #[inline(always)]
    fn member<T: Tables>(self, tables: &T, vni: u32) -> MemberWord {
        tables.member_v6(vni, self)
    }
}
