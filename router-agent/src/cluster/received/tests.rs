use isthmus_crds::ForwardingSlice;

use super::*;

/// A slice with one member, whose MAC tells the version.
fn slice(name: &str, vni: u32, version: u64) -> Slice {
    let slice: ForwardingSlice = serde_yaml::from_str(&format!(
        "{{apiVersion: isthmus.dev/v1alpha1, kind: ForwardingSlice,
           metadata: {{name: {name}, resourceVersion: '{version}'}},
           spec: {{vni: {vni}, vpc: {{namespace: team, name: blue, uid: u-{vni}}},
                  members: [{{name: web, addresses: [10.0.0.2], mac: '02:00:00:00:00:{version:02x}',
                              hypervisor: 172.16.0.11}}]}}}}"
    ))
    .unwrap();
    slice.into()
}

fn event(pool: usize, news: SliceNews) -> SliceEvent {
    let kind = SliceKind::Forwarding;
    SliceEvent { pool, kind, news }
}

/// Last bytes of the MACs that are set, 0 for what is removed.
fn told(changes: &[EntryChange]) -> Vec<u64> {
    let mac = |change: &EntryChange| match change {
        EntryChange::Member(_, target) => target.map_or(0, |target| target.mac.to_bits() & 0xff),
        EntryChange::Route(..) => unreachable!("no route"),
    };
    changes.iter().map(mac).collect()
}

fn listed(received: &mut Received, pool: usize, slices: Vec<Slice>) -> Vec<u64> {
    let mut all = received.take(event(pool, SliceNews::ListBegins));
    for slice in slices {
        all.extend(received.take(event(pool, SliceNews::Listed(slice))));
    }
    all.extend(received.take(event(pool, SliceNews::ListEnds)));
    told(&all)
}

fn complete_peering(received: &mut Received, pools: usize) {
    for pool in 0..pools {
        for news in [SliceNews::ListBegins, SliceNews::ListEnds] {
            let kind = SliceKind::Peering;
            received.take(SliceEvent { pool, kind, news });
        }
    }
}

#[test]
fn nothing_is_complete_before_every_watch_has_listed() {
    let mut received = Received::new(1);
    assert_eq!(listed(&mut received, 0, vec![slice("a", 1, 5)]), [5]);
    assert!(!received.is_complete());
    assert_eq!(received.version(SliceKind::Forwarding), 0);
    complete_peering(&mut received, 1);
    assert!(received.is_complete());
    assert_eq!(received.version(SliceKind::Forwarding), 5);
}

#[test]
fn a_second_list_takes_away_what_it_does_not_have_and_only_at_its_end() {
    let mut received = Received::new(1);
    listed(&mut received, 0, vec![slice("a", 1, 5), slice("b", 2, 6)]);
    assert!(received.take(event(0, SliceNews::ListBegins)).is_empty());
    let again = received.take(event(0, SliceNews::Listed(slice("b", 2, 6))));
    assert!(again.is_empty());
    // Broken off and begun anew.
    assert!(received.take(event(0, SliceNews::ListBegins)).is_empty());
    received.take(event(0, SliceNews::Listed(slice("b", 2, 6))));
    assert_eq!(told(&received.take(event(0, SliceNews::ListEnds))), [0]);
}

#[test]
fn a_slice_of_two_pools_stays_until_both_have_lost_it() {
    let mut received = Received::new(2);
    listed(&mut received, 0, vec![slice("a", 1, 5)]);
    assert!(listed(&mut received, 1, vec![slice("a", 1, 5)]).is_empty());
    assert!(
        received
            .take(event(0, SliceNews::Gone(slice("a", 1, 7))))
            .is_empty()
    );
    assert_eq!(
        told(&received.take(event(1, SliceNews::Gone(slice("a", 1, 8))))),
        [0]
    );
}

#[test]
fn of_two_watches_that_tell_of_a_slice_the_late_one_takes_nothing_back() {
    let mut received = Received::new(2);
    listed(&mut received, 0, vec![slice("a", 1, 5)]);
    listed(&mut received, 1, vec![slice("a", 1, 5)]);
    let news = SliceNews::Applied(slice("a", 1, 9));
    assert_eq!(told(&received.take(event(0, news))), [9]);
    let late = SliceNews::Applied(slice("a", 1, 7));
    assert!(received.take(event(1, late)).is_empty());
}

#[test]
fn a_cluster_restored_from_a_backup_is_believed() {
    let mut received = Received::new(1);
    complete_peering(&mut received, 1);
    listed(&mut received, 0, vec![slice("a", 1, 50)]);
    assert_eq!(listed(&mut received, 0, vec![slice("a", 1, 20)]), [20]);
    assert_eq!(received.version(SliceKind::Forwarding), 20);
}
