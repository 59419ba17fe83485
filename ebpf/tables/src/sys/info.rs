//! What the kernel says of maps and programs (`BPF_OBJ_GET_INFO_BY_FD`).

use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};

use crate::sys::SysError;
use crate::sys::bpf::{Attributes, Command, command, command_fd};

#[repr(C)]
struct InfoAttributes {
    fd: u32,
    length: u32,
    info: u64,
}

// SAFETY: no padding; `read_info` passes a pointer and the length behind it.
unsafe impl Attributes for InfoAttributes {}

/// Has the kernel fill `info`, a prefix of one of its info structs.
pub(super) fn read_info<T>(fd: BorrowedFd<'_>, info: &mut T) -> Result<(), SysError> {
    let mut attributes = InfoAttributes {
        fd: fd.as_raw_fd() as u32,
        length: size_of::<T>() as u32,
        info: std::ptr::from_mut(info) as u64,
    };
    command(Command::ObjectInfo, &mut attributes).map(drop)
}

/// Head of `struct bpf_map_info` (linux/bpf.h).
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct MapInfo {
    pub(crate) map_type: u32,
    pub(crate) id: u32,
    pub(crate) key_size: u32,
    pub(crate) value_size: u32,
    pub(crate) max_entries: u32,
    pub(crate) flags: u32,
    pub(crate) name: [u8; 16],
}

/// Type, sizes and name of a map.
pub(crate) fn map_info(fd: BorrowedFd<'_>) -> Result<MapInfo, SysError> {
    let mut info = MapInfo::default();
    read_info(fd, &mut info)?;
    Ok(info)
}

/// Head of `struct bpf_prog_info` (linux/bpf.h).
#[repr(C)]
#[derive(Default)]
struct RawProgramInfo {
    program_type: u32,
    id: u32,
    tag: [u8; 8],
    jited_len: u32,
    translated_len: u32,
    jited: u64,
    translated: u64,
    load_time: u64,
    uid: u32,
    map_count: u32,
    map_ids: u64,
    name: [u8; 16],
}

/// What identifies a loaded program.
#[derive(Clone, Debug)]
pub(crate) struct ProgramInfo {
    pub(crate) program_type: u32,
    pub(crate) id: u32,
    pub(crate) tag: [u8; 8],
    pub(crate) map_ids: Vec<u32>,
}

/// Identifier, tag and maps of a program.
pub(crate) fn program_info(fd: BorrowedFd<'_>) -> Result<ProgramInfo, SysError> {
    let mut map_ids = vec![0u32; 64];
    loop {
        let mut info = RawProgramInfo {
            map_count: map_ids.len() as u32,
            map_ids: map_ids.as_mut_ptr() as u64,
            ..RawProgramInfo::default()
        };
        read_info(fd, &mut info)?;
        let count = info.map_count as usize;
        if count > map_ids.len() {
            map_ids.resize(count, 0);
            continue;
        }
        map_ids.truncate(count);
        return Ok(ProgramInfo {
            program_type: info.program_type,
            id: info.id,
            tag: info.tag,
            map_ids,
        });
    }
}

#[repr(C)]
struct ByIdAttributes {
    id: u32,
    next: u32,
    flags: u32,
}

// SAFETY: integers only.
unsafe impl Attributes for ByIdAttributes {}

/// Opens a map by its identifier.
pub(crate) fn map_by_id(id: u32) -> Result<OwnedFd, SysError> {
    command_fd(
        Command::MapById,
        &mut ByIdAttributes {
            id,
            next: 0,
            flags: 0,
        },
    )
}

/// Opens a program by its identifier.
pub(crate) fn program_by_id(id: u32) -> Result<OwnedFd, SysError> {
    command_fd(
        Command::ProgramById,
        &mut ByIdAttributes {
            id,
            next: 0,
            flags: 0,
        },
    )
}
