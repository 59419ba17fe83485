//! What `make generate` writes.

use std::collections::BTreeSet;
use std::fs;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/yaml");

#[test]
fn the_files_are_what_the_types_generate() {
    let mut expected = BTreeSet::new();
    for definition in isthmus_crds::definitions() {
        let name = definition.file_name();
        let found = fs::read_to_string(format!("{FOLDER}/{name}")).unwrap_or_default();
        let generated = definition.yaml().unwrap();
        assert!(
            found == generated,
            "crds/yaml/{name} is stale; run `make generate`"
        );
        expected.insert(name);
    }
    let found: BTreeSet<_> = fs::read_dir(FOLDER)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(
        found, expected,
        "crds/yaml has other files; run `make generate`"
    );
}

#[test]
fn the_api_reference_is_what_the_types_generate() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/api-reference.md");
    let found = fs::read_to_string(path).unwrap_or_default();
    assert!(
        found == isthmus_crds::reference(),
        "docs/api-reference.md is stale; run `make generate`"
    );
}
