//! Prefixes to disjoint ranges: the longest prefix wins. Pure.

use std::net::IpAddr;

use isthmus_abi::{RangeV4, RangeV6};

use super::block::{Block, TooManyRanges};

/// An IP prefix. Bits beyond `length` are ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Prefix {
    /// Its address.
    pub address: IpAddr,
    /// Its length, at most the address's.
    pub length: u8,
}

impl Prefix {
    /// First and last address, as numbers.
    fn bounds(self) -> (u128, u128) {
        let (bits, address) = match self.address {
            IpAddr::V4(address) => (32, u128::from(address.to_bits())),
            IpAddr::V6(address) => (128, address.to_bits()),
        };
        let host = bits - u32::from(self.length).min(bits);
        let hosts = if host == 128 {
            u128::MAX
        } else {
            (1 << host) - 1
        };
        (address & !hosts, address | hosts)
    }
}

/// Where a route leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RouteTarget {
    /// The peer's VNI.
    pub peer_vni: u32,
    /// Index of the counter ([`crate::Writer::add_label`]).
    pub counter: u32,
}

/// Addresses `first..=last`, as numbers.
type Span = (u128, u128, RouteTarget);

/// The block of a VPC's routes. Equal targets side by side become one range,
/// so that equal routes have equal blocks. Of a prefix that is given twice the
/// later target counts.
///
/// ```
/// use isthmus_tables::{flatten, Prefix, RouteTarget};
/// let prefix = |address: &str, length| Prefix { address: address.parse().unwrap(), length };
/// let (wide, narrow) = (RouteTarget { peer_vni: 2, counter: 0 }, RouteTarget { peer_vni: 3, counter: 1 });
/// let block = flatten([(prefix("10.0.0.0", 8), wide), (prefix("10.1.0.0", 16), narrow)])?;
/// assert_eq!(block.ranges_v4().len(), 3);
/// # Ok::<(), isthmus_tables::TooManyRanges>(())
/// ```
///
/// # Errors
///
/// More ranges than a block holds.
pub fn flatten(
    routes: impl IntoIterator<Item = (Prefix, RouteTarget)>,
) -> Result<Block, TooManyRanges> {
    let (mut v4, mut v6) = (Vec::new(), Vec::new());
    for (prefix, target) in routes {
        let (first, last) = prefix.bounds();
        let family = if prefix.address.is_ipv4() {
            &mut v4
        } else {
            &mut v6
        };
        family.push((first, last, target));
    }
    let halves = |address: u128| [(address >> 64) as u64, address as u64];
    Block::new(
        disjoint(v4)
            .into_iter()
            .map(|(first, last, target)| RangeV4 {
                first: first as u32,
                last: last as u32,
                peer_vni: target.peer_vni,
                counter: target.counter,
            })
            .collect(),
        disjoint(v6)
            .into_iter()
            .map(|(first, last, target)| RangeV6 {
                first: halves(first),
                last: halves(last),
                peer_vni: target.peer_vni,
                counter: target.counter,
                reserved: 0,
            })
            .collect(),
    )
}

/// Nested spans to disjoint, sorted ones: the innermost wins.
fn disjoint(mut spans: Vec<Span>) -> Vec<Span> {
    // Stable: the later of two equal spans is the inner one.
    spans.sort_by(|a, b| a.0.cmp(&b.0).then(b.1.cmp(&a.1)));
    let mut out: Vec<Span> = Vec::with_capacity(spans.len());
    // Spans around the current position, the outermost first.
    let mut around: Vec<Span> = Vec::new();
    let mut position = 0;
    for span in spans {
        close(&mut around, &mut out, &mut position, Some(span.0));
        if let Some(&(_, _, target)) = around.last()
            && position < span.0
        {
            emit(&mut out, position, span.0 - 1, target);
        }
        position = span.0;
        around.push(span);
    }
    close(&mut around, &mut out, &mut position, None);
    out
}

/// Ends the spans that end before `until` (all for `None`).
fn close(around: &mut Vec<Span>, out: &mut Vec<Span>, position: &mut u128, until: Option<u128>) {
    while let Some(&(_, last, target)) = around.last() {
        if until.is_some_and(|until| last >= until) {
            return;
        }
        around.pop();
        if *position > last {
            continue;
        }
        emit(out, *position, last, target);
        match last.checked_add(1) {
            Some(next) => *position = next,
            // Nothing lies behind the last address.
            None => around.clear(),
        }
    }
}

fn emit(out: &mut Vec<Span>, first: u128, last: u128, target: RouteTarget) {
    if let Some(before) = out.last_mut()
        && before.2 == target
        && before.1.checked_add(1) == Some(first)
    {
        before.1 = last;
        return;
    }
    out.push((first, last, target));
}

/// The address of a number, of the family of `like`.
#[cfg(test)]
fn address(number: u128, v4: bool) -> IpAddr {
    if v4 {
        IpAddr::V4(std::net::Ipv4Addr::from_bits(number as u32))
    } else {
        IpAddr::V6(std::net::Ipv6Addr::from_bits(number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Longest prefix match by looking at every prefix.
    fn naive(routes: &[(Prefix, RouteTarget)], wanted: IpAddr) -> Option<RouteTarget> {
        let number = Prefix {
            address: wanted,
            length: 128,
        }
        .bounds()
        .0;
        routes
            .iter()
            .filter(|(prefix, _)| {
                let (first, last) = prefix.bounds();
                prefix.address.is_ipv4() == wanted.is_ipv4() && first <= number && number <= last
            })
            .max_by_key(|(prefix, _)| prefix.length)
            .map(|(_, target)| *target)
    }

    /// Few distinct prefixes close to each other and at both ends.
    fn prefixes() -> impl Strategy<Value = Prefix> {
        (any::<bool>(), 0u32..64, any::<bool>(), 0u8..=128).prop_map(|(v4, near, top, length)| {
            let number = u128::from(near);
            let number = if top { u128::MAX - number } else { number };
            let length = if v4 { length.min(32) } else { length };
            Prefix {
                address: address(number, v4),
                length,
            }
        })
    }

    proptest! {
        #[test]
        fn ranges_answer_as_the_longest_prefix_does(
            routes in proptest::collection::vec((prefixes(), 1u32..4, 0u32..3), 0..24),
            probes in proptest::collection::vec((any::<bool>(), 0u32..80, any::<bool>()), 64),
        ) {
            let routes: Vec<_> = routes
                .into_iter()
                .map(|(prefix, peer_vni, counter)| (prefix, RouteTarget { peer_vni, counter }))
                .collect();
            let block = flatten(routes.iter().copied()).expect("few ranges");
            prop_assert!(block.is_sound());
            for (v4, near, top) in probes {
                let number = u128::from(near);
                let wanted = address(if top { u128::MAX - number } else { number }, v4);
                prop_assert_eq!(block.find(wanted), naive(&routes, wanted), "{}", wanted);
            }
        }
    }

    #[test]
    fn a_route_for_everything_is_one_range() {
        let target = RouteTarget {
            peer_vni: 7,
            counter: 1,
        };
        let all = Prefix {
            address: "::".parse().expect("address"),
            length: 0,
        };
        let block = flatten([(all, target)]).expect("one range");
        assert_eq!(block.ranges_v6().len(), 1);
        assert_eq!(
            block.find("ffff::ffff".parse().expect("address")),
            Some(target)
        );
    }
}
