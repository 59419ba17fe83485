//! Schemas of fields whose types are not ours.

use schemars::{Schema, SchemaGenerator, json_schema};

/// An IP address that packets can be routed to; what
/// [`crate::parse_address`] accepts.
pub(crate) fn address(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "string",
        "minLength": 2,
        "maxLength": 45,
        "x-kubernetes-validations": [{
            "rule": "isIP(self) && ip(self).isGlobalUnicast()",
            "message": "must be a unicast IP address such as 10.104.0.2 or fd00:104::2",
        }],
    })
}

/// A list of [`address`]es.
pub(crate) fn addresses(generator: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "array", "items": address(generator) })
}

/// The name of an object (RFC 1123 subdomain).
pub(crate) fn object_name(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "string",
        "minLength": 1,
        "maxLength": 253,
        "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$",
    })
}

/// A name that is also part of a label's key or a namespace (RFC 1123 label).
pub(crate) fn label_name(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "string",
        "minLength": 1,
        "maxLength": 63,
        "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
    })
}

/// The same, absent where it has a default.
pub(crate) fn optional_label_name(generator: &mut SchemaGenerator) -> Schema {
    let mut schema = label_name(generator);
    schema.insert("nullable".into(), true.into());
    schema
}

/// A list of [`label_name`]s.
pub(crate) fn label_names(generator: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "array", "items": label_name(generator) })
}

/// The `metadata.uid` of an object.
pub(crate) fn uid(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "minLength": 1, "maxLength": 64 })
}

/// A resourceVersion: a decimal number that the API server counts up.
pub(crate) fn resource_version(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "maxLength": 20, "pattern": "^[0-9]+$" })
}

/// The name of an object that exists, so that its form needs no check: for the
/// many entries of slices.
pub(crate) fn existing_name(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "minLength": 1, "maxLength": 253 })
}
