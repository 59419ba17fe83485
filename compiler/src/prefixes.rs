//! Arithmetic of prefix lists.

use ipnet::IpNet;

pub(crate) fn overlap(a: &IpNet, b: &IpNet) -> bool {
    a.contains(b) || b.contains(a)
}

/// Whether one of `nets` contains all of `inner`.
pub(crate) fn covers(nets: &[IpNet], inner: &IpNet) -> bool {
    nets.iter().any(|net| net.contains(inner))
}

/// The first two that overlap.
pub(crate) fn first_overlap(a: &[IpNet], b: &[IpNet]) -> Option<(IpNet, IpNet)> {
    a.iter()
        .find_map(|a| b.iter().find(|b| overlap(a, b)).map(|b| (*a, *b)))
}

/// What both lists contain, as disjoint prefixes in order.
pub(crate) fn intersect(a: &[IpNet], b: &[IpNet]) -> Vec<IpNet> {
    let mut common: Vec<IpNet> = a
        .iter()
        .flat_map(|a| {
            b.iter()
                .filter(|b| overlap(a, b))
                .map(|b| if a.contains(b) { *b } else { *a })
        })
        .collect();
    // A prefix that contains others sorts right before them.
    common.sort_unstable();
    common.dedup_by(|later, kept| kept.contains(&*later));
    common
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nets(text: &str) -> Vec<IpNet> {
        text.split_whitespace()
            .map(|net| net.parse().unwrap())
            .collect()
    }

    #[test]
    fn the_intersection_is_disjoint_and_in_order() {
        let a = nets("10.1.0.0/16 fd00::/64 10.0.0.0/24 10.0.0.128/25");
        let b = nets("10.0.0.0/8 10.1.2.0/24 fd00::/96 11.0.0.0/8");
        assert_eq!(intersect(&a, &b), nets("10.0.0.0/24 10.1.0.0/16 fd00::/96"));
    }
}
