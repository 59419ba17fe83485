//! The whole writer beside plain maps, on maps of the kernel.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;
use std::sync::Arc;

use isthmus_abi::{MAX_PORTS, MemberWord};
use isthmus_tables::{
    Block, Label, Placed, Prefix, PrivateBpffs, Reader, Refused, RouteTarget, Table, Tables,
    WriteError, Writer, flatten,
};
use proptest::prelude::*;

use crate::configuration::{small, tables, writer};

/// VPC, address, length.
type Key = (u32, IpAddr, u8);
type Routes = Vec<(Prefix, RouteTarget)>;

#[derive(Clone, Debug)]
enum Change {
    SetMember(u32, IpAddr, MemberWord),
    RemoveMember(u32, IpAddr),
    SetPrefix(Key, MemberWord),
    RemovePrefix(Key),
    AddHypervisor(IpAddr),
    RemoveHypervisor(IpAddr),
    SetNextHop(IpAddr, u32, u64),
    AddLabel(Label),
    RemoveLabel(Label),
    SetRoutes(u32, Routes),
    RemoveRoutes(u32),
    Settle,
    Reopen,
}

fn v4(low: u8) -> IpAddr {
    Ipv4Addr::new(10, 0, 0, low).into()
}

fn v6(low: u8) -> IpAddr {
    Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, low.into()).into()
}

fn address(bound: u8) -> impl Strategy<Value = IpAddr> {
    prop_oneof![(0..bound).prop_map(v4), (0..bound).prop_map(v6)]
}

fn word() -> impl Strategy<Value = MemberWord> {
    (0u64..1 << 48, 1u16..9).prop_map(|(mac, hypervisor)| MemberWord::new(mac, hypervisor))
}

/// A prefix of the last byte, without bits beyond its length.
fn prefix() -> impl Strategy<Value = (IpAddr, u8)> {
    (any::<bool>(), any::<u8>(), 0u8..=8).prop_map(|(is_v6, low, length)| {
        let low = low & u8::MAX.checked_shl(8 - u32::from(length)).unwrap_or(0);
        if is_v6 {
            (v6(low), 120 + length)
        } else {
            (v4(low), 24 + length)
        }
    })
}

fn key() -> impl Strategy<Value = Key> {
    (1u32..4, prefix()).prop_map(|(vni, (address, length))| (vni, address, length))
}

fn label() -> impl Strategy<Value = Label> {
    (1u32..4, 1u32..4, 0u8..2).prop_map(|(vni, peer_vni, name)| Label {
        vni,
        peer_vni,
        name: format!("team/peering-{name}"),
    })
}

fn routes() -> impl Strategy<Value = Routes> {
    let target = (1u32..9, 0u32..8);
    let route = (prefix(), target).prop_map(|((address, length), (peer_vni, counter))| {
        (
            Prefix { address, length },
            RouteTarget { peer_vni, counter },
        )
    });
    proptest::collection::vec(route, 1..12)
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let vni = || 1u32..4;
    let change = prop_oneof![
        12 => (vni(), address(60), word()).prop_map(|(v, a, w)| Change::SetMember(v, a, w)),
        6 => (vni(), address(60)).prop_map(|(v, a)| Change::RemoveMember(v, a)),
        3 => (key(), word()).prop_map(|(k, w)| Change::SetPrefix(k, w)),
        2 => key().prop_map(Change::RemovePrefix),
        3 => address(12).prop_map(Change::AddHypervisor),
        2 => address(12).prop_map(Change::RemoveHypervisor),
        2 => (address(12), 0..MAX_PORTS as u32, 1u64..1 << 48)
            .prop_map(|(a, p, m)| Change::SetNextHop(a, p, m)),
        3 => label().prop_map(Change::AddLabel),
        2 => label().prop_map(Change::RemoveLabel),
        3 => (1u32..24, routes()).prop_map(|(v, r)| Change::SetRoutes(v, r)),
        2 => (1u32..24).prop_map(Change::RemoveRoutes),
        2 => Just(Change::Settle),
        1 => Just(Change::Reopen),
    ];
    proptest::collection::vec(change, 0..300)
}

/// What the tables should hold, in plain maps.
#[derive(Default)]
struct Model {
    members: HashMap<(u32, IpAddr), MemberWord>,
    prefixes: BTreeMap<Key, MemberWord>,
    hypervisors: BTreeMap<IpAddr, [u64; MAX_PORTS]>,
    labels: BTreeSet<Label>,
    routes: BTreeMap<u32, Routes>,
    /// What readers do not see before the next settling.
    deferred: BTreeSet<Waiting>,
    /// Whether a hypervisor was removed since the last settling.
    removed_hypervisor: bool,
}

/// A deferred entry: a VPC's routes, or a member.
type Waiting = (u32, Option<IpAddr>);

impl Model {
    fn placed(&mut self, entry: Waiting, placed: Placed) {
        if placed == Placed::Deferred {
            self.deferred.insert(entry);
        }
    }

    fn forget(&mut self, (vni, member): Waiting) {
        match member {
            Some(address) => drop(self.members.remove(&(vni, address))),
            None => drop(self.routes.remove(&vni)),
        }
    }

    fn prefix(&self, vni: u32, address: IpAddr) -> Option<MemberWord> {
        let holds = |key: &&Key| key.0 == vni && contains((key.1, key.2), address);
        let longest = self.prefixes.keys().filter(holds).max_by_key(|key| key.2)?;
        self.prefixes.get(longest).copied()
    }

    fn route(&self, vni: u32, address: IpAddr) -> Option<RouteTarget> {
        let routes = self.routes.get(&vni)?.iter();
        let holding =
            routes.filter(|(prefix, _)| contains((prefix.address, prefix.length), address));
        // Of equal prefixes the last one stays.
        let longest = holding.max_by_key(|(prefix, _)| prefix.length)?;
        Some(longest.1)
    }
}

fn contains((network, length): (IpAddr, u8), address: IpAddr) -> bool {
    match (network, address) {
        (IpAddr::V4(network), IpAddr::V4(address)) => {
            let beyond = network.to_bits() ^ address.to_bits();
            beyond.checked_shr(32 - u32::from(length)).unwrap_or(0) == 0
        }
        (IpAddr::V6(network), IpAddr::V6(address)) => {
            let beyond = network.to_bits() ^ address.to_bits();
            beyond.checked_shr(128 - u32::from(length)).unwrap_or(0) == 0
        }
        _ => false,
    }
}

fn block(routes: &Routes) -> Block {
    flatten(routes.iter().copied()).expect("few ranges")
}

fn full<T>(result: Result<T, WriteError>, table: Table) -> Option<T> {
    match result {
        Ok(done) => Some(done),
        Err(WriteError::TableFull(found)) if found == table => None,
        Err(error) => panic!("{error}"),
    }
}

/// Makes one change in both; the model takes what the writer took, and a full
/// table must be full.
fn make(change: &Change, writer: &mut Writer, model: &mut Model) {
    match change {
        Change::SetMember(vni, address, word) => {
            let table = if address.is_ipv4() {
                Table::MembersV4
            } else {
                Table::MembersV6
            };
            match full(writer.set_member(*vni, *address, *word), table) {
                Some(placed) => {
                    model.members.insert((*vni, *address), *word);
                    model.placed((*vni, Some(*address)), placed);
                }
                None => {
                    assert!(!model.members.contains_key(&(*vni, *address)));
                    let alike = |key: &&(u32, IpAddr)| key.1.is_ipv4() == address.is_ipv4();
                    let held = model.members.keys().filter(alike).count() as u64;
                    assert!(held >= table.capacity(&small()), "{table}: {held}");
                }
            }
        }
        Change::RemoveMember(vni, address) => {
            let known = model.members.remove(&(*vni, *address)).is_some();
            assert_eq!(writer.remove_member(*vni, *address), known);
            model.deferred.remove(&(*vni, Some(*address)));
        }
        Change::SetPrefix((vni, address, length), word) => {
            let table = if address.is_ipv4() {
                Table::PrefixesV4
            } else {
                Table::PrefixesV6
            };
            match full(writer.set_prefix(*vni, *address, *length, *word), table) {
                Some(()) => drop(model.prefixes.insert((*vni, *address, *length), *word)),
                None => {
                    let alike = |key: &&Key| key.1.is_ipv4() == address.is_ipv4();
                    assert_eq!(model.prefixes.keys().filter(alike).count(), 8);
                }
            }
        }
        Change::RemovePrefix(key) => {
            let removed = writer.remove_prefix(key.0, key.1, key.2).expect("removed");
            assert_eq!(removed, model.prefixes.remove(key).is_some());
        }
        Change::AddHypervisor(vtep) => {
            writer.add_hypervisor(*vtep).expect("room");
            model.hypervisors.entry(*vtep).or_default();
        }
        Change::RemoveHypervisor(vtep) => {
            let known = model.hypervisors.remove(vtep).is_some();
            assert_eq!(writer.remove_hypervisor(*vtep).expect("removed"), known);
            model.removed_hypervisor |= known;
        }
        Change::SetNextHop(vtep, port, mac) => {
            let set = writer.set_next_hop(*vtep, *port, *mac);
            match model.hypervisors.get_mut(vtep) {
                Some(next_hops) => {
                    set.expect("known");
                    next_hops[*port as usize] = *mac;
                }
                None => assert!(matches!(set, Err(WriteError::UnknownHypervisor(_)))),
            }
        }
        Change::AddLabel(label) => {
            if full(writer.add_label(label), Table::Peerings).is_some() {
                model.labels.insert(label.clone());
            }
        }
        Change::RemoveLabel(label) => {
            assert_eq!(writer.remove_label(label), model.labels.remove(label));
        }
        Change::SetRoutes(vni, routes) => match writer.set_routes(*vni, &block(routes)) {
            Ok(placed) => {
                model.routes.insert(*vni, routes.clone());
                model.placed((*vni, None), placed);
            }
            Err(WriteError::TableFull(Table::Routes | Table::Vpcs)) => {}
            Err(error) => panic!("{error}"),
        },
        Change::RemoveRoutes(vni) => {
            let known = model.routes.remove(vni).is_some();
            assert_eq!(writer.remove_routes(*vni), known);
            model.deferred.remove(&(*vni, None));
        }
        Change::Settle | Change::Reopen => {}
    }
}

fn settle(writer: &mut Writer, model: &mut Model) {
    for refused in writer.settle().expect("settles").refused {
        let entry = match refused {
            Refused::Member { vni, address } => (vni, Some(address)),
            Refused::Vpc { vni } => (vni, None),
        };
        assert!(model.deferred.contains(&entry), "{entry:?} was in place");
        model.forget(entry);
    }
    model.deferred.clear();
    model.removed_hypervisor = false;
}

/// Compares everything that can be read, each way of reading it.
fn compare(writer: &Writer, model: &Model) {
    let tables = writer.tables();
    let members: HashMap<(u32, IpAddr), MemberWord> = tables
        .members()
        .map(|member| ((member.vni, member.address), member.word))
        .collect();
    assert_eq!(members, model.members);
    let prefixes: BTreeMap<Key, MemberWord> = tables
        .prefixes()
        .expect("read")
        .into_iter()
        .map(|prefix| ((prefix.vni, prefix.address, prefix.length), prefix.word))
        .collect();
    assert_eq!(prefixes, model.prefixes);
    let hypervisors: BTreeMap<IpAddr, [u64; MAX_PORTS]> = tables
        .hypervisors()
        .map(|hypervisor| (hypervisor.vtep, hypervisor.next_hops))
        .collect();
    assert_eq!(hypervisors, model.hypervisors);
    for hypervisor in tables.hypervisors() {
        assert_eq!(writer.hypervisor(hypervisor.vtep), Some(hypervisor.index));
    }
    let labels: BTreeSet<Label> = tables.labels().map(|(_, label)| label).collect();
    assert_eq!(labels, model.labels);
    let routes: BTreeMap<u32, Block> = tables
        .routes()
        .map(|(vni, block)| (vni, block.expect("sound")))
        .collect();
    let wanted: BTreeMap<u32, Block> = model
        .routes
        .iter()
        .map(|(vni, routes)| (*vni, block(routes)))
        .collect();
    assert_eq!(routes, wanted);
    let lines: u64 = wanted.values().map(|block| u64::from(block.lines())).sum();
    let held = |v4: bool| {
        model
            .prefixes
            .keys()
            .filter(|key| key.1.is_ipv4() == v4)
            .count()
    };
    let members = |v4: bool| {
        model
            .members
            .keys()
            .filter(|key| key.1.is_ipv4() == v4)
            .count()
    };
    for usage in writer.usage() {
        let used = match usage.table {
            Table::Vpcs => wanted.len() as u64,
            Table::Routes => lines,
            Table::MembersV4 => members(true) as u64,
            Table::MembersV6 => members(false) as u64,
            Table::PrefixesV4 => held(true) as u64,
            Table::PrefixesV6 => held(false) as u64,
            Table::Hypervisors => model.hypervisors.len() as u64,
            Table::Peerings => model.labels.len() as u64,
        };
        assert_eq!(usage.used, used, "{}", usage.table);
    }
    look_up(writer, model);
}

/// Every look-up of the program, over all that could be there.
fn look_up(writer: &Writer, model: &Model) {
    let reader = Reader::new(writer.tables());
    for vni in 1..4 {
        for low in 0..=u8::MAX {
            for address in [v4(low), v6(low)] {
                let member = model.members.get(&(vni, address)).copied();
                assert_eq!(reader.member(vni, address), member);
                assert_eq!(reader.route(vni, address), model.route(vni, address));
            }
        }
        for low in (0..=u8::MAX).step_by(5) {
            for address in [v4(low), v6(low)] {
                let prefix = reader.prefix(vni, address).expect("read");
                assert_eq!(prefix, model.prefix(vni, address));
            }
        }
    }
}

fn reopen(dir: &Path) -> Writer {
    writer(Arc::new(Tables::open(dir).expect("opens")))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn all_tables_are_as_plain_maps_would_be(changes in changes(), read in any::<bool>()) {
        let bpffs = PrivateBpffs::new().expect("a private bpffs");
        let dir = bpffs.path().join("maps-0");
        let tables = tables();
        tables.pin(&dir).expect("pins");
        let mut model = Model::default();
        let mut writer = writer(Arc::new(tables));
        if read {
            // From now on nothing is freed before it has settled.
            let _ = Reader::new(writer.tables());
        }
        for change in &changes {
            make(change, &mut writer, &mut model);
            match change {
                Change::Settle => {
                    settle(&mut writer, &mut model);
                    compare(&writer, &model);
                }
                Change::Reopen => {
                    if model.removed_hypervisor {
                        // Until then it is in the table.
                        settle(&mut writer, &mut model);
                    }
                    // What waits for room is lost with the writer.
                    for entry in std::mem::take(&mut model.deferred) {
                        model.forget(entry);
                    }
                    drop(writer);
                    writer = reopen(&dir);
                    compare(&writer, &model);
                }
                _ => {}
            }
            for (&(vni, address), &word) in &model.members {
                prop_assert_eq!(writer.member(vni, address), Some(word));
            }
        }
        settle(&mut writer, &mut model);
        compare(&writer, &model);
    }
}
