//! Names and ages of objects.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use smol_str::SmolStr;

use crate::entries::ObjectName;

/// Namespace and name, cheap to clone; the namespace of what has none is
/// empty.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Name {
    pub(crate) namespace: Arc<str>,
    /// Up to 23 bytes take no memory of their own.
    pub(crate) name: SmolStr,
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

/// Place of an object among those that want the same: the smaller is the
/// older and keeps it. Of two of one age, namespace and name decide.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Rank {
    pub(crate) age: Age,
    pub(crate) name: Name,
}

impl Rank {
    pub(crate) fn new(meta: &ObjectMeta, name: Name) -> Self {
        Self {
            age: Age::new(meta),
            name,
        }
    }
}

/// When an object was made, in seconds since 1970, and its UID. One that cannot
/// tell its creation time (one from a folder) is younger than any that can; of two
/// of one time that with the lesser UID is the older, one without a UID first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Age {
    /// With a UID as the API server gives it, which takes no memory of its own:
    /// a UUID in lower case (RFC 9562, section 4).
    Uuid { created: u32, uuid: [u8; 16] },
    /// With any other text, or none.
    Text { created: u32, uid: Option<Arc<str>> },
}

/// Where a UUID's text has hyphens.
const HYPHENS: [usize; 4] = [8, 13, 18, 23];

const DIGITS: &[u8; 16] = b"0123456789abcdef";

impl Age {
    pub(crate) fn new(meta: &ObjectMeta) -> Self {
        let created = meta.creation_timestamp.as_ref();
        let created = created.map_or(u32::MAX, |time| seconds(time.0.as_second()));
        let uid = meta.uid.as_deref();
        match uid.and_then(uuid) {
            Some(uuid) => Self::Uuid { created, uuid },
            None => Self::Text {
                created,
                uid: uid.map(Into::into),
            },
        }
    }

    /// The object's UID; empty where it has none (one from a folder).
    pub(crate) fn uid(&self) -> String {
        let mut text = [0; 36];
        let uid = self.uid_in(&mut text).unwrap_or_default();
        String::from_utf8_lossy(uid).into_owned()
    }

    const fn created(&self) -> u32 {
        match self {
            Self::Uuid { created, .. } | Self::Text { created, .. } => *created,
        }
    }

    fn uid_in<'a>(&'a self, text: &'a mut [u8; 36]) -> Option<&'a [u8]> {
        match self {
            Self::Uuid { uuid, .. } => {
                *text = uuid_text(uuid);
                Some(text)
            }
            Self::Text { uid, .. } => uid.as_deref().map(str::as_bytes),
        }
    }
}

impl Ord for Age {
    fn cmp(&self, other: &Self) -> Ordering {
        self.created().cmp(&other.created()).then_with(|| {
            if let (Self::Uuid { uuid: a, .. }, Self::Uuid { uuid: b, .. }) = (self, other) {
                return a.cmp(b);
            }
            let (mut a, mut b) = ([0; 36], [0; 36]);
            self.uid_in(&mut a).cmp(&other.uid_in(&mut b))
        })
    }
}

impl PartialOrd for Age {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Of a time that an object can have: the last moment stands for none.
fn seconds(since_1970: i64) -> u32 {
    u32::try_from(since_1970.max(0)).map_or(u32::MAX - 1, |seconds| seconds.min(u32::MAX - 1))
}

/// What 36 characters say in the one way to write a UUID in lower case.
fn uuid(text: &str) -> Option<[u8; 16]> {
    let digits = text.bytes().enumerate();
    let digits = digits.filter(|(i, byte)| *byte != b'-' || !HYPHENS.contains(i));
    let mut digits = digits.map(|(_, byte)| char::from(byte).to_digit(16));
    let mut uuid = [0; 16];
    for byte in &mut uuid {
        let (high, low) = (digits.next()??, digits.next()??);
        *byte = u8::try_from(high << 4 | low).unwrap_or_default();
    }
    // One in capitals or without hyphens is another text.
    (uuid_text(&uuid) == *text.as_bytes()).then_some(uuid)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn age(uid: Option<&str>) -> Age {
        Age::new(&ObjectMeta {
            uid: uid.map(str::to_owned),
            ..ObjectMeta::default()
        })
    }

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
            assert!(age(None) < age(Some(a)));
            for b in texts {
                let (old, young) = (age(Some(a)), age(Some(b)));
                assert_eq!(old.cmp(&young), a.cmp(b), "{a} {b}");
                assert_eq!(old == young, a == b, "{a} {b}");
            }
        }
    }

    #[test]
    fn a_uid_is_told_as_it_was_given() {
        for text in ["6f1c2d3e-0000-4000-8000-00000000000a", "u0", ""] {
            assert_eq!(age(Some(text)).uid(), text);
        }
        assert_eq!(age(None).uid(), "");
    }

    #[test]
    fn a_uuid_takes_no_memory_of_its_own_and_nothing_else_is_one() {
        assert!(uuid("6f1c2d3e-0000-4000-8000-00000000000a").is_some());
        for text in [
            "6F1C2D3E-0000-4000-8000-00000000000A",
            "6f1c2d3e00004000800000000000000a",
            "6f1c2d3e-0000-4000-8000-00000000000a0",
            "6f1c2d3e-0000-4000-8000-00000000000g",
        ] {
            assert_eq!(uuid(text), None, "{text}");
        }
    }

    #[test]
    fn what_tells_no_creation_time_is_younger_than_all_that_do() {
        assert_eq!([-1, 0, 7].map(seconds), [0, 0, 7]);
        assert_eq!(seconds(i64::MAX), u32::MAX - 1);
        assert_eq!(age(None).created(), u32::MAX);
    }
}
