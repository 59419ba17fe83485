//! XDP links, and maps bound to programs.

use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};

use crate::sys::SysError;
use crate::sys::bpf::{Attributes, Command, command, command_fd};
use crate::sys::info::read_info;

/// `BPF_XDP` (`enum bpf_attach_type`).
const ATTACH_XDP: u32 = 37;
/// `BPF_LINK_TYPE_XDP` (`enum bpf_link_type`).
const LINK_TYPE_XDP: u32 = 6;
/// `XDP_FLAGS_SKB_MODE` (linux/if_link.h).
pub(crate) const XDP_GENERIC: u32 = 1 << 1;
/// `XDP_FLAGS_DRV_MODE` (linux/if_link.h).
pub(crate) const XDP_DRIVER: u32 = 1 << 2;

#[repr(C)]
struct LinkCreateAttributes {
    program: u32,
    ifindex: u32,
    attach_type: u32,
    flags: u32,
}

// SAFETY: integers only.
unsafe impl Attributes for LinkCreateAttributes {}

/// Attaches a program to an interface, for as long as the link lives.
pub(crate) fn link_create(
    program: BorrowedFd<'_>,
    ifindex: u32,
    flags: u32,
) -> Result<OwnedFd, SysError> {
    let mut attributes = LinkCreateAttributes {
        program: program.as_raw_fd() as u32,
        ifindex,
        attach_type: ATTACH_XDP,
        flags,
    };
    command_fd(Command::LinkCreate, &mut attributes)
}

#[repr(C)]
struct LinkUpdateAttributes {
    link: u32,
    program: u32,
    flags: u32,
    old_program: u32,
}

// SAFETY: integers only.
unsafe impl Attributes for LinkUpdateAttributes {}

/// Replaces the program of a link between two packets.
pub(crate) fn link_update(link: BorrowedFd<'_>, program: BorrowedFd<'_>) -> Result<(), SysError> {
    let mut attributes = LinkUpdateAttributes {
        link: link.as_raw_fd() as u32,
        program: program.as_raw_fd() as u32,
        flags: 0,
        old_program: 0,
    };
    command(Command::LinkUpdate, &mut attributes).map(drop)
}

#[repr(C)]
struct LinkDetachAttributes {
    link: u32,
}

// SAFETY: one integer.
unsafe impl Attributes for LinkDetachAttributes {}

/// Takes the program off, whoever else holds the link.
pub(crate) fn link_detach(link: BorrowedFd<'_>) -> Result<(), SysError> {
    let mut attributes = LinkDetachAttributes {
        link: link.as_raw_fd() as u32,
    };
    command(Command::LinkDetach, &mut attributes).map(drop)
}

/// Head of `struct bpf_link_info` with the arm of XDP.
#[repr(C)]
#[derive(Default)]
struct RawLinkInfo {
    link_type: u32,
    id: u32,
    program_id: u32,
    padding: u32,
    ifindex: u32,
    tail: u32,
}

/// What a link connects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct XdpLinkInfo {
    pub(crate) id: u32,
    pub(crate) program_id: u32,
    /// 0 once the interface is gone.
    pub(crate) ifindex: u32,
}

/// What a link connects; `None` where it is no XDP link.
pub(crate) fn link_info(link: BorrowedFd<'_>) -> Result<Option<XdpLinkInfo>, SysError> {
    if !is_link(link) {
        return Ok(None);
    }
    let mut raw = RawLinkInfo::default();
    read_info(link, &mut raw)?;
    Ok((raw.link_type == LINK_TYPE_XDP).then_some(XdpLinkInfo {
        id: raw.id,
        program_id: raw.program_id,
        ifindex: raw.ifindex,
    }))
}

/// Whether a descriptor is a link's. The kernel answers the same command for
/// programs and maps, and an XDP program's type is the number of an XDP link's:
/// only what proc(5) says of the descriptor tells them apart
/// (`bpf_link_show_fdinfo`, kernel/bpf/syscall.c, since Linux 5.8).
fn is_link(fd: BorrowedFd<'_>) -> bool {
    std::fs::read_to_string(format!("/proc/self/fdinfo/{}", fd.as_raw_fd()))
        .is_ok_and(|info| info.lines().any(|line| line.starts_with("link_type:")))
}

#[repr(C)]
struct BindMapAttributes {
    program: u32,
    map: u32,
    flags: u32,
}

// SAFETY: integers only.
unsafe impl Attributes for BindMapAttributes {}

/// Lets a map live as long as a program that does not use it
/// (`BPF_PROG_BIND_MAP`, since Linux 5.10).
pub(crate) fn bind_map(program: BorrowedFd<'_>, map: BorrowedFd<'_>) -> Result<(), SysError> {
    let mut attributes = BindMapAttributes {
        program: program.as_raw_fd() as u32,
        map: map.as_raw_fd() as u32,
        flags: 0,
    };
    command(Command::BindMap, &mut attributes).map(drop)
}
