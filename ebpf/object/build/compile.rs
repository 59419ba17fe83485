//! Runs the build of the BPF crate.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use crate::toolchain::Toolchain;

/// Variables that would leak the outer build's compiler, target or flags into
/// this one.
const CLEARED: &[&str] = &[
    "RUSTFLAGS",
    "RUSTDOCFLAGS",
    "RUSTC_WRAPPER",
    "RUSTC_WORKSPACE_WRAPPER",
    "RUSTUP_TOOLCHAIN",
    "CARGO_BUILD_TARGET",
    "CARGO_BUILD_TARGET_DIR",
    "CARGO_BUILD_RUSTC",
    "CARGO_BUILD_RUSTFLAGS",
    "CARGO_INCREMENTAL",
    "CARGO_MAKEFLAGS",
    "MAKEFLAGS",
    "CLIPPY_ARGS",
    "CLIPPY_CONF_DIR",
    "RUSTC_LOG",
];

/// Builds the crate in `router` and returns the folder that holds the objects.
///
/// # Errors
///
/// Names the compiler and repeats everything it said.
pub(crate) fn objects(toolchain: &Toolchain, linker: &Path, router: &Path) -> Result<PathBuf> {
    let out = PathBuf::from(env::var_os("OUT_DIR").context("not run by cargo")?).join("bpf");
    let architecture = env::var("CARGO_CFG_TARGET_ARCH")?;
    let target = match env::var("CARGO_CFG_TARGET_ENDIAN")?.as_str() {
        "big" => "bpfeb-unknown-none",
        _ => "bpfel-unknown-none",
    };
    let mut flags = vec![
        "-Cdebuginfo=2".to_owned(),
        "-Clink-arg=--btf".to_owned(),
        "-Ctarget-cpu=v3".to_owned(),
        "-Ctarget-feature=+allows-misaligned-mem-access".to_owned(),
        format!("-Clinker={}", linker.display()),
        format!("--cfg=bpf_target_arch=\"{architecture}\""),
        "--check-cfg=cfg(bpf_target_arch,values(any()))".to_owned(),
    ];
    flags.extend(remapped(toolchain, router));

    let mut command = Command::new(&toolchain.cargo);
    command
        .args([
            "build",
            "--release",
            "--bins",
            "-Zbuild-std=core",
            "--target",
            target,
        ])
        .arg("--manifest-path")
        .arg(router.join("Cargo.toml"))
        .arg("--target-dir")
        .arg(&out)
        // Not the workspace's folder, whose configuration is for the host.
        .current_dir(router);
    for name in CLEARED {
        command.env_remove(name);
    }
    let built = command
        .env("RUSTC", &toolchain.rustc)
        // Lets a stable compiler build `core`; a nightly does not need it.
        .env("RUSTC_BOOTSTRAP", "1")
        .env("CARGO_ENCODED_RUSTFLAGS", flags.join("\x1f"))
        .output()
        .with_context(|| format!("cannot run {}", toolchain.cargo.display()))?;
    ensure!(
        built.status.success(),
        "{} with {} and {} could not build the BPF program:\n{}{}",
        toolchain.cargo.display(),
        toolchain.rustc.display(),
        linker.display(),
        String::from_utf8_lossy(&built.stdout),
        String::from_utf8_lossy(&built.stderr),
    );
    Ok(out.join(target).join("release"))
}

/// Names in debug information for what lies elsewhere on each machine: the same
/// sources make the same object.
fn remapped(toolchain: &Toolchain, router: &Path) -> impl Iterator<Item = String> {
    let crates = router.parent().map(Path::to_owned);
    let home = || env::var_os("HOME").map(|home| PathBuf::from(home).join(".cargo"));
    let cargo = env::var_os("CARGO_HOME").map(PathBuf::from).or_else(home);
    let folders = [(crates, "ebpf"), (cargo, "cargo")];
    let sources = toolchain.sources.clone().map(|from| (Some(from), "rust"));
    folders
        .into_iter()
        .chain(sources)
        .filter_map(|(from, to)| Some(format!("--remap-path-prefix={}={to}", from?.display())))
}
