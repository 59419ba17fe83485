//! Mounts a bpffs where the pin directory needs one, and raises limits.

use std::ffi::CString;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// Where a bpffs usually is.
const USUAL: &str = "/sys/fs/bpf";

/// The pin directory cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum BpffsError {
    /// No mount.
    #[error(
        "cannot mount a bpffs on {0}: {source}; mount one there before (mount -t bpf bpf {0}), or \
         choose a --pin-dir in another", path.display()
    )]
    Mount {
        /// Where.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// No folder.
    #[error("cannot make {}: {source}; choose another --pin-dir", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
}

/// Makes the pin directory, and mounts a bpffs where it is in none: on
/// `/sys/fs/bpf` for folders in there, else on the pin directory itself. Both
/// are their owner's alone: whoever may open the folder may lock it, too.
///
/// # Errors
///
/// No permission, for one.
pub fn prepare(pin_dir: &Path) -> Result<(), BpffsError> {
    let mount_point = if pin_dir.starts_with(USUAL) {
        Path::new(USUAL)
    } else {
        pin_dir
    };
    if !is_bpffs(pin_dir) {
        if mount_point == pin_dir {
            make(pin_dir)?;
        }
        let failed = |source| BpffsError::Mount {
            path: mount_point.to_owned(),
            source,
        };
        mount(mount_point).map_err(failed)?;
        tracing::info!(path = %mount_point.display(), "mounted a bpffs");
    }
    make(pin_dir)
}

/// Lifts the limit on locked memory, which kernels before 5.11 charge maps to.
/// Newer kernels need no such thing, so that a refusal is no error.
pub fn raise_limits() {
    let limit = libc::rlimit {
        rlim_cur: libc::RLIM_INFINITY,
        rlim_max: libc::RLIM_INFINITY,
    };
    // SAFETY: passes a pointer to a value that lives through the call.
    if unsafe { libc::setrlimit(libc::RLIMIT_MEMLOCK, &raw const limit) } != 0 {
        tracing::debug!(
            "cannot raise RLIMIT_MEMLOCK: {}",
            io::Error::last_os_error()
        );
    }
}

/// Whether `path`, or the nearest folder above it that exists, is in a bpffs.
fn is_bpffs(path: &Path) -> bool {
    let Some(existing) = path.ancestors().find(|path| path.exists()) else {
        return false;
    };
    let Ok(name) = CString::new(existing.as_os_str().as_bytes()) else {
        return false;
    };
    let mut found = std::mem::MaybeUninit::<libc::statfs>::uninit();
    // SAFETY: a terminated string, and room for the answer.
    let result = unsafe { libc::statfs(name.as_ptr(), found.as_mut_ptr()) };
    // SAFETY: statfs filled it when it returned 0.
    result == 0 && unsafe { found.assume_init() }.f_type == libc::BPF_FS_MAGIC
}

fn mount(path: &Path) -> io::Result<()> {
    let target = CString::new(path.as_os_str().as_bytes())?;
    // SAFETY: terminated strings, of which the last is the file system's options.
    let result = unsafe {
        libc::mount(
            c"bpf".as_ptr(),
            target.as_ptr(),
            c"bpf".as_ptr(),
            0,
            c"mode=0700".as_ptr().cast(),
        )
    };
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

fn make(path: &Path) -> Result<(), BpffsError> {
    let mut folder = std::fs::DirBuilder::new();
    let made = folder.recursive(true).mode(0o700).create(path);
    made.map_err(|source| BpffsError::Folder {
        path: path.to_owned(),
        source,
    })
}
