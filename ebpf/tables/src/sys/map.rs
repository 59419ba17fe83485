//! One BPF map by file descriptor.

use std::fs;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use crate::layout::MapSpec;
use crate::sys::bpf::{Attributes, Command, command, command_fd};
use crate::sys::{Mapping, Plain, SysError, as_bytes, read_plain};

/// An open map and what it is known to be.
pub(crate) struct Map {
    fd: OwnedFd,
    spec: MapSpec,
}

#[repr(C)]
struct CreateAttributes {
    map_type: u32,
    key_size: u32,
    value_size: u32,
    max_entries: u32,
    flags: u32,
    inner_map: u32,
    numa_node: u32,
    name: [u8; 16],
}

// SAFETY: integers without padding, no pointers.
unsafe impl Attributes for CreateAttributes {}

#[repr(C)]
struct ElementAttributes {
    map: u32,
    padding: u32,
    key: u64,
    value_or_next_key: u64,
    flags: u64,
}

// SAFETY: explicit padding; `Map::element` takes slices of the sizes that the
// kernel reads and writes.
unsafe impl Attributes for ElementAttributes {}

#[repr(C)]
struct FreezeAttributes {
    map: u32,
}

// SAFETY: one integer.
unsafe impl Attributes for FreezeAttributes {}

impl Map {
    /// `BPF_MAP_CREATE`.
    pub(crate) fn create(spec: &MapSpec) -> Result<Self, SysError> {
        Self::create_with_inner(spec, 0)
    }

    /// A map of maps (`ARRAY_OF_MAPS`) whose inner maps are like `inner`.
    pub(crate) fn create_outer(spec: &MapSpec, inner: &Map) -> Result<Self, SysError> {
        Self::create_with_inner(spec, inner.fd.as_raw_fd() as u32)
    }

    fn create_with_inner(spec: &MapSpec, inner_map: u32) -> Result<Self, SysError> {
        let mut name = [0; 16];
        for (to, from) in name.iter_mut().take(15).zip(spec.name.bytes()) {
            *to = from;
        }
        let mut attributes = CreateAttributes {
            map_type: spec.map_type,
            key_size: spec.key_size,
            value_size: spec.value_size,
            max_entries: spec.max_entries,
            flags: spec.flags,
            inner_map,
            numa_node: 0,
            name,
        };
        let fd = command_fd(Command::MapCreate, &mut attributes)?;
        Ok(Self { fd, spec: *spec })
    }

    /// A map opened elsewhere and found to match `spec`.
    pub(crate) fn from_checked(fd: OwnedFd, spec: MapSpec) -> Self {
        Self { fd, spec }
    }

    pub(crate) fn spec(&self) -> &MapSpec {
        &self.spec
    }

    fn element(&self, which: Command, key: u64, value: u64, flags: u64) -> Result<(), SysError> {
        let mut attributes = ElementAttributes {
            map: self.fd.as_raw_fd() as u32,
            padding: 0,
            key,
            value_or_next_key: value,
            flags,
        };
        command(which, &mut attributes).map(drop)
    }

    fn check<K: Plain>(&self) {
        debug_assert_eq!(
            self.spec.key_size as usize,
            size_of::<K>(),
            "{}",
            self.spec.name
        );
    }

    /// Writes the value of a key; of a per-CPU map, the values of all CPUs,
    /// each padded to 8 bytes.
    pub(crate) fn update<K: Plain>(&self, key: &K, value: &[u8]) -> Result<(), SysError> {
        self.check::<K>();
        assert!(
            value.len() >= self.spec.value_bytes(cpus_of(&self.spec)),
            "{}",
            self.spec.name
        );
        let (key, value) = (as_bytes(key).as_ptr() as u64, value.as_ptr() as u64);
        self.element(Command::MapUpdate, key, value, 0)
    }

    /// Reads the value of a key into `value`; `false` where the key is absent.
    pub(crate) fn read<K: Plain>(&self, key: &K, value: &mut [u8]) -> Result<bool, SysError> {
        self.check::<K>();
        assert!(
            value.len() >= self.spec.value_bytes(cpus_of(&self.spec)),
            "{}",
            self.spec.name
        );
        let (key, value) = (as_bytes(key).as_ptr() as u64, value.as_mut_ptr() as u64);
        present(self.element(Command::MapLookup, key, value, 0))
    }

    /// Reads a value of a map that is not per CPU.
    pub(crate) fn get<K: Plain, V: Plain>(&self, key: &K) -> Result<Option<V>, SysError> {
        let mut bytes = vec![0; (self.spec.value_size as usize).max(size_of::<V>())];
        Ok(if self.read(key, &mut bytes)? {
            read_plain(&bytes)
        } else {
            None
        })
    }

    /// Removes a key; `false` where it was absent.
    pub(crate) fn delete<K: Plain>(&self, key: &K) -> Result<bool, SysError> {
        self.check::<K>();
        present(self.element(Command::MapDelete, as_bytes(key).as_ptr() as u64, 0, 0))
    }

    /// The key after this one (the first for `None`), `None` at the end.
    pub(crate) fn next_key<K: Plain>(&self, key: Option<&K>) -> Result<Option<K>, SysError> {
        self.check::<K>();
        let mut next = vec![0u8; size_of::<K>()];
        let key = key.map_or(0, |key| as_bytes(key).as_ptr() as u64);
        let found = present(self.element(Command::MapNextKey, key, next.as_mut_ptr() as u64, 0))?;
        Ok(if found { read_plain(&next) } else { None })
    }

    /// No system call changes the map from now on.
    pub(crate) fn freeze(&self) -> Result<(), SysError> {
        let mut attributes = FreezeAttributes {
            map: self.fd.as_raw_fd() as u32,
        };
        command(Command::MapFreeze, &mut attributes).map(drop)
    }

    /// Maps the whole of an array into memory.
    pub(crate) fn map_memory(&self) -> io::Result<Mapping> {
        let element = (self.spec.value_size as usize).next_multiple_of(8);
        Mapping::of_map(self.fd.as_fd(), element * self.spec.max_entries as usize)
    }
}

impl AsFd for Map {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

fn present(result: Result<(), SysError>) -> Result<bool, SysError> {
    match result {
        Ok(()) => Ok(true),
        Err(error) if error.errno() == libc::ENOENT => Ok(false),
        Err(error) => Err(error),
    }
}

fn cpus_of(spec: &MapSpec) -> usize {
    if spec.is_per_cpu() { cpus() } else { 1 }
}

/// CPUs for which a per-CPU map holds values: the possible ones.
pub(crate) fn cpus() -> usize {
    use std::sync::OnceLock;
    static CPUS: OnceLock<usize> = OnceLock::new();
    *CPUS.get_or_init(|| {
        let list = fs::read_to_string("/sys/devices/system/cpu/possible").unwrap_or_default();
        count_cpus(&list).unwrap_or_else(configured_cpus)
    })
}

fn configured_cpus() -> usize {
    // SAFETY: sysconf takes a number and returns one.
    let configured = unsafe { libc::sysconf(libc::_SC_NPROCESSORS_CONF) };
    usize::try_from(configured).unwrap_or(1).max(1)
}

/// Counts a list such as `0-3,8`: the kernel sizes per-CPU values by the
/// highest number, so that a gap counts.
fn count_cpus(list: &str) -> Option<usize> {
    let last = list.trim().rsplit([',', '-']).next()?;
    last.parse::<usize>().ok().map(|last| last + 1)
}

#[cfg(test)]
mod tests {
    use super::count_cpus;

    #[test]
    fn possible_cpus_are_counted_up_to_the_highest() {
        assert_eq!(count_cpus("0\n"), Some(1));
        assert_eq!(count_cpus("0-3\n"), Some(4));
        assert_eq!(count_cpus("0,2-5\n"), Some(6));
        assert_eq!(count_cpus(""), None);
    }
}
