//! Links: a router on an interface, pinned so that it outlives its agent.

use std::ffi::CString;
use std::fs;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

use super::identity::LoadedProgram;
use super::load::{LoadError, Router};
use crate::sys::{
    SysError, XDP_DRIVER, XDP_GENERIC, link_create, link_detach, link_info, link_update,
    object_get, object_pin,
};

/// The mode that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum XdpMode {
    /// Driver mode, and generic mode where the driver refuses.
    Auto,
    /// Driver mode or an error.
    Driver,
    /// Generic mode.
    Generic,
}

/// What to do where a mode is refused.
fn advice(mode: Mode) -> &'static str {
    match mode {
        Mode::Driver => " (in generic mode every interface does, slower)",
        Mode::Generic => "",
    }
}

/// The mode that was had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// In the driver, before a socket buffer exists (native XDP).
    Driver,
    /// In the network stack, after the driver: several times slower.
    Generic,
}

/// What keeps a router from being attached, replaced or taken off.
#[derive(Debug, thiserror::Error)]
pub enum AttachError {
    /// No such interface here.
    #[error("there is no interface {interface}")]
    NoInterface {
        /// Its name.
        interface: String,
    },
    /// The interface of a pinned link was removed (it may exist anew).
    #[error("the interface {interface} that the link was on is gone")]
    InterfaceGone {
        /// Its name.
        interface: String,
    },
    /// An XDP program that is not ours is there; it stays.
    #[error("another XDP program is attached to {interface}; take it off first")]
    Foreign {
        /// The interface.
        interface: String,
    },
    /// The pin is no XDP link.
    #[error("{path} is not an XDP link")]
    NotALink {
        /// The pin.
        path: PathBuf,
    },
    /// The driver or the kernel refused the program in this mode.
    #[error("{interface} takes no XDP program in {mode:?} mode{}: {source}", advice(*mode))]
    Refused {
        /// The interface.
        interface: String,
        /// The mode.
        mode: Mode,
        /// The kernel's answer.
        source: SysError,
    },
    /// A pin that cannot be made, opened or removed.
    #[error("{path}: {source}")]
    Pin {
        /// The pin.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// Another `bpf(2)` command that failed.
    #[error("{path}: {source}")]
    Kernel {
        /// The pin that it was about.
        path: PathBuf,
        /// The kernel's answer.
        source: SysError,
    },
    /// A router without a program.
    #[error(transparent)]
    Router(#[from] LoadError),
}

/// A router that has just been attached.
#[derive(Debug)]
pub struct Attached {
    /// The link.
    pub attachment: Attachment,
    /// The mode that it runs in.
    pub mode: Mode,
    /// Why it is not driver mode, where that was asked for first.
    pub driver_refused: Option<SysError>,
}

/// A pinned link between an interface and a program: `link-INTERFACE` in the
/// pin directory, `program-INTERFACE` beside it, a dot in the interface's name
/// being written as a colon.
#[derive(Debug)]
pub struct Attachment {
    link: OwnedFd,
    interface: String,
    pin_dir: PathBuf,
}

/// What a link connects now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttachmentInfo {
    /// The kernel's identifier of the link: stays when the program is replaced.
    pub link_id: u32,
    /// The kernel's identifier of the program.
    pub program_id: u32,
    /// The interface's index; `None` once the interface is gone.
    pub ifindex: Option<u32>,
}

impl Attachment {
    /// Attaches a router to an interface of the caller's network namespace and
    /// pins link and program in `pin_dir`, a folder of a bpffs.
    ///
    /// # Errors
    ///
    /// See [`AttachError`]; nothing is attached then.
    pub fn attach(
        pin_dir: &Path,
        interface: &str,
        router: &Router,
        mode: XdpMode,
    ) -> Result<Attached, AttachError> {
        let ifindex = interface_index(interface)?;
        let create = |mode: Mode| {
            let flags = match mode {
                Mode::Driver => XDP_DRIVER,
                Mode::Generic => XDP_GENERIC,
            };
            let refused = |source| refusal(interface, mode, source);
            Ok::<_, AttachError>(link_create(router.fd()?, ifindex, flags).map_err(refused))
        };
        let (link, mode, driver_refused) = match mode {
            XdpMode::Generic => (create(Mode::Generic)??, Mode::Generic, None),
            XdpMode::Driver => (create(Mode::Driver)??, Mode::Driver, None),
            XdpMode::Auto => match create(Mode::Driver)? {
                Ok(link) => (link, Mode::Driver, None),
                Err(AttachError::Refused { source, .. }) => {
                    (create(Mode::Generic)??, Mode::Generic, Some(source))
                }
                Err(error) => return Err(error),
            },
        };
        let attachment = Self {
            link,
            interface: interface.to_owned(),
            pin_dir: pin_dir.to_owned(),
        };
        attachment.pin_program(router)?;
        let path = attachment.link_path();
        object_pin(attachment.link.as_fd(), &path)
            .map_err(|source| AttachError::Kernel { path, source })?;
        Ok(Attached {
            attachment,
            mode,
            driver_refused,
        })
    }

    /// Opens the link that is pinned for an interface, `None` where there is
    /// none. Whether its program is ours: [`Self::program`].
    ///
    /// # Errors
    ///
    /// A pin that is something else.
    pub fn open(pin_dir: &Path, interface: &str) -> Result<Option<Self>, AttachError> {
        let path = pin_dir.join(pin_name("link", interface));
        let link = match object_get(&path) {
            Err(error) if error.errno() == libc::ENOENT => return Ok(None),
            Err(source) => return Err(AttachError::Kernel { path, source }),
            Ok(link) => link,
        };
        match link_info(link.as_fd()) {
            Ok(Some(_)) => Ok(Some(Self {
                link,
                interface: interface.to_owned(),
                pin_dir: pin_dir.to_owned(),
            })),
            Ok(None) => Err(AttachError::NotALink { path }),
            Err(source) => Err(AttachError::Kernel { path, source }),
        }
    }

    /// Opens every pinned link of a pin directory; those that are something
    /// else come as errors. An absent folder has none.
    ///
    /// # Errors
    ///
    /// The folder cannot be read.
    pub fn open_all(pin_dir: &Path) -> io::Result<Vec<Result<Self, AttachError>>> {
        let entries = match fs::read_dir(pin_dir) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut names = Vec::new();
        for entry in entries {
            let name = entry?.file_name();
            if let Some(interface) = name.to_str().and_then(|name| name.strip_prefix("link-")) {
                names.push(interface.replace(':', "."));
            }
        }
        names.sort();
        let opened = names
            .iter()
            .map(|name| Self::open(pin_dir, name).transpose());
        Ok(opened.flatten().collect())
    }

    /// Name of the interface that the pin is for.
    #[must_use]
    pub fn interface(&self) -> &str {
        &self.interface
    }

    /// What the link connects now.
    ///
    /// # Errors
    ///
    /// The kernel's answer.
    pub fn info(&self) -> Result<AttachmentInfo, AttachError> {
        let path = self.link_path();
        let info = link_info(self.link.as_fd())
            .map_err(|source| AttachError::Kernel {
                path: path.clone(),
                source,
            })?
            .ok_or(AttachError::NotALink { path })?;
        Ok(AttachmentInfo {
            link_id: info.id,
            program_id: info.program_id,
            ifindex: (info.ifindex != 0).then_some(info.ifindex),
        })
    }

    /// The program that is attached.
    ///
    /// # Errors
    ///
    /// The kernel's answer.
    pub fn program(&self) -> Result<LoadedProgram, AttachError> {
        let id = self.info()?.program_id;
        LoadedProgram::by_id(id).map_err(|source| AttachError::Kernel {
            path: self.link_path(),
            source,
        })
    }

    /// Replaces the program between two frames; the link stays the same.
    ///
    /// # Errors
    ///
    /// [`AttachError::InterfaceGone`] where the link has nothing to hold on to
    /// any more: detach it and attach anew.
    pub fn replace(&self, router: &Router) -> Result<(), AttachError> {
        link_update(self.link.as_fd(), router.fd()?).map_err(|source| match source.errno() {
            libc::ENOLINK => AttachError::InterfaceGone {
                interface: self.interface.clone(),
            },
            _ => AttachError::Kernel {
                path: self.link_path(),
                source,
            },
        })?;
        self.pin_program(router)
    }

    /// Takes the program off and removes both pins.
    ///
    /// # Errors
    ///
    /// The system's answer.
    pub fn detach(self) -> Result<(), AttachError> {
        match link_detach(self.link.as_fd()) {
            // The interface is gone, and the program with it.
            Err(error) if error.errno() == libc::ENOLINK => {}
            Err(source) => {
                return Err(AttachError::Kernel {
                    path: self.link_path(),
                    source,
                });
            }
            Ok(()) => {}
        }
        for path in [self.program_path(), self.link_path()] {
            match fs::remove_file(&path) {
                Err(source) if source.kind() != io::ErrorKind::NotFound => {
                    return Err(AttachError::Pin { path, source });
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn link_path(&self) -> PathBuf {
        self.pin_dir.join(pin_name("link", &self.interface))
    }

    fn program_path(&self) -> PathBuf {
        self.pin_dir.join(pin_name("program", &self.interface))
    }

    /// Puts the program's pin in place of an older one.
    fn pin_program(&self, router: &Router) -> Result<(), AttachError> {
        let path = self.program_path();
        let new = self.pin_dir.join(pin_name("new-program", &self.interface));
        let _ = fs::remove_file(&new);
        object_pin(router.fd()?, &new).map_err(|source| AttachError::Kernel {
            path: new.clone(),
            source,
        })?;
        fs::rename(&new, &path).map_err(|source| AttachError::Pin { path, source })
    }
}

/// bpffs reserves dots in names, and no interface's name has a colon
/// (`dev_valid_name`, net/core/dev.c).
fn pin_name(kind: &str, interface: &str) -> String {
    format!("{kind}-{}", interface.replace('.', ":"))
}

fn refusal(interface: &str, mode: Mode, source: SysError) -> AttachError {
    let interface = interface.to_owned();
    match source.errno() {
        libc::EBUSY | libc::EEXIST => AttachError::Foreign { interface },
        libc::ENODEV => AttachError::NoInterface { interface },
        _ => AttachError::Refused {
            interface,
            mode,
            source,
        },
    }
}

fn interface_index(interface: &str) -> Result<u32, AttachError> {
    let absent = || AttachError::NoInterface {
        interface: interface.to_owned(),
    };
    let name = CString::new(interface).map_err(|_| absent())?;
    // SAFETY: a string that lives through the call.
    let index = unsafe { libc::if_nametoindex(name.as_ptr()) };
    if index == 0 { Err(absent()) } else { Ok(index) }
}
