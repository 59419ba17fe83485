//! Records under small numbers, so that indices hold four bytes a reference.

/// Values under `u32` ids. An id that was removed is used again only after
/// [`Slab::recycle`], so that within one pass it names one value.
#[derive(Debug)]
pub(crate) struct Slab<T> {
    items: Vec<Option<T>>,
    free: Vec<u32>,
    removed: Vec<u32>,
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Self {
            items: Vec::new(),
            free: Vec::new(),
            removed: Vec::new(),
        }
    }
}

impl<T> Slab<T> {
    /// `None` where every id is in use: 2^32 values.
    pub(crate) fn insert(&mut self, value: T) -> Option<u32> {
        while let Some(id) = self.free.pop() {
            if let Some(slot) = self.items.get_mut(id as usize) {
                *slot = Some(value);
                return Some(id);
            }
        }
        let id = u32::try_from(self.items.len()).ok()?;
        self.items.push(Some(value));
        Some(id)
    }

    /// Replaces the value under an id that is in use; else as
    /// [`Self::insert`].
    pub(crate) fn put(&mut self, id: Option<u32>, value: T) -> Option<u32> {
        let place = id.and_then(|id| self.items.get_mut(id as usize)?.as_mut());
        match place {
            None => self.insert(value),
            Some(place) => {
                *place = value;
                id
            }
        }
    }

    pub(crate) fn remove(&mut self, id: u32) -> Option<T> {
        let value = self.items.get_mut(id as usize)?.take()?;
        self.removed.push(id);
        Some(value)
    }

    pub(crate) fn recycle(&mut self) {
        self.free.append(&mut self.removed);
    }

    pub(crate) fn get(&self, id: u32) -> Option<&T> {
        self.items.get(id as usize)?.as_ref()
    }

    pub(crate) fn get_mut(&mut self, id: u32) -> Option<&mut T> {
        self.items.get_mut(id as usize)?.as_mut()
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = &T> {
        self.items.iter().flatten()
    }
}
