//! Tables for a test, and changes of desired state.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use ipnet::IpNet;
use isthmus_abi::HashKey;
use isthmus_compiler::{EntryChange, MemberKey, MemberTarget, ObjectName, RouteKey, RouteTarget};
use isthmus_crds::{MacAddress, Vni};
use isthmus_tables::{Grace, GraceError, Reader, Sizing, Tables, Writer};
use router_agent::dataplane::{
    Audit, Dataplane, Desired, FakeDataplane, Finding, KernelDataplane, Observed, Outcome, Reading,
    Touched, execute, plan,
};

const HASH: HashKey = HashKey::new([
    0x0123_4567_89ab_cdef,
    0x9e37_79b9_7f4a_7c15,
    0xbf58_476d_1ce4_e5b9,
]);

/// Room for what the tests enter, and not for much more.
pub(crate) const SIZING: Sizing = Sizing {
    members_v4: 256,
    members_v6: 256,
    vpcs: 16,
    peerings: 32,
    prefixes_v4: 256,
    prefixes_v6: 256,
    route_lines: 256,
};

/// A grace period where nobody reads.
struct NobodyReads;

impl Grace for NobodyReads {
    fn wait(&self) -> Result<(), GraceError> {
        Ok(())
    }
}

pub(crate) fn tables(sizing: &Sizing) -> Arc<Tables> {
    Arc::new(Tables::create(&sizing.capacities(), HASH).expect("maps"))
}

/// The dataplane of tables that count as read, so that every rule for reuse
/// holds.
pub(crate) fn dataplane(tables: Arc<Tables>) -> KernelDataplane {
    let _ = Reader::new(&tables);
    let (writer, _) = Writer::take_over(tables, Box::new(NobodyReads)).expect("taken over");
    KernelDataplane::new(writer)
}

pub(crate) fn desired(changes: &[EntryChange]) -> Desired {
    let mut desired = Desired::default();
    for change in changes {
        desired.apply(change, &mut Touched::default());
    }
    desired
}

/// Observes, plans, executes.
pub(crate) fn converge(desired: &Desired, dataplane: &mut impl Dataplane) -> Outcome {
    let observed = dataplane.observe().expect("read");
    execute(&plan(desired, &observed), dataplane).expect("executed")
}

/// What an audit of tables finds that nobody changes, entry by entry.
pub(crate) fn audit(desired: &Desired, tables: &Tables, except: &Touched) -> Finding {
    let mut audit = Audit::begin(except);
    audit.compare(Reading::take(tables).expect("read"));
    let finding = (0..100_000).find_map(|_| audit.step(desired, 1));
    finding.expect("an end")
}

/// What tables hold once they hold what is desired.
pub(crate) fn reached(desired: &Desired) -> Observed {
    let mut dataplane = FakeDataplane::default();
    let outcome = converge(desired, &mut dataplane);
    assert!(outcome.failures.is_empty(), "{:?}", outcome.failures);
    dataplane.state
}

pub(crate) fn vni(number: u32) -> Vni {
    Vni::new(number).expect("a VNI")
}

pub(crate) fn vtep(number: u8) -> IpAddr {
    Ipv4Addr::new(172, 16, 0, number).into()
}

/// A prefix of an address whose last byte is `low`; `bits` of that byte count.
pub(crate) fn net(is_v6: bool, low: u8, bits: u8) -> IpNet {
    let net = if is_v6 {
        let address = Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, low.into());
        IpNet::new(address.into(), 120 + bits)
    } else {
        IpNet::new(Ipv4Addr::new(10, 0, 0, low).into(), 24 + bits)
    };
    net.expect("a length").trunc()
}

pub(crate) fn member(of: u32, prefix: IpNet, place: Option<(u8, u8)>) -> EntryChange {
    let target = place.map(|(mac, hypervisor)| MemberTarget {
        mac: MacAddress::new([2, 0, 0, 0, 0, mac]).expect("a MAC"),
        hypervisor: vtep(hypervisor),
    });
    let key = MemberKey {
        vni: vni(of),
        prefix,
    };
    EntryChange::Member(key, target)
}

pub(crate) fn route(from: u32, prefix: IpNet, to: Option<(u32, u8)>) -> EntryChange {
    let target = to.map(|(peer, name)| RouteTarget {
        peer_vni: vni(peer),
        peering: Arc::new(ObjectName {
            namespace: "team".into(),
            name: format!("peering-{name}"),
        }),
    });
    let key = RouteKey {
        vni: vni(from),
        prefix,
    };
    EntryChange::Route(key, target)
}
