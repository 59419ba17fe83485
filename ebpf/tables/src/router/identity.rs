//! What a loaded program is: its instructions, its configuration, its maps.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use isthmus_abi::{RouterConfig, map};

use crate::Tables;
use crate::layout::{MapSpec, map_type};
use crate::sys::{
    Map, SysError, as_bytes, bind_map, map_by_id, map_info, program_by_id, program_info, read_plain,
};

/// Name of the map that carries a program's configuration. The program does
/// not read it (its own copy is in `.rodata`, where only the compiler knows
/// the place); it is bound to the program and lives exactly as long.
const CONFIG_MAP: &str = "ISTHMUS_CONFIG";

const CONFIG_SPEC: MapSpec = MapSpec {
    name: CONFIG_MAP,
    map_type: map_type::ARRAY,
    key_size: 4,
    value_size: size_of::<RouterConfig>() as u32,
    max_entries: 1,
    flags: 0,
};

/// The tables that programs read or write.
const TABLE_NAMES: [&str; 11] = [
    map::VPCS,
    map::ROUTES,
    map::MEMBERS_V4,
    map::MEMBERS_V6,
    map::PREFIXES_V4,
    map::PREFIXES_V6,
    map::HYPERVISORS,
    map::VTEPS,
    map::LIVENESS,
    map::OUTCOMES,
    map::PEERINGS,
];

/// `BPF_PROG_TYPE_XDP` (`enum bpf_prog_type`).
const PROGRAM_TYPE_XDP: u32 = 6;

/// Binds a frozen copy of the configuration to a program.
pub(super) fn bind_config(program: BorrowedFd<'_>, config: &RouterConfig) -> Result<(), SysError> {
    let map = Map::create(&CONFIG_SPEC)?;
    map.update(&0u32, as_bytes(config))?;
    map.freeze()?;
    bind_map(program, map.as_fd())
}

/// Two programs with equal identities treat every frame alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The kernel's digest of the instructions.
    pub tag: [u8; 8],
    /// The configuration.
    pub config: RouterConfig,
    /// Identifiers of the tables' maps that it uses, sorted.
    pub tables: Vec<u32>,
}

impl Identity {
    /// Whether the program uses this set of tables.
    ///
    /// # Errors
    ///
    /// The kernel's answer.
    pub fn uses(&self, tables: &Tables) -> Result<bool, SysError> {
        tables.are_among(&self.tables)
    }
}

/// A program in the kernel, ours or not.
#[derive(Debug)]
pub struct LoadedProgram {
    fd: OwnedFd,
    id: u32,
    is_router: bool,
    identity: Option<Identity>,
}

impl LoadedProgram {
    pub(super) fn by_id(id: u32) -> Result<Self, SysError> {
        Self::from_fd(program_by_id(id)?)
    }

    pub(super) fn from_fd(fd: OwnedFd) -> Result<Self, SysError> {
        let (is_router, identity) = inspect(fd.as_fd())?;
        let id = program_info(fd.as_fd())?.id;
        Ok(Self {
            fd,
            id,
            is_router,
            identity,
        })
    }

    /// The kernel's identifier.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.id
    }

    /// Whether it is a router of ours, of this version or another: one with a
    /// configuration of ours bound to it.
    #[must_use]
    pub fn is_router(&self) -> bool {
        self.is_router
    }

    /// What it is; `None` where it is not a router of this version.
    #[must_use]
    pub fn identity(&self) -> Option<&Identity> {
        self.identity.as_ref()
    }
}

impl AsFd for LoadedProgram {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// Whether a map of this name is a table, to the 15 bytes that the kernel keeps.
fn is_table(name: &[u8; 16]) -> bool {
    let name = name.split(|byte| *byte == 0).next().unwrap_or_default();
    TABLE_NAMES.iter().any(|table| table.as_bytes() == name)
}

/// Reads the identity of an XDP program; `None` where no configuration of ours
/// is bound to it.
pub(super) fn identity(program: BorrowedFd<'_>) -> Result<Option<Identity>, SysError> {
    Ok(inspect(program)?.1)
}

/// Whether a program is a router of any version, and its identity.
fn inspect(program: BorrowedFd<'_>) -> Result<(bool, Option<Identity>), SysError> {
    let info = program_info(program)?;
    if info.program_type != PROGRAM_TYPE_XDP {
        return Ok((false, None));
    }
    let mut is_router = false;
    let mut config = None;
    let mut tables = Vec::new();
    for &id in &info.map_ids {
        let fd = map_by_id(id)?;
        let map = map_info(fd.as_fd())?;
        let is_config = map.name.starts_with(CONFIG_MAP.as_bytes());
        is_router |= is_config;
        if is_config && map.value_size == CONFIG_SPEC.value_size {
            let mut bytes = vec![0; size_of::<RouterConfig>()];
            if Map::from_checked(fd, CONFIG_SPEC).read(&0u32, &mut bytes)? {
                config = read_plain(&bytes);
            }
        } else if is_table(&map.name) {
            tables.push(id);
        }
    }
    tables.sort_unstable();
    let identity = config.map(|config| Identity {
        tag: info.tag,
        config,
        tables,
    });
    Ok((is_router, identity))
}
