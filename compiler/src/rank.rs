//! Names and ages of objects.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::entries::ObjectName;

/// Namespace and name, cheap to clone; the namespace of what has none is
/// empty.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Name {
    pub(crate) namespace: Arc<str>,
    pub(crate) name: Arc<str>,
}

impl Name {
    pub(crate) fn new(namespace: &str, name: &str) -> Self {
        Self {
            namespace: namespace.into(),
            name: name.into(),
        }
    }

    pub(crate) fn to_object_name(&self) -> ObjectName {
        ObjectName {
            namespace: self.namespace.to_string(),
            name: self.name.to_string(),
        }
    }
}

impl From<&ObjectName> for Name {
    fn from(name: &ObjectName) -> Self {
        Self::new(&name.namespace, &name.name)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// Age of an object: the smaller is the older and keeps its place. An object
/// that cannot tell its creation time (one from a folder) is younger than
/// any that can; then UID, namespace and name decide.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Rank {
    /// Seconds since 1970.
    created: i64,
    uid: Option<Uid>,
    pub(crate) name: Name,
}

impl Rank {
    pub(crate) fn new(meta: &ObjectMeta, name: Name) -> Self {
        Self {
            created: meta
                .creation_timestamp
                .as_ref()
                .map_or(i64::MAX, |time| time.0.as_second()),
            uid: meta.uid.as_deref().map(Uid::new),
            name,
        }
    }

    /// The object's UID; empty where it has none (one from a folder).
    pub(crate) fn uid(&self) -> String {
        match &self.uid {
            None => String::new(),
            Some(Uid::Uuid(uuid)) => String::from_utf8_lossy(&uuid_text(uuid)).into_owned(),
            Some(Uid::Text(text)) => text.to_string(),
        }
    }
}

/// A UID, in the order of its text. The API server's are UUIDs, which take no
/// memory of their own here.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Uid {
    /// What [`Uid::new`] makes of 36 characters in the one way to write a UUID
    /// in lower case.
    Uuid([u8; 16]),
    /// Any other text.
    Text(Arc<str>),
}

/// Where a UUID's text has hyphens (RFC 9562, section 4).
const HYPHENS: [usize; 4] = [8, 13, 18, 23];

const DIGITS: &[u8; 16] = b"0123456789abcdef";

impl Uid {
    fn new(text: &str) -> Self {
        let mut digits = text.bytes().enumerate().filter_map(|(i, byte)| {
            let is_hyphen = byte == b'-' && HYPHENS.contains(&i);
            (!is_hyphen).then(|| char::from(byte).to_digit(16))
        });
        let mut uuid = [0; 16];
        for byte in &mut uuid {
            let (Some(Some(high)), Some(Some(low))) = (digits.next(), digits.next()) else {
                return Self::Text(text.into());
            };
            *byte = u8::try_from(high << 4 | low).unwrap_or_default();
        }
        // One in capitals or without hyphens is another text.
        if uuid_text(&uuid) == *text.as_bytes() {
            Self::Uuid(uuid)
        } else {
            Self::Text(text.into())
        }
    }
}

fn uuid_text(uuid: &[u8; 16]) -> [u8; 36] {
    let mut text = [b'-'; 36];
    let places = (0..36).filter(|i| !HYPHENS.contains(i));
    let digits = uuid.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    for (place, digit) in places.zip(digits) {
        text[place] = DIGITS[usize::from(digit)];
    }
    text
}

impl Ord for Uid {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Uuid(a), Self::Uuid(b)) => a.cmp(b),
            (Self::Uuid(a), Self::Text(b)) => uuid_text(a).as_slice().cmp(b.as_bytes()),
            (Self::Text(a), Self::Uuid(b)) => a.as_bytes().cmp(&uuid_text(b)),
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
        }
    }
}

impl PartialOrd for Uid {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uids_are_in_the_order_of_their_texts() {
        let texts = [
            "",
            "6f1c2d3e-0000-4000-8000-00000000000",
            "6f1c2d3e-0000-4000-8000-000000000001",
            "6f1c2d3e-0000-4000-8000-000000000001-",
            "6f1c2d3e-0000-4000-8000-00000000000a",
            "6F1C2D3E-0000-4000-8000-000000000001",
            "6f1c2d3e000040008000000000000001",
            "9f1c2d3e-0000-4000-8000-000000000001",
            "af1c2d3e-0000-4000-8000-000000000001",
            "u0",
            "6f1c2d3e-0000-4000-8000-00000000000\u{e9}",
        ];
        for a in texts {
            for b in texts {
                assert_eq!(Uid::new(a).cmp(&Uid::new(b)), a.cmp(b), "{a} {b}");
                assert_eq!(Uid::new(a) == Uid::new(b), a == b, "{a} {b}");
            }
        }
    }

    #[test]
    fn a_uid_is_told_as_it_was_given() {
        let told = |uid: Option<&str>| {
            let meta = ObjectMeta {
                uid: uid.map(str::to_owned),
                ..ObjectMeta::default()
            };
            Rank::new(&meta, Name::new("team-a", "blue")).uid()
        };
        for text in ["6f1c2d3e-0000-4000-8000-00000000000a", "u0", ""] {
            assert_eq!(told(Some(text)), text);
        }
        assert_eq!(told(None), "");
    }

    #[test]
    fn a_uuid_takes_no_memory_of_its_own_and_nothing_else_is_one() {
        let is_uuid = |text| matches!(Uid::new(text), Uid::Uuid(_));
        assert!(is_uuid("6f1c2d3e-0000-4000-8000-00000000000a"));
        for text in [
            "6F1C2D3E-0000-4000-8000-00000000000A",
            "6f1c2d3e00004000800000000000000a",
            "6f1c2d3e-0000-4000-8000-00000000000a0",
            "6f1c2d3e-0000-4000-8000-00000000000g",
        ] {
            assert!(!is_uuid(text), "{text}");
        }
    }
}
