//! Writes the CustomResourceDefinitions to `crds/yaml`, removes files of that
//! folder that no definition belongs to, and writes `docs/api-reference.md`.

use std::collections::BTreeSet;
use std::path::Path;
use std::{env, fs};

use anyhow::{Context, Result};

fn main() -> Result<()> {
    let folder = env::args_os()
        .nth(1)
        .unwrap_or_else(|| concat!(env!("CARGO_MANIFEST_DIR"), "/yaml").into());
    let folder = Path::new(&folder);
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;

    let mut written = BTreeSet::new();
    for definition in isthmus_crds::definitions() {
        let path = folder.join(definition.file_name());
        fs::write(&path, definition.yaml()?)
            .with_context(|| format!("cannot write {}", path.display()))?;
        written.insert(path);
    }
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|ext| ext == "yaml") && !written.contains(&path) {
            fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
        }
    }
    let reference = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/api-reference.md");
    fs::write(reference, isthmus_crds::reference())
        .with_context(|| format!("cannot write {reference}"))?;
    Ok(())
}
