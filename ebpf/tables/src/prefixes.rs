//! Members' prefixes: the kernel's LPM tries.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use isthmus_abi::{MemberWord, PrefixKeyV4, PrefixKeyV6};

use crate::Tables;
use crate::observe::PrefixState;
use crate::sys::{Map, Plain, SysError, as_bytes};

/// Bits of the VNI at the head of a key.
const VNI_BITS: u32 = 32;

pub(crate) fn set(
    tables: &Tables,
    vni: u32,
    address: IpAddr,
    length: u8,
    word: MemberWord,
) -> Result<(), SysError> {
    let value = as_bytes(&word);
    match address {
        IpAddr::V4(address) => tables
            .prefixes_v4()
            .update(&key_v4(vni, address, length), value),
        IpAddr::V6(address) => tables
            .prefixes_v6()
            .update(&key_v6(vni, address, length), value),
    }
}

pub(crate) fn remove(
    tables: &Tables,
    vni: u32,
    address: IpAddr,
    length: u8,
) -> Result<bool, SysError> {
    match address {
        IpAddr::V4(address) => tables.prefixes_v4().delete(&key_v4(vni, address, length)),
        IpAddr::V6(address) => tables.prefixes_v6().delete(&key_v6(vni, address, length)),
    }
}

/// The longest prefix, of at most this length, that holds an address.
pub(crate) fn find(
    tables: &Tables,
    vni: u32,
    address: IpAddr,
    length: u8,
) -> Result<Option<MemberWord>, SysError> {
    match address {
        IpAddr::V4(address) => tables.prefixes_v4().get(&key_v4(vni, address, length)),
        IpAddr::V6(address) => tables.prefixes_v6().get(&key_v6(vni, address, length)),
    }
}

/// Every prefix of both families. Keys shorter than a VNI are no prefixes of
/// anybody: see [`remove_short`].
pub(crate) fn all(tables: &Tables) -> Result<Vec<PrefixState>, SysError> {
    let mut prefixes = Vec::new();
    each(tables.prefixes_v4(), |key: PrefixKeyV4, word| {
        prefixes.extend(length(key.prefix_len).map(|length| PrefixState {
            vni: u32::from_be_bytes(key.vni),
            address: IpAddr::V4(Ipv4Addr::from(key.address)),
            length,
            word,
        }));
    })?;
    each(tables.prefixes_v6(), |key: PrefixKeyV6, word| {
        prefixes.extend(length(key.prefix_len).map(|length| PrefixState {
            vni: u32::from_be_bytes(key.vni),
            address: IpAddr::V6(Ipv6Addr::from(key.address)),
            length,
            word,
        }));
    })?;
    Ok(prefixes)
}

/// Removes the keys that are shorter than a VNI, which lead the packets of many
/// VPCs to one member. Returns how many there were.
pub(crate) fn remove_short(tables: &Tables) -> Result<u64, SysError> {
    let v4 = remove_where(tables.prefixes_v4(), |key: &PrefixKeyV4| {
        length(key.prefix_len).is_none()
    })?;
    let v6 = remove_where(tables.prefixes_v6(), |key: &PrefixKeyV6| {
        length(key.prefix_len).is_none()
    })?;
    Ok(v4 + v6)
}

/// How many keys [`remove_short`] would remove.
pub(crate) fn count_short(tables: &Tables) -> Result<u64, SysError> {
    let mut count = 0;
    each(tables.prefixes_v4(), |key: PrefixKeyV4, _| {
        count += u64::from(length(key.prefix_len).is_none());
    })?;
    each(tables.prefixes_v6(), |key: PrefixKeyV6, _| {
        count += u64::from(length(key.prefix_len).is_none());
    })?;
    Ok(count)
}

fn remove_where<K: Plain>(map: &Map, unwanted: impl Fn(&K) -> bool) -> Result<u64, SysError> {
    let mut keys = Vec::new();
    each(map, |key: K, _| {
        if unwanted(&key) {
            keys.push(key);
        }
    })?;
    let mut removed = 0;
    for key in &keys {
        removed += u64::from(map.delete(key)?);
    }
    Ok(removed)
}

fn each<K: Plain>(map: &Map, mut found: impl FnMut(K, MemberWord)) -> Result<(), SysError> {
    let mut key = map.next_key::<K>(None)?;
    while let Some(current) = key {
        if let Some(word) = map.get(&current)? {
            found(current, word);
        }
        key = map.next_key(Some(&current))?;
    }
    Ok(())
}

/// Length of the prefix alone; `None` of a key that is shorter than a VNI.
fn length(prefix_len: u32) -> Option<u8> {
    Some(prefix_len.checked_sub(VNI_BITS)? as u8)
}

fn key_v4(vni: u32, address: Ipv4Addr, length: u8) -> PrefixKeyV4 {
    PrefixKeyV4 {
        prefix_len: VNI_BITS + u32::from(length),
        vni: vni.to_be_bytes(),
        address: address.octets(),
    }
}

fn key_v6(vni: u32, address: Ipv6Addr, length: u8) -> PrefixKeyV6 {
    PrefixKeyV6 {
        prefix_len: VNI_BITS + u32::from(length),
        vni: vni.to_be_bytes(),
        address: address.octets(),
    }
}
