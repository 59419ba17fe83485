//! Pins of a set of maps, and what must hold before they are used again.

use std::fs;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

use isthmus_abi::{LAYOUT_VERSION, META_MAGIC, Meta, map};

use crate::Tables;
use crate::layout::{self, CapacityError, MapSpec};
use crate::sys::{Map, MapInfo, SysError, map_info, object_get, object_pin};
use crate::tables::CreateError;

/// Maps that could not be pinned.
#[derive(Debug, thiserror::Error)]
pub enum PinError {
    /// The folder cannot be made.
    #[error("cannot make {path}: {source}")]
    Folder {
        /// The folder.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// The kernel refused a pin.
    #[error("cannot pin {path}: {source}")]
    Pin {
        /// The pin.
        path: PathBuf,
        /// The kernel's answer.
        source: SysError,
    },
}

/// Pins that are not used, and why.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Nothing is pinned in this folder.
    #[error("no maps are pinned in {path}")]
    Absent {
        /// The folder.
        path: PathBuf,
    },
    /// The maps do not say that they are ours.
    #[error("{path} is not a map of Isthmus: {found}")]
    NotOurs {
        /// The pin.
        path: PathBuf,
        /// What is there instead.
        found: String,
    },
    /// The maps were made by a version with another layout.
    #[error("the maps in {path} have layout {found}; this version reads layout {LAYOUT_VERSION}")]
    OtherLayout {
        /// The folder.
        path: PathBuf,
        /// Their layout.
        found: u32,
    },
    /// A map is missing, or differs from what `META` says of it.
    #[error("{path} is damaged: {detail}")]
    Damaged {
        /// The pin.
        path: PathBuf,
        /// What is wrong.
        detail: String,
    },
    /// A pin that cannot be opened.
    #[error("cannot open {path}: {source}")]
    Kernel {
        /// The pin.
        path: PathBuf,
        /// The kernel's answer.
        source: SysError,
    },
    /// Sound maps that cannot be mapped into memory.
    #[error(transparent)]
    Memory(#[from] CreateError),
}

impl Tables {
    /// Pins every map under its name, `META` last: a folder without it was
    /// never completed.
    ///
    /// # Errors
    ///
    /// `dir` is not in a bpffs, or a pin exists already.
    pub fn pin(&self, dir: &Path) -> Result<(), PinError> {
        match fs::create_dir(dir) {
            Err(source) if source.kind() != io::ErrorKind::AlreadyExists => {
                return Err(PinError::Folder {
                    path: dir.into(),
                    source,
                });
            }
            _ => {}
        }
        for map in self.maps() {
            let path = dir.join(map.spec().name);
            object_pin(map.as_fd(), &path).map_err(|source| PinError::Pin { path, source })?;
        }
        Ok(())
    }

    /// Opens what [`Tables::pin`] left, having checked type, sizes and flags
    /// of every map against `META`.
    ///
    /// # Errors
    ///
    /// See [`OpenError`]; maps that it names are never read or written.
    pub fn open(dir: &Path) -> Result<Self, OpenError> {
        let meta = read_meta(dir)?;
        let specs =
            layout::specs(&meta.capacities).map_err(|error: CapacityError| OpenError::Damaged {
                path: dir.join(map::META),
                detail: error.to_string(),
            })?;
        let mut maps = Vec::with_capacity(specs.len());
        for spec in specs {
            let path = dir.join(spec.name);
            let (fd, info) = match open_pin(&path) {
                Err(OpenError::Absent { .. }) => {
                    return Err(OpenError::Damaged {
                        path,
                        detail: "it is missing".into(),
                    });
                }
                opened => opened?,
            };
            if let Some(detail) = difference(&spec, &info) {
                return Err(OpenError::Damaged { path, detail });
            }
            maps.push(Map::from_checked(fd, spec));
        }
        Ok(Self::assemble(meta, maps, true)?)
    }
}

/// Removes the pins of a set of maps (those names only) and then the folder if
/// nothing else is in it. Maps that a program still uses live on.
///
/// # Errors
///
/// The system's answer to the first that could not be removed.
pub fn unpin(dir: &Path) -> io::Result<()> {
    // META first: what is left after an interruption is no complete set.
    let names = [
        map::META,
        map::LABELS,
        map::PEERINGS,
        map::OUTCOMES,
        map::LIVENESS,
        map::VTEPS,
        map::HYPERVISORS,
        map::PREFIXES_V6,
        map::PREFIXES_V4,
        map::MEMBERS_V6,
        map::MEMBERS_V4,
        map::ROUTES,
        map::VPCS,
    ];
    for name in names {
        absent_is_fine(fs::remove_file(dir.join(name)))?;
    }
    match fs::remove_dir(dir) {
        Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => Ok(()),
        result => absent_is_fine(result),
    }
}

fn absent_is_fine(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

fn open_pin(path: &Path) -> Result<(OwnedFd, MapInfo), OpenError> {
    let refused = |source: SysError| match source.errno() {
        libc::ENOENT => OpenError::Absent { path: path.into() },
        // The pin of a program or link, for one.
        libc::EINVAL => OpenError::NotOurs {
            path: path.into(),
            found: "not a map".into(),
        },
        _ => OpenError::Kernel {
            path: path.into(),
            source,
        },
    };
    let fd = object_get(path).map_err(refused)?;
    let info = map_info(fd.as_fd()).map_err(refused)?;
    Ok((fd, info))
}

fn read_meta(dir: &Path) -> Result<Meta, OpenError> {
    let path = dir.join(map::META);
    let (fd, info) = match open_pin(&path) {
        Err(OpenError::Absent { .. }) if !dir.join(map::VPCS).exists() => {
            return Err(OpenError::Absent { path: dir.into() });
        }
        Err(OpenError::Absent { path }) => {
            let detail = "it is missing: the maps were never completed".into();
            return Err(OpenError::Damaged { path, detail });
        }
        opened => opened?,
    };
    // Every layout begins META with the magic and the layout's number, so only
    // what this needs is asked of the map.
    let found = || {
        format!(
            "a map of type {} with values of {} bytes",
            info.map_type, info.value_size
        )
    };
    if info.map_type != layout::map_type::ARRAY
        || info.key_size != 4
        || info.value_size < 16
        || info.value_size > 4096
    {
        return Err(OpenError::NotOurs {
            path,
            found: found(),
        });
    }
    let spec = MapSpec {
        name: map::META,
        map_type: info.map_type,
        key_size: info.key_size,
        value_size: info.value_size,
        max_entries: info.max_entries,
        flags: info.flags,
    };
    let map = Map::from_checked(fd, spec);
    let mut bytes = vec![0; (info.value_size as usize).max(size_of::<Meta>())];
    map.read(&0u32, &mut bytes)
        .map_err(|source| OpenError::Kernel {
            path: path.clone(),
            source,
        })?;
    let Some(meta) = crate::sys::read_plain::<Meta>(&bytes) else {
        return Err(OpenError::NotOurs {
            path,
            found: found(),
        });
    };
    if meta.magic != META_MAGIC {
        return Err(OpenError::NotOurs {
            path,
            found: format!("magic {:#018x}", meta.magic),
        });
    }
    if meta.layout != LAYOUT_VERSION {
        return Err(OpenError::OtherLayout {
            path: dir.into(),
            found: meta.layout,
        });
    }
    if meta.hash.first & 1 == 0 || meta.hash.second & 1 == 0 {
        let detail = "the multipliers of the hash are even".into();
        return Err(OpenError::Damaged { path, detail });
    }
    Ok(meta)
}

/// What a map is instead of `spec`.
fn difference(spec: &MapSpec, info: &MapInfo) -> Option<String> {
    [
        ("type", spec.map_type, info.map_type),
        ("key size", spec.key_size, info.key_size),
        ("value size", spec.value_size, info.value_size),
        ("max_entries", spec.max_entries, info.max_entries),
        ("flags", spec.flags, info.flags),
    ]
    .into_iter()
    .find(|(_, wanted, found)| wanted != found)
    .map(|(what, wanted, found)| format!("its {what} is {found} and should be {wanted}"))
}

#[cfg(test)]
#[path = "pins_tests.rs"]
mod tests;
