//! Finds a compiler that can build `core` for BPF: one whose sysroot holds the
//! source of the standard library.

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

/// The compiler to use, named by hand.
const CHOSEN: &str = "ISTHMUS_BPF_RUSTC";

/// Where rust-src puts the source of the standard library, below a sysroot.
const SOURCES: &str = "lib/rustlib/src/rust";

/// The source of `core`, below that.
const CORE: &str = "library/core/Cargo.toml";

/// A compiler and the cargo to drive it.
pub(crate) struct Toolchain {
    pub(crate) rustc: PathBuf,
    pub(crate) cargo: PathBuf,
    /// Source of the standard library: as it is named, and without links on the way.
    pub(crate) sources: [PathBuf; 2],
}

impl Toolchain {
    /// Of a compiler whose sysroot is known, where that has the sources.
    fn of(rustc: PathBuf, sysroot: &Path) -> Option<Self> {
        let sources = sysroot.join(SOURCES);
        sources.join(CORE).exists().then_some(())?;
        Some(Self {
            cargo: cargo_of(&rustc, sysroot),
            sources: [sources.clone(), sources.canonicalize().ok()?],
            rustc,
        })
    }
}

/// The compiler that [`CHOSEN`] names, else the first rustup toolchain with
/// rust-src (nightlies first), else the first other `rustc` with it.
pub(crate) fn find() -> Result<Toolchain> {
    println!("cargo::rerun-if-env-changed={CHOSEN}");
    println!("cargo::rerun-if-env-changed=PATH");
    if let Some(rustc) = env::var_os(CHOSEN).map(PathBuf::from) {
        let sysroot = sysroot(&rustc)
            .with_context(|| format!("{CHOSEN} names {}, which does not run", rustc.display()))?;
        let complaint = format!(
            "{CHOSEN} names {}, which has no rust-src: {} is missing",
            rustc.display(),
            sysroot.join(SOURCES).join(CORE).display()
        );
        return Toolchain::of(rustc, &sysroot).context(complaint);
    }
    rustup_compilers()
        .into_iter()
        .chain(plain_compilers())
        .find_map(|rustc| {
            let sysroot = sysroot(&rustc)?;
            Toolchain::of(rustc, &sysroot)
        })
        .map_or_else(
            || {
                bail!(
                    "no Rust compiler with rust-src was found, which the BPF program needs. \
                     Run `make setup`; or `rustup toolchain install nightly --component rust-src`; \
                     or name a compiler in {CHOSEN}"
                )
            },
            Ok,
        )
}

/// The compilers themselves of rustup's toolchains, not rustup's proxies.
fn rustup_compilers() -> Vec<PathBuf> {
    let Some(listed) = output("rustup", ["toolchain", "list"]) else {
        return Vec::new();
    };
    let mut names: Vec<_> = listed
        .lines()
        .filter_map(|line| line.split(' ').next())
        .collect();
    names.sort_by_key(|name| !name.starts_with("nightly"));
    names
        .into_iter()
        .filter_map(|name| output("rustup", ["which", "--toolchain", name, "rustc"]))
        .map(|path| PathBuf::from(path.trim()))
        .collect()
}

/// Every `rustc` on the path and where distributions put it.
fn plain_compilers() -> Vec<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .chain([PathBuf::from("/usr/bin"), PathBuf::from("/usr/local/bin")])
        .map(|folder| folder.join("rustc"))
        .filter(|rustc| rustc.exists())
        .collect()
}

fn sysroot(rustc: &Path) -> Option<PathBuf> {
    output(rustc, ["--print", "sysroot"]).map(|path| PathBuf::from(path.trim()))
}

/// The cargo of the same release where there is one, else the one that runs us.
fn cargo_of(rustc: &Path, sysroot: &Path) -> PathBuf {
    let beside = rustc.with_file_name("cargo");
    [beside, sysroot.join("bin/cargo")]
        .into_iter()
        .find(|cargo| cargo.exists())
        .unwrap_or_else(|| PathBuf::from(env::var_os("CARGO").unwrap_or_else(|| "cargo".into())))
}

/// Standard output of a command that succeeds.
fn output<const N: usize>(program: impl AsRef<OsStr>, arguments: [&str; N]) -> Option<String> {
    let result = Command::new(program)
        .args(arguments)
        .env_remove("RUSTUP_TOOLCHAIN")
        .output()
        .ok()
        .filter(|result| result.status.success())?;
    String::from_utf8(result.stdout).ok()
}
