//! The maps. Their real sizes are user space's, which makes and pins them; the
//! loader takes the pinned maps instead of what is declared here.

use aya_ebpf::btf_maps::{Array, HashMap, LpmTrie, PerCpuArray};
use aya_ebpf::macros::btf_map;
use isthmus_abi::{Counter, MemberWord, OUTCOMES as OUTCOME_COUNT};

/// `BPF_F_MMAPABLE` (linux/bpf.h).
const MMAPABLE: usize = 1 << 10;

/// A table: one value, declared as one line.
pub type Table = Array<[u64; 8], 1, MMAPABLE>;

#[btf_map]
pub static VPCS: Table = Table::new();
#[btf_map]
pub static ROUTES: Table = Table::new();
#[btf_map]
pub static MEMBERS_V4: Table = Table::new();
#[btf_map]
pub static MEMBERS_V6: Table = Table::new();
#[btf_map]
pub static HYPERVISORS: Table = Table::new();
#[btf_map]
pub static PREFIXES_V4: LpmTrie<[u8; 8], MemberWord, 1> = LpmTrie::new();
/// The value is a [`MemberWord`] in two halves, because the kernel puts it after
/// 20 bytes of key, where 8 bytes are not aligned.
#[btf_map]
pub static PREFIXES_V6: LpmTrie<[u8; 20], [u32; 2], 1> = LpmTrie::new();
#[btf_map]
pub static VTEPS: HashMap<[u64; 2], u32, 1> = HashMap::new();
#[btf_map]
pub static LIVENESS: Table = Table::new();
#[btf_map]
pub static OUTCOMES: PerCpuArray<Counter, { OUTCOME_COUNT as usize }> = PerCpuArray::new();
#[btf_map]
pub static PEERINGS: PerCpuArray<Counter, 1> = PerCpuArray::new();
