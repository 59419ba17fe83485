//! Splits a file into its YAML documents.
//!
//! The split is done on the text, so that a document with a syntax error does
//! not take those after it with it. It is exact: `---` and `...` at the start
//! of a line cannot be inside a document (YAML 1.2.2, rule `c-forbidden`).

/// One document of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DocumentText<'a> {
    /// Its text.
    pub text: &'a str,
    /// Lines of the file before it.
    pub lines_before: usize,
}

/// The documents of a file in their order; those without content are left out.
#[must_use]
pub fn documents(file: &str) -> Vec<DocumentText<'_>> {
    let mut found = Vec::new();
    let (mut start, mut start_line) = (0, 0);
    let (mut offset, mut line_number) = (0, 0);
    for line in file.split_inclusive('\n') {
        let next = offset + line.len();
        if is_marker(line) {
            push(&mut found, &file[start..offset], start_line);
            // What follows `--- ` on its line belongs to the document.
            start = if line.starts_with("---") {
                offset + 3
            } else {
                next
            };
            start_line = line_number + usize::from(start == next);
        }
        offset = next;
        line_number += 1;
    }
    push(&mut found, &file[start..], start_line);
    found
}

fn push<'a>(found: &mut Vec<DocumentText<'a>>, text: &'a str, lines_before: usize) {
    let has_content = text.lines().any(|line| {
        let line = line.trim_start();
        !line.is_empty() && !line.starts_with('#') && !line.starts_with("%YAML")
    });
    if has_content {
        found.push(DocumentText { text, lines_before });
    }
}

fn is_marker(line: &str) -> bool {
    ["---", "..."].iter().any(|marker| {
        line.strip_prefix(marker)
            .is_some_and(|rest| rest.chars().next().is_none_or(char::is_whitespace))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(file: &str) -> Vec<(&str, usize)> {
        documents(file)
            .iter()
            .map(|document| (document.text, document.lines_before))
            .collect()
    }

    #[test]
    fn a_file_without_markers_is_one_document() {
        assert_eq!(texts("a: 1\nb: 2\n"), [("a: 1\nb: 2\n", 0)]);
    }

    #[test]
    fn markers_separate_documents_and_empty_ones_do_not_count() {
        let file = "---\na: 1\n---\n# nothing\n---\nb: 2\n...\n---\n";
        assert_eq!(texts(file), [("\na: 1\n", 0), ("\nb: 2\n", 4)]);
    }

    #[test]
    fn text_behind_a_marker_belongs_to_the_document() {
        assert_eq!(texts("--- {a: 1}\n"), [(" {a: 1}\n", 0)]);
    }

    #[test]
    fn indented_dashes_and_longer_runs_are_no_markers() {
        assert_eq!(texts("a: |\n  ---\n  x\n").len(), 1);
        assert_eq!(texts("----\n").len(), 1);
    }

    #[test]
    fn an_empty_file_has_no_documents() {
        assert!(texts("").is_empty());
        assert!(texts("# only a comment\n").is_empty());
    }
}
