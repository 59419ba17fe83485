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

/// Of these pools.
fn pools(names: &[&str]) -> Received {
    Received::new(names.iter().map(|name| (*name).to_owned()).collect())
}

/// How far the ForwardingSlices of each pool reach.
fn reached(received: &Received) -> Vec<u64> {
    let pools = received.report().pools;
    pools.iter().map(|pool| pool.forwarding).collect()
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
    let mut received = pools(&["default"]);
    assert_eq!(listed(&mut received, 0, vec![slice("a", 1, 5)]), [5]);
    assert!(!received.report().is_complete);
    complete_peering(&mut received, 1);
    assert!(received.report().is_complete);
    assert_eq!(reached(&received), [5]);
}

#[test]
fn a_second_list_takes_away_what_it_does_not_have_and_only_at_its_end() {
    let mut received = pools(&["default"]);
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
    let mut received = pools(&["default", "big"]);
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
    let mut received = pools(&["default", "big"]);
    listed(&mut received, 0, vec![slice("a", 1, 5)]);
    listed(&mut received, 1, vec![slice("a", 1, 5)]);
    let news = SliceNews::Applied(slice("a", 1, 9));
    assert_eq!(told(&received.take(event(0, news))), [9]);
    let late = SliceNews::Applied(slice("a", 1, 7));
    assert!(received.take(event(1, late)).is_empty());
}

#[test]
fn a_watch_that_lags_behind_that_of_another_pool_is_told_as_it_is() {
    let mut received = pools(&["default", "big"]);
    listed(&mut received, 0, vec![slice("a", 1, 5)]);
    listed(&mut received, 1, vec![slice("b", 2, 6)]);
    complete_peering(&mut received, 2);
    received.take(event(1, SliceNews::Applied(slice("b", 2, 9))));
    assert_eq!(reached(&received), [5, 9]);
    assert_eq!(received.report().pools[1].pool, "big");
    received.take(event(0, SliceNews::Gone(slice("a", 1, 8))));
    assert_eq!(reached(&received), [8, 9]);
}

#[test]
fn a_list_that_goes_on_says_nothing_of_how_far_it_reaches() {
    let mut received = pools(&["default"]);
    listed(&mut received, 0, vec![slice("a", 1, 5)]);
    received.take(event(0, SliceNews::ListBegins));
    // What is older than this may be still to come.
    received.take(event(0, SliceNews::Listed(slice("b", 2, 9))));
    assert_eq!(reached(&received), [5]);
    received.take(event(0, SliceNews::Listed(slice("a", 1, 7))));
    received.take(event(0, SliceNews::ListEnds));
    assert_eq!(reached(&received), [9]);
}

#[test]
fn a_new_list_does_not_forget_how_far_deletions_reached() {
    let mut received = pools(&["default"]);
    listed(&mut received, 0, vec![slice("a", 1, 5), slice("b", 2, 6)]);
    received.take(event(0, SliceNews::Gone(slice("b", 2, 8))));
    listed(&mut received, 0, vec![slice("a", 1, 5)]);
    assert_eq!(reached(&received), [8]);
}

fn restored(received: &mut Received, pool: usize, slices: Vec<Slice>) -> Vec<u64> {
    assert!(received.take(event(pool, SliceNews::Restored)).is_empty());
    listed(received, pool, slices)
}

#[test]
fn a_cluster_restored_from_a_backup_is_believed() {
    let mut received = pools(&["default"]);
    listed(&mut received, 0, vec![slice("a", 1, 50), slice("b", 2, 60)]);
    assert_eq!(restored(&mut received, 0, vec![slice("a", 1, 20)]), [20, 0]);
    assert_eq!(reached(&received), [20]);
    let next = SliceNews::Applied(slice("a", 1, 21));
    assert_eq!(told(&received.take(event(0, next))), [21]);
}

#[test]
fn of_a_restored_cluster_no_pool_keeps_a_slice_that_is_no_more() {
    let mut received = pools(&["default", "big"]);
    for pool in [0, 1] {
        listed(
            &mut received,
            pool,
            vec![slice("a", 1, 50), slice("b", 2, 60)],
        );
    }
    // One of the two has gone further than the other.
    received.take(event(0, SliceNews::Applied(slice("a", 1, 70))));
    assert_eq!(restored(&mut received, 0, vec![slice("a", 1, 20)]), [20]);
    let next = SliceNews::Applied(slice("a", 1, 21));
    assert_eq!(told(&received.take(event(0, next))), [21]);
    let rest = restored(&mut received, 1, vec![slice("a", 1, 21)]);
    assert_eq!(rest, [0], "b is gone, a is as it was");
    assert_eq!(reached(&received), [21, 21]);
}

#[test]
fn a_restored_cluster_that_counts_on_from_later_is_known_by_its_lists() {
    // As etcd does where it is told to (`--bump-revision`): watches are refused,
    // what was there keeps its versions.
    let mut received = pools(&["default", "big"]);
    for pool in [0, 1] {
        listed(&mut received, pool, vec![slice("a", 1, 50)]);
    }
    assert_eq!(listed(&mut received, 0, vec![slice("a", 1, 20)]), [20]);
    // The other watch still had this to tell.
    received.take(event(1, SliceNews::Applied(slice("a", 1, 51))));
    assert_eq!(listed(&mut received, 1, vec![slice("a", 1, 20)]), [20]);
}
