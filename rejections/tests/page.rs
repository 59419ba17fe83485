//! What `make generate` writes.

use std::fs;

#[test]
fn the_page_is_what_the_table_generates() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/rejections.md");
    let found = fs::read_to_string(path).unwrap_or_default();
    let sections = isthmus_rejections::sections().expect("a table");
    assert!(
        found == isthmus_rejections::page(&sections),
        "docs/rejections.md is stale; run `make generate`"
    );
}
