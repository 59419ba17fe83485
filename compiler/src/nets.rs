//! What a member says of its addresses.

use std::net::IpAddr;

use ipnet::IpNet;

/// A member's addresses (as `/32` and `/128`), then its prefixes. The one address
/// that most members have takes no memory of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Nets {
    /// One address and no prefix.
    Address(IpNet),
    /// Anything else.
    Several {
        nets: Box<[IpNet]>,
        /// Number of those that are addresses.
        addresses: u16,
    },
}

impl Nets {
    pub(crate) fn new(addresses: &[IpAddr], prefixes: impl Iterator<Item = IpNet>) -> Self {
        let nets: Vec<IpNet> = (addresses.iter().copied().map(IpNet::from))
            .chain(prefixes)
            .collect();
        if let ([net], [_]) = (nets.as_slice(), addresses) {
            return Self::Address(*net);
        }
        Self::Several {
            nets: nets.into(),
            addresses: u16::try_from(addresses.len()).unwrap_or(u16::MAX),
        }
    }

    /// Addresses and prefixes.
    pub(crate) fn all(&self) -> &[IpNet] {
        match self {
            Self::Address(net) => std::slice::from_ref(net),
            Self::Several { nets, .. } => nets,
        }
    }

    pub(crate) fn addresses(&self) -> &[IpNet] {
        self.split().0
    }

    pub(crate) fn prefixes(&self) -> &[IpNet] {
        self.split().1
    }

    fn split(&self) -> (&[IpNet], &[IpNet]) {
        match self {
            Self::Address(net) => (std::slice::from_ref(net), &[]),
            Self::Several { nets, addresses } => nets.split_at(usize::from(*addresses)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_prefixes_are_told_apart() {
        let address: IpAddr = "10.0.0.2".parse().unwrap();
        let prefix: IpNet = "10.1.0.0/16".parse().unwrap();
        let host = IpNet::from(address);
        for (addresses, prefixes) in [
            (vec![address], vec![]),
            (vec![], vec![prefix]),
            (vec![address], vec![prefix]),
            (vec![], vec![]),
            (vec![address, address], vec![prefix, prefix]),
        ] {
            let nets = Nets::new(&addresses, prefixes.iter().copied());
            assert_eq!(nets.addresses(), vec![host; addresses.len()]);
            assert_eq!(nets.prefixes(), prefixes);
            assert_eq!(nets.all(), [nets.addresses(), nets.prefixes()].concat());
        }
    }
}
