//! Turns the text of a file into objects, strictly: a field that no object has
//! is an error, because a misspelt `exportPrefixes` exports everything.

use std::path::Path;
use std::sync::Arc;

use isthmus_compiler::{Kind, Object, ObjectRef};
use isthmus_crds::{API_VERSION, TransitGateway, Vpc, VpcMember, VpcPeering};
use kube::ResourceExt;
use serde::de::DeserializeOwned;
use serde_yaml::Value;

use crate::error::{ManifestError, Place, Problem};
use crate::split::{DocumentText, documents};

/// Namespace of an object that names none, where nothing else is said.
const DEFAULT_NAMESPACE: &str = "default";

/// What a file holds.
#[derive(Clone, Debug, Default)]
pub struct ParsedFile {
    /// Its sound documents in their order.
    pub objects: Vec<ParsedObject>,
    /// What is wrong with the others.
    pub errors: Vec<ManifestError>,
}

/// One sound document.
#[derive(Clone, Debug)]
pub struct ParsedObject {
    /// Where it stands.
    pub place: Place,
    /// Kind, namespace and name.
    pub key: ObjectRef,
    /// The object.
    pub object: Arc<Object>,
}

/// Reads every document of a file. A document that cannot be used is an error
/// of its own and does not affect the others. Objects that name no namespace
/// are of `default`.
#[must_use]
pub fn parse_file(file: &Arc<Path>, text: &str) -> ParsedFile {
    parse_file_in(file, text, DEFAULT_NAMESPACE)
}

/// The same; objects that name no namespace are of `namespace`.
#[must_use]
pub fn parse_file_in(file: &Arc<Path>, text: &str, namespace: &str) -> ParsedFile {
    let mut parsed = ParsedFile::default();
    for (index, document) in documents(text).into_iter().enumerate() {
        let place = Place {
            file: Arc::clone(file),
            document: Some(index + 1),
        };
        match parse_document(document, namespace) {
            Ok((key, object)) => {
                parsed.objects.push(ParsedObject {
                    place,
                    key,
                    object: Arc::new(object),
                });
            }
            Err(problem) => parsed.errors.push(ManifestError { place, problem }),
        }
    }
    parsed
}

fn parse_document(
    document: DocumentText<'_>,
    namespace: &str,
) -> Result<(ObjectRef, Object), Problem> {
    let value: Value = serde_yaml::from_str(document.text).map_err(|error| Problem::Syntax {
        reason: in_file(&error, document.lines_before),
    })?;
    let text = |field| value.get(field).and_then(Value::as_str);
    let api_version = text("apiVersion").ok_or(Problem::NotAnObject {
        missing: "apiVersion",
    })?;
    let kind = text("kind").ok_or(Problem::NotAnObject { missing: "kind" })?;
    let object = match (api_version, kind) {
        (API_VERSION, "Vpc") => read::<Vpc>(Kind::Vpc, &value, namespace)?,
        (API_VERSION, "VpcMember") => read::<VpcMember>(Kind::VpcMember, &value, namespace)?,
        (API_VERSION, "VpcPeering") => read::<VpcPeering>(Kind::VpcPeering, &value, namespace)?,
        (API_VERSION, "TransitGateway") => {
            read::<TransitGateway>(Kind::TransitGateway, &value, namespace)?
        }
        _ => {
            return Err(Problem::UnknownKind {
                api_version: api_version.to_owned(),
                kind: kind.to_owned(),
            });
        }
    };
    Ok((object.reference(), object))
}

fn read<T: DeserializeOwned + ResourceExt + Into<Object>>(
    kind: Kind,
    value: &Value,
    namespace: &str,
) -> Result<Object, Problem> {
    let field = |field: String, reason: String| Problem::Field {
        object: describe(kind, value, namespace),
        field,
        reason,
    };
    let mut ignored = None;
    let mut note = |path: serde_ignored::Path<'_>| {
        let path = path.to_string().replace(".?", "");
        // The derived type takes these two from its own constants.
        if path != "apiVersion" && path != "kind" && ignored.is_none() {
            ignored = Some(path);
        }
    };
    let strict = serde_ignored::Deserializer::new(value, &mut note);
    let mut object: T = serde_path_to_error::deserialize(strict)
        .map_err(|error| field(shown_path(error.path()), error.inner().to_string()))?;
    if let Some(path) = ignored {
        return Err(field(
            path,
            "is no field of this object; check its spelling".to_owned(),
        ));
    }
    let name = object.meta().name.clone().unwrap_or_default();
    check_name(&name).map_err(|reason| field("metadata.name".to_owned(), reason))?;
    if let Some(namespace) = object.namespace() {
        check_label(&namespace).map_err(|reason| field("metadata.namespace".to_owned(), reason))?;
    } else if kind != Kind::TransitGateway {
        object.meta_mut().namespace = Some(namespace.to_owned());
    }
    Ok(object.into())
}

/// The parser's words, with lines counted from the start of the file.
fn in_file(error: &serde_yaml::Error, lines_before: usize) -> String {
    let reason = error.to_string();
    let Some(at) = error.location() else {
        return reason;
    };
    let reason = reason.split(" at line ").next().unwrap_or(&reason);
    format!(
        "{reason}, line {}, column {}",
        at.line() + lines_before,
        at.column()
    )
}

fn shown_path(path: &serde_path_to_error::Path) -> String {
    match path.to_string().as_str() {
        "." => "the object".to_owned(),
        path => path.to_owned(),
    }
}

/// Kind and name as far as the document tells them.
fn describe(kind: Kind, value: &Value, namespace: &str) -> String {
    let metadata = |field| {
        value
            .get("metadata")
            .and_then(|metadata| metadata.get(field))
            .and_then(Value::as_str)
    };
    let name = metadata("name").unwrap_or("(no name)");
    if kind == Kind::TransitGateway {
        return format!("{kind} {name}");
    }
    let namespace = metadata("namespace").unwrap_or(namespace);
    format!("{kind} {namespace}/{name}")
}

/// A DNS subdomain (RFC 1123), as Kubernetes asks of names.
fn check_name(name: &str) -> Result<(), String> {
    if name.is_empty() {
        return Err("is missing; every object has a name".to_owned());
    }
    if name.len() > 253 || !name.split('.').all(is_label) {
        return Err(format!(
            "{name:?} is no name; use at most 253 lower-case letters, digits, '-' and '.', \
             beginning and ending with a letter or digit"
        ));
    }
    Ok(())
}

/// A DNS label (RFC 1123), as Kubernetes asks of namespaces.
fn check_label(namespace: &str) -> Result<(), String> {
    if namespace.len() > 63 || !is_label(namespace) {
        return Err(format!(
            "{namespace:?} is no namespace; use at most 63 lower-case letters, digits and '-', \
             beginning and ending with a letter or digit"
        ));
    }
    Ok(())
}

fn is_label(label: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !label.is_empty()
        && label.bytes().all(allowed)
        && !label.starts_with('-')
        && !label.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    const VPC: &str = "apiVersion: isthmus.dev/v1alpha1
kind: Vpc
metadata: {name: blue, namespace: team-a}
spec: {vni: 1, cidrs: [10.104.0.0/20]}
";

    fn parse(text: &str) -> ParsedFile {
        parse_file(&Arc::from(Path::new("a.yaml")), text)
    }

    fn error(text: &str) -> String {
        let parsed = parse(text);
        assert!(parsed.objects.is_empty(), "{:?}", parsed.objects);
        assert_eq!(parsed.errors.len(), 1);
        parsed.errors[0].to_string()
    }

    #[test]
    fn a_sound_file_gives_its_objects() {
        let parsed = parse(&format!(
            "{VPC}---\n{}",
            VPC.replace("blue, namespace: team-a", "red")
        ));
        assert!(parsed.errors.is_empty(), "{:?}", parsed.errors);
        let keys: Vec<_> = parsed
            .objects
            .iter()
            .map(|object| object.key.to_string())
            .collect();
        assert_eq!(keys, ["Vpc team-a/blue", "Vpc default/red"]);
    }

    #[test]
    fn json_is_read_too() {
        let parsed = parse(
            r#"{"apiVersion": "isthmus.dev/v1alpha1", "kind": "VpcPeering",
               "metadata": {"name": "p"}, "spec": {"vpc": "a", "peer": {"name": "b"}}}"#,
        );
        assert!(parsed.errors.is_empty(), "{:?}", parsed.errors);
        assert_eq!(parsed.objects.len(), 1);
    }

    #[test]
    fn a_wrong_value_is_named_with_file_document_object_and_field() {
        let text = format!(
            "{VPC}---\n{}",
            VPC.replace("10.104.0.0/20", "10.104.0.2/20")
        );
        let parsed = parse(&text);
        assert_eq!(parsed.objects.len(), 1);
        assert_eq!(
            parsed.errors[0].to_string(),
            "a.yaml, document 2: Vpc team-a/blue: spec.cidrs[0]: 10.104.0.2/20 has host bits set; \
             write 10.104.0.0/20"
        );
    }

    #[test]
    fn a_misspelt_field_is_an_error_at_every_depth() {
        let top = error(&format!("{VPC}specs: {{}}\n"));
        assert!(top.contains("specs: is no field of this object"), "{top}");
        let spec = error(&VPC.replace("cidrs:", "cidr:"));
        assert!(spec.contains("unknown field `cidr`"), "{spec}");
        let metadata = error(&VPC.replace("namespace:", "namespase:"));
        assert!(
            metadata.contains("metadata.namespase: is no field"),
            "{metadata}"
        );
    }

    #[test]
    fn a_missing_field_is_named() {
        let text = error(&VPC.replace("vni: 1, ", ""));
        assert!(text.contains("missing field `vni`"), "{text}");
        let text = error("apiVersion: isthmus.dev/v1alpha1\n");
        assert_eq!(text, "a.yaml, document 1: is no object: kind is missing");
    }

    #[test]
    fn a_syntax_error_is_placed_in_the_file_and_spares_the_other_documents() {
        let parsed = parse(&format!(
            "{VPC}---\nkind: [\n---\n{}",
            VPC.replace("blue", "red")
        ));
        assert_eq!(parsed.objects.len(), 2);
        let text = parsed.errors[0].to_string();
        assert!(
            text.starts_with("a.yaml, document 2: is not valid YAML"),
            "{text}"
        );
        assert!(text.contains("line 7"), "{text}");
    }

    #[test]
    fn other_kinds_and_versions_are_refused() {
        for (from, to) in [
            ("Vpc", "VpcGateway"),
            ("v1alpha1", "v1"),
            ("isthmus.dev", "isthmus.io"),
        ] {
            let text = error(&VPC.replacen(from, to, 1));
            assert!(text.contains("is not known here"), "{text}");
        }
    }

    #[test]
    fn names_that_kubernetes_refuses_are_refused() {
        for name in ["Blue", "-blue", "blue_green", "''"] {
            let text = error(&VPC.replace("blue", name));
            assert!(text.contains("metadata.name"), "{text}");
        }
        let text = error(&VPC.replace("team-a", "team.a"));
        assert!(text.contains("metadata.namespace"), "{text}");
    }
}
