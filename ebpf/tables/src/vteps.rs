//! Which addresses are hypervisors': the kernel's hash, index by VTEP.

use std::collections::HashMap;
use std::net::IpAddr;

use crate::Tables;
use crate::hypervisors::to_words;
use crate::sys::{SysError, as_bytes};

pub(crate) fn set(tables: &Tables, vtep: IpAddr, index: u16) -> Result<(), SysError> {
    let value = u32::from(index);
    tables.vteps().update(&to_words(vtep), as_bytes(&value))
}

pub(crate) fn remove(tables: &Tables, vtep: IpAddr) -> Result<bool, SysError> {
    tables.vteps().delete(&to_words(vtep))
}

/// Makes the table that of these indices. Returns how many entries were
/// somebody else's.
pub(crate) fn restore(tables: &Tables, wanted: &HashMap<[u64; 2], u16>) -> Result<u64, SysError> {
    let map = tables.vteps();
    let held = all(tables)?;
    let mut foreign = 0;
    for vtep in held.keys().filter(|vtep| !wanted.contains_key(*vtep)) {
        foreign += u64::from(map.delete(vtep)?);
    }
    for (vtep, index) in wanted {
        let index = u32::from(*index);
        if held.get(vtep) != Some(&index) {
            map.update(vtep, as_bytes(&index))?;
        }
    }
    Ok(foreign)
}

/// Index by VTEP, as the table has it.
pub(crate) fn all(tables: &Tables) -> Result<HashMap<[u64; 2], u32>, SysError> {
    let map = tables.vteps();
    let mut held = HashMap::new();
    let mut key = map.next_key::<[u64; 2]>(None)?;
    while let Some(vtep) = key {
        held.extend(map.get::<_, u32>(&vtep)?.map(|index| (vtep, index)));
        key = map.next_key(Some(&vtep))?;
    }
    Ok(held)
}
