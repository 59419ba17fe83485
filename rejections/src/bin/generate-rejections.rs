//! Writes `docs/rejections.md`.

use std::fs;

use anyhow::{Context, Result};

fn main() -> Result<()> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/rejections.md");
    let page = isthmus_rejections::page(&isthmus_rejections::sections()?);
    fs::write(path, page).with_context(|| format!("cannot write {path}"))
}
