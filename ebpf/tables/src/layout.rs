//! What every map is made like, from the capacities. Pure.

use isthmus_abi::{
    Capacities, Counter, HYPERVISORS, HypervisorEntry, LINE, MemberWord, Meta, OUTCOMES,
    PeeringLabel, PrefixKeyV4, PrefixKeyV6, ROUTE_SLACK_LINES, map,
};

/// `enum bpf_map_type` (linux/bpf.h).
pub(crate) mod map_type {
    pub(crate) const HASH: u32 = 1;
    pub(crate) const ARRAY: u32 = 2;
    pub(crate) const PERCPU_ARRAY: u32 = 6;
    pub(crate) const LPM_TRIE: u32 = 11;
    pub(crate) const ARRAY_OF_MAPS: u32 = 12;
}

/// Flags of `BPF_MAP_CREATE` (linux/bpf.h).
pub(crate) mod map_flag {
    /// `BPF_F_NO_PREALLOC`, which tries insist on.
    pub(crate) const NO_PREALLOC: u32 = 1 << 0;
    /// `BPF_F_RDONLY_PROG`: no program writes the map. The kernel lets no such
    /// map be written through memory (`bpf_map_mmap`, kernel/bpf/syscall.c).
    pub(crate) const PROGRAM_READS: u32 = 1 << 7;
    /// `BPF_F_MMAPABLE`.
    pub(crate) const MMAPABLE: u32 = 1 << 10;
}

/// Number of maps of a set.
pub(crate) const MAPS: usize = 13;

/// Most bytes of one value: what the kernel takes as the size of an array's.
const MAX_VALUE: u64 = i32::MAX as u64;

/// One map as `BPF_MAP_CREATE` takes it and as a pin must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MapSpec {
    pub(crate) name: &'static str,
    pub(crate) map_type: u32,
    pub(crate) key_size: u32,
    pub(crate) value_size: u32,
    pub(crate) max_entries: u32,
    pub(crate) flags: u32,
}

impl MapSpec {
    const fn giant(name: &'static str, lines: u32) -> Self {
        Self {
            name,
            map_type: map_type::ARRAY,
            key_size: 4,
            value_size: lines.wrapping_mul(LINE as u32),
            max_entries: 1,
            flags: map_flag::MMAPABLE,
        }
    }

    const fn trie(name: &'static str, key: usize, max_entries: u32) -> Self {
        Self {
            name,
            map_type: map_type::LPM_TRIE,
            key_size: key as u32,
            value_size: size_of::<MemberWord>() as u32,
            max_entries,
            flags: map_flag::NO_PREALLOC | map_flag::PROGRAM_READS,
        }
    }

    const fn counters(name: &'static str, max_entries: u32) -> Self {
        Self {
            name,
            map_type: map_type::PERCPU_ARRAY,
            key_size: 4,
            value_size: size_of::<Counter>() as u32,
            max_entries,
            flags: 0,
        }
    }

    const fn array(name: &'static str, value: usize, max_entries: u32, flags: u32) -> Self {
        Self {
            name,
            map_type: map_type::ARRAY,
            key_size: 4,
            value_size: value as u32,
            max_entries,
            flags,
        }
    }

    pub(crate) const fn is_per_cpu(&self) -> bool {
        self.map_type == map_type::PERCPU_ARRAY
    }

    /// Bytes that a look-up answers with.
    pub(crate) const fn value_bytes(&self, cpus: usize) -> usize {
        if self.is_per_cpu() {
            (self.value_size as usize).next_multiple_of(8) * cpus
        } else {
            self.value_size as usize
        }
    }
}

/// Capacities for which no maps can be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CapacityError {
    /// Every table needs at least one line or entry.
    #[error("capacity of {table} is 0")]
    Zero {
        /// Name of the map.
        table: &'static str,
    },
    /// The kernel's arrays have values of at most 2 GiB.
    #[error("{table} would take {bytes} bytes; the most is {MAX_VALUE}")]
    TooLarge {
        /// Name of the map.
        table: &'static str,
        /// Bytes that it would take.
        bytes: u64,
    },
}

/// The maps of a set: giants, tries, counters, labels, `META` last.
pub(crate) fn specs(sizes: &Capacities) -> Result<[MapSpec; MAPS], CapacityError> {
    let route_lines = u64::from(sizes.route_lines) + u64::from(ROUTE_SLACK_LINES);
    for (table, lines) in [
        (map::VPCS, u64::from(sizes.vpc_lines)),
        (
            map::ROUTES,
            if sizes.route_lines == 0 {
                0
            } else {
                route_lines
            },
        ),
        (map::MEMBERS_V4, u64::from(sizes.member_lines_v4)),
        (map::MEMBERS_V6, u64::from(sizes.member_lines_v6)),
        (map::PREFIXES_V4, u64::from(sizes.prefixes_v4)),
        (map::PREFIXES_V6, u64::from(sizes.prefixes_v6)),
        (map::PEERINGS, u64::from(sizes.peerings)),
    ] {
        if lines == 0 {
            return Err(CapacityError::Zero { table });
        }
        let bytes = lines * LINE as u64;
        if bytes > MAX_VALUE && !table.starts_with('P') {
            return Err(CapacityError::TooLarge { table, bytes });
        }
    }
    Ok([
        MapSpec::giant(map::VPCS, sizes.vpc_lines),
        MapSpec::giant(map::ROUTES, sizes.route_lines + ROUTE_SLACK_LINES),
        MapSpec::giant(map::MEMBERS_V4, sizes.member_lines_v4),
        MapSpec::giant(map::MEMBERS_V6, sizes.member_lines_v6),
        MapSpec::trie(
            map::PREFIXES_V4,
            size_of::<PrefixKeyV4>(),
            sizes.prefixes_v4,
        ),
        MapSpec::trie(
            map::PREFIXES_V6,
            size_of::<PrefixKeyV6>(),
            sizes.prefixes_v6,
        ),
        MapSpec::giant(
            map::HYPERVISORS,
            HYPERVISORS * size_of::<HypervisorEntry>() as u32 / LINE as u32,
        ),
        MapSpec {
            name: map::VTEPS,
            map_type: map_type::HASH,
            key_size: size_of::<[u64; 2]>() as u32,
            value_size: size_of::<u32>() as u32,
            max_entries: HYPERVISORS,
            flags: map_flag::NO_PREALLOC | map_flag::PROGRAM_READS,
        },
        MapSpec::giant(map::LIVENESS, 1),
        MapSpec::counters(map::OUTCOMES, OUTCOMES),
        MapSpec::counters(map::PEERINGS, sizes.peerings),
        MapSpec::array(
            map::LABELS,
            size_of::<PeeringLabel>(),
            sizes.peerings,
            map_flag::MMAPABLE,
        ),
        MapSpec::array(map::META, size_of::<Meta>(), 1, 0),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Sizing;

    #[test]
    fn every_capacity_must_be_there() {
        let sizes = Sizing::default().capacities();
        assert!(specs(&sizes).is_ok());
        let none = Capacities {
            peerings: 0,
            ..sizes
        };
        assert_eq!(
            specs(&none),
            Err(CapacityError::Zero {
                table: map::PEERINGS
            })
        );
        let none = Capacities {
            route_lines: 0,
            ..sizes
        };
        assert_eq!(
            specs(&none),
            Err(CapacityError::Zero { table: map::ROUTES })
        );
    }

    #[test]
    fn a_table_beyond_what_the_kernel_takes_is_refused() {
        let sizes = Capacities {
            member_lines_v4: 1 << 26,
            ..Sizing::default().capacities()
        };
        assert!(matches!(
            specs(&sizes),
            Err(CapacityError::TooLarge {
                table: map::MEMBERS_V4,
                ..
            })
        ));
    }
}
