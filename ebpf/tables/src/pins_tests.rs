use std::fs;
use std::sync::Arc;

use isthmus_abi::{Capacities, HashKey, MemberWord};

use super::*;
use crate::sys::as_bytes;
use crate::{PrivateBpffs, RcuGrace, Sizing, Writer};

fn small() -> Capacities {
    Sizing {
        members_v4: 64,
        members_v6: 64,
        vpcs: 16,
        peerings: 8,
        prefixes_v4: 8,
        prefixes_v6: 8,
        route_lines: 32,
    }
    .capacities()
}

fn pinned() -> (PrivateBpffs, PathBuf, Tables) {
    let bpffs = PrivateBpffs::new().expect("a private bpffs");
    let dir = bpffs.path().join("maps-0");
    let tables = Tables::create(&small(), HashKey::new([1, 2, 3])).expect("maps");
    tables.pin(&dir).expect("pins");
    (bpffs, dir, tables)
}

#[test]
fn what_was_pinned_opens_with_its_entries() {
    let (_bpffs, dir, tables) = pinned();
    let grace = Box::new(RcuGrace::new().expect("graces"));
    let (mut writer, _) = Writer::take_over(Arc::new(tables), grace).expect("taken over");
    let hypervisor = writer.add_hypervisor([172, 16, 0, 1].into()).expect("room");
    let word = MemberWord::new(0x0200_0000_0001, hypervisor);
    writer
        .set_member(7, [10, 0, 0, 2].into(), word)
        .expect("room");
    let opened = Tables::open(&dir).expect("opens");
    assert_eq!(opened.capacities(), &small());
    let members: Vec<_> = opened.members().collect();
    assert_eq!(members.len(), 1);
    assert_eq!(members[0].word, word);
    assert_eq!(opened.vtep(hypervisor), Some([172, 16, 0, 1].into()));
}

#[test]
fn an_empty_folder_has_no_maps() {
    let bpffs = PrivateBpffs::new().expect("a private bpffs");
    let opened = Tables::open(&bpffs.path().join("maps-0"));
    assert!(matches!(opened, Err(OpenError::Absent { .. })));
}

#[test]
fn a_set_without_meta_was_never_completed() {
    let (_bpffs, dir, _tables) = pinned();
    fs::remove_file(dir.join(map::META)).expect("removed");
    let error = Tables::open(&dir).err().expect("refused");
    assert!(
        matches!(&error, OpenError::Damaged { path, .. } if path.ends_with(map::META)),
        "{error}"
    );
}

#[test]
fn a_missing_map_is_named() {
    let (_bpffs, dir, _tables) = pinned();
    fs::remove_file(dir.join(map::ROUTES)).expect("removed");
    let error = Tables::open(&dir).err().expect("refused");
    assert!(
        matches!(&error, OpenError::Damaged { path, .. } if path.ends_with(map::ROUTES)),
        "{error}"
    );
}

#[test]
fn a_map_of_another_size_is_damage() {
    let (_bpffs, dir, _tables) = pinned();
    let other = Capacities {
        member_lines_v4: 1,
        ..small()
    };
    let other = Tables::create(&other, HashKey::new([1, 2, 3])).expect("maps");
    let path = dir.join(map::MEMBERS_V4);
    fs::remove_file(&path).expect("removed");
    object_pin(other.map_fd(map::MEMBERS_V4).expect("map"), &path).expect("pinned");
    let error = Tables::open(&dir).err().expect("refused");
    assert!(error.to_string().contains("value size"), "{error}");
}

/// Replaces META by a map of other contents.
fn with_meta(dir: &Path, bytes: &[u8]) {
    let spec = MapSpec {
        name: map::META,
        map_type: layout::map_type::ARRAY,
        key_size: 4,
        value_size: bytes.len() as u32,
        max_entries: 1,
        flags: 0,
    };
    let meta = Map::create(&spec).expect("map");
    meta.update(&0u32, bytes).expect("written");
    let path = dir.join(map::META);
    fs::remove_file(&path).expect("removed");
    object_pin(meta.as_fd(), &path).expect("pinned");
}

#[test]
fn another_layout_is_recognised_also_with_a_longer_meta() {
    let (_bpffs, dir, tables) = pinned();
    let meta = Meta {
        magic: META_MAGIC,
        layout: LAYOUT_VERSION + 1,
        reserved: 0,
        hash: tables.hash(),
        capacities: *tables.capacities(),
    };
    let mut bytes = as_bytes(&meta).to_vec();
    bytes.extend([0; 24]);
    for length in [16, size_of::<Meta>(), bytes.len()] {
        with_meta(&dir, &bytes[..length]);
        let error = Tables::open(&dir).err().expect("refused");
        assert!(
            matches!(error, OpenError::OtherLayout { found, .. } if found == LAYOUT_VERSION + 1),
            "{length}: {error}"
        );
    }
}

#[test]
fn maps_of_somebody_else_are_not_ours() {
    let (_bpffs, dir, _tables) = pinned();
    with_meta(&dir, &[0; size_of::<Meta>()]);
    assert!(matches!(Tables::open(&dir), Err(OpenError::NotOurs { .. })));
}

#[test]
fn unpinning_leaves_what_is_not_ours() {
    let (bpffs, dir, tables) = pinned();
    let foreign = dir.join("FOREIGN");
    object_pin(tables.map_fd(map::META).expect("map"), &foreign).expect("pinned");
    unpin(&dir).expect("unpinned");
    assert!(foreign.exists());
    assert!(!dir.join(map::VPCS).exists());
    fs::remove_file(&foreign).expect("removed");
    unpin(&dir).expect("unpinned");
    assert!(!dir.exists());
    assert!(bpffs.path().exists());
    unpin(&dir).expect("nothing to do");
}
