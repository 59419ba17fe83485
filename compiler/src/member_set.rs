//! Sets of members.

use roaring::RoaringBitmap;

use crate::changes::MemberId;

/// Members, in order of their numbers. As these are dense, a set of many takes two
/// bytes or less for each.
#[derive(Clone, Debug, Default)]
pub struct MemberSet(RoaringBitmap);

impl MemberSet {
    /// Whether it was not in the set.
    pub fn insert(&mut self, id: MemberId) -> bool {
        self.0.insert(id.0)
    }

    /// Whether it was in the set.
    pub fn remove(&mut self, id: MemberId) -> bool {
        self.0.remove(id.0)
    }

    /// Takes all that are in another set, which is empty then.
    pub fn append(&mut self, other: &mut Self) {
        self.0 |= std::mem::take(&mut other.0);
    }

    /// Takes the first from the set.
    pub fn pop_first(&mut self) -> Option<MemberId> {
        let first = self.0.min()?;
        self.0.remove(first);
        Some(MemberId(first))
    }

    /// Whether it is in the set.
    #[must_use]
    pub fn contains(&self, id: MemberId) -> bool {
        self.0.contains(id.0)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// From the first to the last.
    pub fn iter(&self) -> impl Iterator<Item = MemberId> {
        self.0.iter().map(MemberId)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_gives_what_was_put_into_it_in_order() {
        let mut set = MemberSet::default();
        assert!(
            [70_000, 3, 9]
                .map(MemberId)
                .into_iter()
                .all(|id| set.insert(id))
        );
        assert!(!set.insert(MemberId(9)) && set.contains(MemberId(9)));
        assert!(set.remove(MemberId(9)) && !set.remove(MemberId(9)));
        let mut other = MemberSet::default();
        other.insert(MemberId(4));
        set.append(&mut other);
        assert!(other.is_empty() && set.len() == 3);
        assert_eq!(
            set.iter().map(|id| id.0).collect::<Vec<_>>(),
            [3, 4, 70_000]
        );
        let popped: Vec<_> = std::iter::from_fn(|| set.pop_first()).collect();
        assert_eq!(popped, [3, 4, 70_000].map(MemberId));
    }
}
