//! A set of maps, open and mapped into memory.

use std::os::fd::{AsFd, BorrowedFd};
use std::sync::atomic::{AtomicBool, Ordering};

use isthmus_abi::{Capacities, HashKey, LAYOUT_VERSION, META_MAGIC, Meta};

use crate::layout::{self, CapacityError, MAPS};
use crate::sys::{Map, Mapping, SysError, as_bytes, map_info};

/// Position of each map in [`layout::specs`].
mod position {
    pub(super) const VPCS: usize = 0;
    pub(super) const ROUTES: usize = 1;
    pub(super) const MEMBERS_V4: usize = 2;
    pub(super) const MEMBERS_V6: usize = 3;
    pub(super) const PREFIXES_V4: usize = 4;
    pub(super) const PREFIXES_V6: usize = 5;
    pub(super) const HYPERVISORS: usize = 6;
    pub(super) const VTEPS: usize = 7;
    pub(super) const LIVENESS: usize = 8;
    pub(super) const OUTCOMES: usize = 9;
    pub(super) const PEERINGS: usize = 10;
    pub(super) const LABELS: usize = 11;
}

/// Maps that could not be made.
#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    /// Sizes that no map can have.
    #[error(transparent)]
    Capacity(#[from] CapacityError),
    /// The kernel refused a map.
    #[error("cannot make the map {map}: {source}")]
    Map {
        /// Its name.
        map: &'static str,
        /// The kernel's answer.
        source: SysError,
    },
    /// The map cannot be mapped into memory.
    #[error("cannot map {map} into memory: {source}")]
    Memory {
        /// Its name.
        map: &'static str,
        /// The kernel's answer.
        source: std::io::Error,
    },
}

/// One set of the router's maps: made, or opened from pins.
///
/// Reading is possible for anyone at any time; writing goes through
/// [`crate::Writer`], of which there must be one in the whole system.
pub struct Tables {
    meta: Meta,
    maps: [Map; MAPS],
    pub(crate) vpcs: Mapping,
    pub(crate) routes: Mapping,
    pub(crate) members_v4: Mapping,
    pub(crate) members_v6: Mapping,
    pub(crate) hypervisors: Mapping,
    pub(crate) liveness: Mapping,
    pub(crate) labels: Mapping,
    read: AtomicBool,
}

impl Tables {
    /// Makes empty maps. `hash` is the secret by which members are placed:
    /// three random words.
    ///
    /// # Errors
    ///
    /// Sizes of 0 or beyond the kernel's limits; no permission; no memory.
    pub fn create(capacities: &Capacities, hash: HashKey) -> Result<Self, CreateError> {
        let specs = layout::specs(capacities)?;
        let meta = Meta {
            magic: META_MAGIC,
            layout: LAYOUT_VERSION,
            reserved: 0,
            hash,
            capacities: *capacities,
        };
        let mut maps = Vec::with_capacity(MAPS);
        for spec in &specs {
            let map = Map::create(spec).map_err(|source| CreateError::Map {
                map: spec.name,
                source,
            })?;
            maps.push(map);
        }
        let tables = Self::assemble(meta, maps, false)?;
        let refused = |source| CreateError::Map {
            map: isthmus_abi::map::META,
            source,
        };
        let meta_map = &tables.maps[MAPS - 1];
        meta_map.update(&0u32, as_bytes(&meta)).map_err(refused)?;
        meta_map.freeze().map_err(refused)?;
        crate::two_choice::slots::prepare_v6(&tables.members_v6, &hash);
        Ok(tables)
    }

    /// Puts a set together from maps that are all checked.
    pub(crate) fn assemble(meta: Meta, maps: Vec<Map>, read: bool) -> Result<Self, CreateError> {
        let maps: [Map; MAPS] = match maps.try_into() {
            Ok(maps) => maps,
            Err(maps) => {
                let maps: Vec<Map> = maps;
                unreachable!("{} maps of {MAPS}", maps.len())
            }
        };
        let memory = |position: usize| {
            let map = maps[position].spec().name;
            maps[position]
                .map_memory()
                .map_err(|source| CreateError::Memory { map, source })
        };
        Ok(Self {
            vpcs: memory(position::VPCS)?,
            routes: memory(position::ROUTES)?,
            members_v4: memory(position::MEMBERS_V4)?,
            members_v6: memory(position::MEMBERS_V6)?,
            hypervisors: memory(position::HYPERVISORS)?,
            liveness: memory(position::LIVENESS)?,
            labels: memory(position::LABELS)?,
            meta,
            maps,
            read: AtomicBool::new(read),
        })
    }

    /// Sizes of the tables.
    #[must_use]
    pub fn capacities(&self) -> &Capacities {
        &self.meta.capacities
    }

    /// Secret by which entries are placed; the program's configuration needs
    /// it too ([`isthmus_abi::RouterConfig::hash`]).
    #[must_use]
    pub fn hash(&self) -> HashKey {
        self.meta.hash
    }

    /// The map of this name (see [`isthmus_abi::map`]).
    #[must_use]
    pub fn map_fd(&self, name: &str) -> Option<BorrowedFd<'_>> {
        self.maps
            .iter()
            .find(|map| map.spec().name == name)
            .map(AsFd::as_fd)
    }

    /// Kernel identifiers of the maps, as a program's information lists them.
    ///
    /// # Errors
    ///
    /// The kernel's answer.
    pub fn map_ids(&self) -> Result<Vec<u32>, SysError> {
        self.maps
            .iter()
            .map(|map| Ok(map_info(map.as_fd())?.id))
            .collect()
    }

    pub(crate) fn maps(&self) -> &[Map; MAPS] {
        &self.maps
    }

    pub(crate) fn prefixes_v4(&self) -> &Map {
        &self.maps[position::PREFIXES_V4]
    }

    pub(crate) fn prefixes_v6(&self) -> &Map {
        &self.maps[position::PREFIXES_V6]
    }

    pub(crate) fn vteps(&self) -> &Map {
        &self.maps[position::VTEPS]
    }

    pub(crate) fn outcomes(&self) -> &Map {
        &self.maps[position::OUTCOMES]
    }

    pub(crate) fn peerings(&self) -> &Map {
        &self.maps[position::PEERINGS]
    }

    /// Says that somebody reads from now on, so that reuse needs graces.
    /// Until then a fill takes none.
    pub(crate) fn mark_read(&self) {
        self.read.store(true, Ordering::Release);
    }

    pub(crate) fn is_read(&self) -> bool {
        self.read.load(Ordering::Acquire)
    }

    /// Whether a program with these maps reads this set: all of ours but
    /// `LABELS` and `META` are among them.
    ///
    /// # Errors
    ///
    /// The kernel's answer.
    pub fn are_among(&self, map_ids: &[u32]) -> Result<bool, SysError> {
        Ok(self.map_ids()?[..position::LABELS]
            .iter()
            .all(|id| map_ids.contains(id)))
    }
}
