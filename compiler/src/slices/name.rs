//! Names of slices: `vni-<VNI>-<first eight characters of the UID>-<ordinal>`.

use crate::accepted::AcceptedVpc;

/// Characters of the UID in a name. The name only has to be readable and, most
/// of the time, another one for another VPC: the whole UID is in the slice.
const UID_CHARACTERS: usize = 8;

/// What the names of all slices of a VPC begin with.
pub(super) fn stem(vpc: &AcceptedVpc) -> String {
    let uid = vpc.uid.chars().filter(char::is_ascii_alphanumeric);
    let uid: String = uid.take(UID_CHARACTERS).collect();
    format!("vni-{}-{}-", vpc.vni, uid.to_ascii_lowercase())
}

/// The ordinal in a name that begins with a VPC's stem.
pub(super) fn ordinal(stem: &str, name: &str) -> Option<u32> {
    let ordinal: u32 = name.strip_prefix(stem)?.parse().ok()?;
    // `+1` and `01` are read too, but are other names.
    (format!("{stem}{ordinal}") == name).then_some(ordinal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_vni_uid_and_ordinal() {
        let vpc = AcceptedVpc {
            vni: isthmus_crds::Vni::new(100).unwrap(),
            uid: "3F2a9c1b-0000-4000-8000-000000000001".to_owned(),
            pool: "default".into(),
        };
        let stem = stem(&vpc);
        assert_eq!(stem, "vni-100-3f2a9c1b-");
        assert_eq!(ordinal(&stem, "vni-100-3f2a9c1b-17"), Some(17));
        for other in [
            "vni-100-3f2a9c1b-",
            "vni-100-3f2a9c1b-+1",
            "vni-100-3f2a9c1b-01",
            "vni-100-3f2a9c1b-1x",
            "vni-10-3f2a9c1b-1",
        ] {
            assert_eq!(ordinal(&stem, other), None, "{other}");
        }
    }
}
