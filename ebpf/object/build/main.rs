//! Builds the BPF objects, or takes the router's as it is from elsewhere.

use std::env;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result};

mod compile;
mod linker;
mod toolchain;

/// A router object built elsewhere.
const PREBUILT: &str = "ISTHMUS_BPF_OBJECT";

fn main() -> ExitCode {
    match embed() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Tells the crate which objects to embed.
fn embed() -> Result<()> {
    println!("cargo::rustc-check-cfg=cfg(isthmus_bench_object)");
    println!("cargo::rerun-if-env-changed={PREBUILT}");
    if let Some(object) = env::var_os(PREBUILT) {
        let object = PathBuf::from(object);
        let object = object.canonicalize().with_context(|| {
            format!(
                "{PREBUILT} names {}, which cannot be read",
                object.display()
            )
        })?;
        println!("cargo::rerun-if-changed={}", object.display());
        println!(
            "cargo::rustc-env=ISTHMUS_ROUTER_OBJECT={}",
            object.display()
        );
        return Ok(());
    }

    let crates = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").context("not run by cargo")?)
        .parent()
        .context("this crate lies in no folder")?
        .to_owned();
    for source in ["abi", "datapath", "router"] {
        for part in ["src", "Cargo.toml"] {
            println!(
                "cargo::rerun-if-changed={}",
                crates.join(source).join(part).display()
            );
        }
    }
    let toolchain = toolchain::find()?;
    let linker = linker::find()?;
    let built = compile::objects(&toolchain, &linker, &crates.join("router"))?;
    println!("cargo::rustc-cfg=isthmus_bench_object");
    println!(
        "cargo::rustc-env=ISTHMUS_ROUTER_OBJECT={}",
        built.join("router").display()
    );
    println!(
        "cargo::rustc-env=ISTHMUS_BENCH_OBJECT={}",
        built.join("bench").display()
    );
    Ok(())
}
