//! What the objects tell of the machine that built them.

/// Absolute paths in an object: instructions, too, hold a slash at times, but not
/// two among eight characters of a name.
fn absolute_paths(object: &[u8]) -> Vec<String> {
    let is_of_path = |byte: &u8| byte.is_ascii_alphanumeric() || b"/._-".contains(byte);
    object
        .split(|byte| !is_of_path(byte))
        .filter(|run| run.len() >= 8 && run.starts_with(b"/") && run[1..].contains(&b'/'))
        .map(|run| String::from_utf8_lossy(run).into_owned())
        .collect()
}

#[test]
fn objects_do_not_tell_where_they_were_built() {
    for object in [Some(isthmus_object::ROUTER), isthmus_object::BENCH] {
        let found = absolute_paths(object.unwrap_or_default());
        assert!(found.is_empty(), "{found:#?}");
    }
}
